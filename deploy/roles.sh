# Read once by the image's first start, on an empty volume: the owner of the tables, and the application, which owns
# nothing. The passwords are those of the two addresses that ocpdash itself is given.

password_of() {
	sed -nE '1s|^postgres(ql)?://[^:/@]+:([^:/@]+)@.*$|\2|p' "$1"
}

owner=$(password_of "$DATABASE_OWNER_URL_FILE")
application=$(password_of "$DATABASE_URL_FILE")
: "${owner:?database_owner_url must look like postgresql://ocpdash_owner:password@postgres:5432/ocpdash}"
: "${application:?database_url must look like postgresql://ocpdash:password@postgres:5432/ocpdash}"

psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --set owner="$owner" --set application="$application" <<'SQL'
CREATE ROLE ocpdash_owner LOGIN PASSWORD :'owner';
CREATE ROLE ocpdash LOGIN PASSWORD :'application';
CREATE DATABASE ocpdash OWNER ocpdash_owner;
SQL
