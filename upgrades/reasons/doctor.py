"""What the doctor says of each thing, and the remedy where it is not well."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

DOCTOR: Mapping[str, str | Promise] = {
    "doctor.not_looked_at": _("%(what)s could not be looked at: %(error)s."),
    "doctor.halted": _("Nothing is sent to OCP. %(why)s"),
    "doctor.not_halted": _("What is approved can be sent to OCP."),
    "doctor.state_compared": _("%(host)s compared its file with the database %(seconds)s s ago."),
    "doctor.state_old": _("%(host)s has not compared its file with the database for %(seconds)s s."),
    "doctor.state_never": _("No worker has compared a file of its own with the database within a day."),
    "doctor.postgres": _("PostgreSQL %(version)s; this database has %(megabytes)s MB."),
    "doctor.postgres_standby": _("This PostgreSQL is a standby and takes no writes."),
    "doctor.durable": _("What is committed is on disk: fsync, full_page_writes and synchronous_commit are on."),
    "doctor.not_durable": _("%(name)s is off: a start that was committed may be forgotten after a crash."),
    "doctor.role_owns_nothing": _("The application's role owns nothing and is no superuser."),
    "doctor.role_too_strong": _("The application's role owns %(count)s tables or is a superuser: nothing binds it."),
    "doctor.grants_fit": _("The application's rights on %(count)s tables are as migrate sets them."),
    "doctor.grants_too_wide": _("The application may change what is written once: %(tables)s."),
    "doctor.grants_missing": _("The application may not read or add to: %(tables)s."),
    "doctor.migrations_applied": _("The tables are those of this version."),
    "doctor.migrations_missing": _("Migrations that are not applied: %(count)s."),
    "doctor.migrations_newer": _("The database has migrations of a newer version: %(count)s."),
    "doctor.redis": _("Redis %(version)s."),
    "doctor.redis_keeps": _("Redis throws nothing away (%(policy)s)."),
    "doctor.redis_evicts": _("Redis throws keys away where memory is short (%(policy)s)."),
    "doctor.queue": _("Queue %(queue)s: %(count)s waiting."),
    "doctor.queue_long": _("Queue %(queue)s: %(count)s waiting, nobody takes them fast enough."),
    "doctor.parts_live": _("Ticks, following, inventory, beat and web give signs of life."),
    "doctor.part_silent": _("%(part)s is silent since %(at)s."),
    "doctor.part_never": _("%(part)s has never given a sign of life."),
    "doctor.worker_lives": _("Worker %(name)s took its canary %(seconds)s s ago."),
    "doctor.worker_silent": _("Worker %(name)s took no canary for %(seconds)s s."),
    "doctor.no_endpoint": _("No endpoint is in use."),
    "doctor.endpoint_read": _("%(name)s answered %(seconds)s s ago."),
    "doctor.endpoint_fails": _("%(name)s does not answer: %(count)s failures in a row, last good %(seconds)s s ago."),
    "doctor.endpoint_not_read": _("%(name)s was not read for %(seconds)s s, and nobody failed."),
    "doctor.endpoint_plain": _("%(name)s is reached over plain http."),
    "doctor.account_shared": _("%(name)s: nobody has said that the account %(account)s is ocpdash's alone."),
    "doctor.endpoint_clock": _("%(name)s: OCP's clock was %(seconds)s s from the database's at the last start."),
    "doctor.runs_well": _("No open run needs anybody; %(count)s are open."),
    "doctor.runs_unreadable": _("Cannot be read in OCP: %(numbers)s."),
    "doctor.runs_in_doubt": _("Unconfirmed past the quiet period: %(numbers)s."),
    "doctor.runs_alarmed": _("With an alarm, and clusters held: %(numbers)s."),
    "doctor.runs_disagree": _("Servers disagree with what OCP says: %(numbers)s."),
    "doctor.runs_failed": _("Failed in OCP: %(numbers)s."),
    "doctor.seals_checked": _("The audit trail was as it was sealed %(seconds)s s ago, to seal %(seq)s."),
    "doctor.seals_unchecked": _("The audit trail was not checked within a quarter of an hour."),
    "doctor.seals_broken": _("The audit trail is not as it was sealed: %(count)s places."),
    "doctor.settings_fit": _("Django finds nothing wrong with the settings."),
    "doctor.check_failed": _("%(id)s: %(text)s"),
    "doctor.mode": _("This runs in mode %(mode)s, not in production."),
    "doctor.no_metrics": _("METRICS_TOKEN is not set: nobody is woken by Prometheus."),
    "doctor.clock": _("This machine's clock is %(seconds)s s from the database's."),
    "doctor.clock_off": _("This machine's clock is %(seconds)s s from the database's: logs will mislead."),
    "doctor.disk": _("%(megabytes)s MB are free at %(path)s (%(percent)s %%)."),
    "doctor.disk_low": _("Only %(megabytes)s MB are free at %(path)s (%(percent)s %%)."),
    "doctor.chinese": _("The Chinese translation is compiled."),
    "doctor.chinese_missing": _("The Chinese translation is not compiled."),
    "doctor.static": _("Static files are collected in %(path)s."),
    "doctor.static_from_source": _("Static files are served from the source."),
    "doctor.static_missing": _("Static files are not collected in %(path)s."),
}

_AT_ENDPOINT = _("Open the endpoint's page: it says what is wrong, and its test says what to do.")
_AT_RUN = _("Open the run's page: its banners and “What is known” say what to do.")
_WORKERS = _("Look at the workers' logs, and start them: docker compose ps, systemctl status.")

REMEDIES: Mapping[str, str | Promise] = {
    "doctor.not_looked_at": _("Mend the connection first: address, network, password. The log has the details."),
    "doctor.halted": _("Open “What stops the sending”, compare with OCP, then lift it."),
    "doctor.state_old": _("Start that host's workers; where it was taken away for good, this line goes after a day."),
    "doctor.state_never": _("Start the workers, and give STATE_DIR a folder that outlives restarts."),
    "doctor.postgres": _("Upgrade PostgreSQL to 15 or newer."),
    "doctor.postgres_standby": _("Point DATABASE_URL at the primary."),
    "doctor.not_durable": _("Switch it on in postgresql.conf, for this database and this role too, and reload."),
    "doctor.role_too_strong": _(
        "Give the tables to the owner's role, run migrate as the owner, and serve as the other."
    ),
    "doctor.grants_too_wide": _("Run migrate as the owner: it sets the rights anew."),
    "doctor.grants_missing": _("Run migrate as the owner: it sets the rights anew."),
    "doctor.migrations_missing": _("Run migrate as the owner, then start all processes anew."),
    "doctor.migrations_newer": _("Start the newer version: this one may misread its rows."),
    "doctor.redis": _("Upgrade Redis to 6.2 or newer."),
    "doctor.redis_evicts": _("Set maxmemory-policy to noeviction."),
    "doctor.queue_long": _("See that a worker serves this queue, and that OCP does not hold all its threads."),
    "doctor.part_silent": _WORKERS,
    "doctor.part_never": _WORKERS,
    "doctor.worker_silent": _WORKERS,
    "doctor.no_endpoint": _("Add the OCP that ocpdash is to drive on the page Endpoints."),
    "doctor.endpoint_fails": _AT_ENDPOINT,
    "doctor.endpoint_not_read": _WORKERS,
    "doctor.endpoint_plain": _("Switch OCP to https and move the endpoint to the new address."),
    "doctor.account_shared": _("Give ocpdash an account of its own in OCP, and say so on the endpoint's page."),
    "doctor.endpoint_clock": _("Set both by NTP: tasks are looked for by OCP's clock."),
    "doctor.runs_unreadable": _AT_RUN,
    "doctor.runs_in_doubt": _AT_RUN,
    "doctor.runs_alarmed": _AT_RUN,
    "doctor.runs_disagree": _AT_RUN,
    "doctor.runs_failed": _AT_RUN,
    "doctor.seals_unchecked": _WORKERS,
    "doctor.seals_broken": _("Touch nothing, call the auditors, and run manage.py audit_verify."),
    "doctor.check_failed": _("Mend the setting that it names."),
    "doctor.mode": _("Leave OCPDASH_MODE unset where people rely on it."),
    "doctor.no_metrics": _("Set it, and let Prometheus read /metrics with deploy/ocpdash-alerts.yml."),
    "doctor.clock_off": _("Set both by NTP."),
    "doctor.disk_low": _("Make room: a full disk stops every start."),
    "doctor.chinese_missing": _("Run make messages, or install a release."),
    "doctor.static_missing": _("Run manage.py collectstatic."),
}


def remedy(code: str) -> str:
    """What to do about a line that is not well; an endpoint's own reasons lead to its page."""
    if code.startswith(("endpoint.", "ocp.")):
        return str(_AT_ENDPOINT)
    return str(REMEDIES.get(code, ""))
