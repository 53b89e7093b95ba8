"""What the database says of itself, beside the file that a host keeps of it."""

from django.db import connection
from django.db.models import F, Q, QuerySet

from upgrades.models import AuditSeal, ChangeRequest, Epoch, Halt, RunAction, UpgradeRun, Vote
from upgrades.rules import halts, workflow
from upgrades.selectors.seals import head_of_chain, seal_hash

_MAY_ASK = """SELECT bool_and(has_function_privilege(name, 'EXECUTE'))
    FROM unnest(ARRAY['pg_control_system()', 'pg_walfile_name(pg_lsn)', 'pg_current_wal_insert_lsn()']) AS name"""
# A dump that is played back makes the table anew, a clone the database, a promotion or a restore to a point in time
# begins a timeline, another server has another system identifier.
_SERVER = """SELECT concat_ws('/', system_identifier,
    CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END,
    (SELECT oid FROM pg_database WHERE datname = current_database()), 'upgrades_auditevent'::regclass::oid)
    FROM pg_control_system()"""


def open_halts() -> list[Halt]:
    """The halts in force, the gravest first."""
    order = list(halts.Kind)
    return sorted(Halt.objects.open(), key=lambda halt: order.index(halts.Kind(halt.kind)))


def is_halted() -> bool:
    """Whether a halt is in force: then nothing may be sent to OCP."""
    return Halt.objects.open().exists()


def server() -> str:
    """Where the database lies: system identifier/timeline/database/table of events. "" where that may not be asked."""
    with connection.cursor() as cursor:
        cursor.execute(_MAY_ASK)
        if cursor.fetchone() != (True,):
            return ""
        cursor.execute(_SERVER)
        return str(cursor.fetchone()[0])


def shown_beside(kept: halts.Kept | None) -> halts.Shown:
    """What the database has of what the file names. kept: the file, None where there is none."""
    epochs = list(Epoch.objects.order_by("-id").values_list("key", "server"))
    if not epochs:
        return halts.Shown(server=server())
    head = kept.head if kept is not None else None
    return halts.Shown(
        epoch=epochs[0][0],
        ended=frozenset(key for key, _server in epochs[1:]),
        server=server(),
        began_on=epochs[0][1],
        kept_hash=seal_hash(head.seq) if head is not None and head.seq else None,
        last_seal=AuditSeal.objects.order_by("-seq").values_list("seq", flat=True).first() or 0,
        lost=_lost(kept.sent) if kept is not None else (),
        has_votes=kept is None and voted().exists(),
    )


def now_shown() -> halts.Kept | None:
    """What a file should say today; None before the first epoch."""
    key = Epoch.objects.order_by("-id").values_list("key", flat=True).first()
    return halts.Kept(key, head_of_chain()) if key is not None else None


def voted() -> QuerySet[ChangeRequest]:
    """Requests that live by votes already given: approved, starting, or in review with one of them."""
    _S = workflow.RequestStatus
    votes = Vote.objects.filter(revision=F("change_request__revision")).values("change_request_id")
    return ChangeRequest.objects.filter(Q(status__in=[_S.APPROVED, _S.STARTING]) | Q(status=_S.IN_REVIEW, pk__in=votes))


def _lost(sent: tuple[halts.Sent, ...]) -> tuple[halts.Sent, ...]:
    known = set(_tokens(UpgradeRun.objects.filter(pk__in=[one.pk for one in sent if one.what == "run"]), "run"))
    known |= set(_tokens(RunAction.objects.filter(pk__in=[one.pk for one in sent if one.what != "run"]), "run_action"))
    return tuple(one for one in sent if one not in known)


def _tokens(rows: "QuerySet[UpgradeRun] | QuerySet[RunAction]", what: str) -> list[halts.Sent]:
    return [halts.Sent(what, pk, token) for pk, token in rows.values_list("pk", "worker_token")]
