"""What the application's role may do in the database. Applied by `migrate`, after each migration, as the owner."""

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

# Written once and never changed: the application may add and read rows, nothing else.
AUDIT_TABLES = ("upgrades_auditevent", "upgrades_auditseal")
# What people said and handed in: the same, without the trigger that binds the owner too.
EVIDENCE_TABLES = ("upgrades_attachment", "upgrades_comment")
# Django's own record of what was migrated: read at start, written by the owner alone.
OWNER_TABLES = ("django_migrations",)


def apply_grants(connection: BaseDatabaseWrapper, role: str) -> None:
    """Gives `role` exactly the rights it needs, in one transaction, so that no request meets a gap.

    `connection` is the owner's. No right to TRUNCATE anywhere: row triggers would not see it.
    """
    name = connection.ops.quote_name(role)
    database = connection.ops.quote_name(connection.settings_dict["NAME"])
    statements = [
        f"GRANT CONNECT ON DATABASE {database} TO {name}",
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
    ]
    tables = set(connection.introspection.table_names())
    for table in tables.intersection(AUDIT_TABLES + EVIDENCE_TABLES):
        statements.append(f"REVOKE UPDATE, DELETE ON {connection.ops.quote_name(table)} FROM {name}")
    for table in tables.intersection(OWNER_TABLES):
        statements.append(f"REVOKE INSERT, UPDATE, DELETE ON {connection.ops.quote_name(table)} FROM {name}")
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
