"""Jobs of the database and the mirror that die: what was decided before a restore is voided, and OCP is read anew."""

from collections.abc import Callable

from django.db.models.functions import Now

from tests import scenes
from tests.faults.crash_stage import ANY_READ, PLAIN, TROUBLES, Job, Stage, Work
from tests.scenes import control
from tests.services.acting import ask, child_step
from upgrades import tasks
from upgrades.models import ChangeRequest, Cluster, Endpoint, Halt, Package, Server
from upgrades.rules import halts as rules
from upgrades.services import decisions, halts, state_file, voiding

_BUILD = {"version": "4.2.1.8", "build": "108000022024072217"}


def _voided(stage: Stage) -> Work:
    """Restored: the file knows of a start that no row tells of. Votes, a retry and a proposal are of before."""
    run = stage.failed()
    shown = decisions.evidence_hash(decisions.evidence(run, "close"))
    decisions.propose(run=run, kind="close", purpose="We looked.", evidence_hash=shown, actor=stage.cast.olga)
    ask(run, child_step(run), stage.cast.olga)
    scenes.approved(stage.cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    assert halts.look() is None
    kept = state_file.read()
    assert kept is not None
    state_file.keep(rules.Kept(kept.epoch, sent=(rules.Sent("run", 999, "lost"),)))
    return halts.look


def _not_void() -> list[object]:
    """What still stands of before."""
    halt = Halt.objects.get()
    return [*([halt] if halt.settled_at is None else []), *([halt.began_at] if voiding.is_left(halt.began_at) else [])]


def _listed(stage: Stage) -> Work:
    """The package of an approved request was replaced in OCP, and nobody has read it yet."""
    scenes.approved(stage.cast)
    former = Package.objects.get(file_name=scenes.TARGET).sha1
    control(stage.ocp, "POST", f"/packages/{scenes.TARGET}/replace")  # type: ignore[arg-type]
    assert Package.objects.get(file_name=scenes.TARGET).sha1 == former
    return lambda: _due(stage, "inventory", tasks.sync_inventory)


def _looked_at(stage: Stage) -> Work:
    """A server under an approved request has another build, and somebody looks at the cluster."""
    scenes.approved(stage.cast)
    server = Server.objects.filter(cluster__name=scenes.CLUSTER).order_by("ip").first()
    assert server is not None
    assert _not_read()
    control(stage.ocp, "POST", f"/servers/{server.ip}/set", **_BUILD)  # type: ignore[arg-type]
    Cluster.objects.update(topology_tried_at=Now(), topology_wanted_at=None)

    def work() -> None:
        Cluster.objects.filter(name=scenes.CLUSTER).update(topology_wanted_at=Now())
        _due(stage, "topology", tasks.sync_topology)

    return work


def _due(stage: Stage, kind: str, sync: Callable[[int], None]) -> None:
    """Its time has come, and the claim of whoever died is over."""
    ChangeRequest.objects.update(plan_checked_at=None)
    Endpoint.objects.filter(pk=stage.endpoint.pk).update(**{f"{kind}_due_at": None, f"{kind}_claimed_until": None})
    sync(stage.endpoint.pk)


def _not_stale() -> list[object]:
    """Approvals of what OCP shows no longer so."""
    return list(ChangeRequest.objects.exclude(status="stale"))


def _not_read() -> list[object]:
    """What nobody has noticed of the server's build."""
    return [] if Server.objects.filter(build=_BUILD["build"]).exists() else ["the former build"]


MIRRORS: dict[str, Job] = {
    "void after a restore": Job(_voided, PLAIN, left=_not_void),
    "read the lists": Job(_listed, TROUBLES, ANY_READ, left=_not_stale),
    "read a topology": Job(_looked_at, TROUBLES, ANY_READ, left=_not_read),
}
