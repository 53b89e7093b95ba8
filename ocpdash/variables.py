"""What each variable of the environment means, and the table of them in docs/operations.md (`make settings`)."""

from pathlib import Path

from ocpdash.environment import Variable

BEGIN, END = "<!-- settings -->", "<!-- end of settings -->"

# By name, in the order of settings.py. A test holds both against each other.
MEANINGS = {
    "OCPDASH_VAR": "the folder of the demo's data, and of what `collectstatic` collects",
    "OCPDASH_MODE": "`production`, `demo` or `test`; only the latter two may shorten the durations that guard safety",
    "SECRET_KEY": "signs sessions and password links: 50 characters or more",
    "ALLOWED_HOSTS": "the names that browsers use for ocpdash, separated by commas",
    "CSRF_TRUSTED_ORIGINS": "the same names with scheme, where a proxy ends TLS",
    "API_CALLS_A_MINUTE": "so many calls of the API a minute for each token, person or address; `0` counts nobody",
    "DATABASE_URL": "PostgreSQL as the application's role, `postgresql://user:password@host:5432/database`",
    "DATABASE_OWNER_URL": "PostgreSQL as the owner of the tables: for `migrate` alone",
    "REDIS_URL": "Redis: `redis://`, `rediss://` or `unix:///path?db=0`",
    "SESSION_IDLE_SECONDS": "a session without a click ends after it",
    "STATIC_ROOT": "the folder that `collectstatic` fills and web serves",
    "DISPLAY_TIME_ZONE": "the time zone of people who have chosen none",
    "STATE_DIR": "a folder of workers that outlives restarts: what they keep there shows that a database was restored",
    "METRICS_TOKEN": "Prometheus shows it at `/metrics` as bearer token, 32 characters at least; without it no metrics",
    "PULSE_FILE": "a worker or beat touches this file as it works, for health checks",
    "LOG_LEVEL": "`DEBUG`, `INFO`, `WARNING` or `ERROR`",
    "CREDENTIALS_KEYS": "keys that seal the credentials of endpoints, the newest first, separated by commas",
    "OCP_URL": "OCP's address; the endpoint is registered when a worker starts",
    "OCP_ENDPOINT_NAME": "what that OCP is called on pages",
    "OCP_USERNAME": "ocpdash's account there",
    "OCP_PASSWORD": "that account's password",
    "OCP_CA_FILE": "the certificate authority of that address, where the system does not know it",
    "OCP_ALLOW_HTTP": "`true` accepts plain http, which sends the password in clear",
    "OCP_ACCOUNT_IS_OURS": "`true`: nobody but ocpdash signs in with that account, so its tasks are ours",
    "SUBMIT_BUDGET_SECONDS": "from the last look at the approval to the POST; after that nothing is sent",
    "SECOND_PRE_READ_SECONDS": "the second read of OCP, between intent and POST",
    "POST_SECONDS": "how long the POST may wait for its answer",
    "UNCONFIRMED_AFTER_SECONDS": "silence after which a start is called unconfirmed",
    "START_TIMEOUT_SECONDS": "how long a start may wait to be carried out",
    "CANDIDATE_BEFORE_SECONDS": "how long before the intent a task in OCP may have begun to be looked at as ours",
    "QUIET_PERIOD_SECONDS": "how long after the intent a task in OCP may begin to be looked at as ours",
    "LATE_WATCH_SECONDS": "how long a task that begins later still is looked for",
    "UNREADABLE_SECONDS": "a run that could not be read for so long needs people",
    "ACTION_LAPSE_SECONDS": "how long a retry, skip or cancel may wait to be sent, then to be seen in OCP",
    "VERIFY_SECONDS": "how often a finished run's versions are looked at",
    "DISAGREE_AFTER_SECONDS": "when versions that disagree with the target are believed",
    "DISAGREE_SECONDS": "how often such a disagreement is looked at again",
    "IDLE_EXIT_SECONDS": "a worker or beat that is connected and idle for so long ends itself, to be started anew",
    "OCP_TOTAL_SECONDS": "how long one read of OCP may take",
    "FOLLOW_WATCHED_SECONDS": "how often OCP is asked while somebody looks at an open run",
    "FOLLOW_OPEN_SECONDS": "how often OCP is asked while a run is open",
    "DETAIL_WATCHED_SECONDS": "how often an open run's detail is read while somebody looks",
    "WATCH_SECONDS": "how long somebody counts as looking after the last request",
    "INVENTORY_SECONDS": "how often clusters and packages are read",
    "STALE_SECONDS": "facts older than this are shown as stale",
    "SILENT_SECONDS": "a part of ocpdash without a sign of life for so long is shown as silent",
    "STREAM_PULSE_SECONDS": "how often an open page hears how fresh it is",
    "STREAM_CHECK_SECONDS": "how often an open page's session is looked at again",
    "APPROVAL_QUORUM": "how many people must approve a change request",
    "REQUEST_EXPIRY_SECONDS": "a change request without a decision expires after it",
    "APPROVAL_VALIDITY_SECONDS": "an approval that is not used expires after it",
    "DECISION_EXPIRY_SECONDS": "a decision that nobody confirmed expires after it",
}
# Not read by the settings: uvicorn's own, and the ones of commands.
OTHERS = {
    "FORWARDED_ALLOW_IPS": ("127.0.0.1", "whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed (uvicorn)"),
    "OCPDASH_ADMIN_PASSWORD": ("", "the password that `createadmin` gives, where nobody is there to type it"),
}


def table(found: dict[str, Variable], folder: Path) -> str:
    """Markdown of the variables as production reads them. `folder`: the checkout, left out of defaults."""
    lines = ["| variable | unless set | what it is |", "|---|---|---|"]
    for name, meaning in MEANINGS.items():
        variable = found[name]
        default = variable.default if variable.default is None else variable.default.replace(f"{folder}/", "")
        ending = f"; a secret, also read from the file that `{name}_FILE` names" if variable.is_secret else ""
        lines.append(_row(name, default, meaning + ending))
    lines += [_row(name, default, meaning) for name, (default, meaning) in OTHERS.items()]
    return "\n".join(lines)


def with_table(page: str, rows: str) -> str:
    """The page with `rows` between its two marks."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{rows}\n{rest[rest.index(END) :]}"


def _row(name: str, default: str | None, meaning: str) -> str:
    unless_set = "**must be set**" if default is None else f"`{default}`" if default else ""
    is_duration = name.endswith("_SECONDS") and default
    return f"| `{name}` | {unless_set}{' s' if is_duration else ''} | {meaning} |"
