"""Which service proposes and confirms a decision of which kind: every door of ocpdash comes through here."""

from dataclasses import dataclass
from typing import Any

from upgrades.models import Decision, Endpoint, UpgradeRun, User
from upgrades.rules import Reason, workflow
from upgrades.services import address_changes, decisions, run_actions, step_decisions

KINDS = (*decisions.KINDS, *step_decisions.KINDS)
"""What may be proposed about a run."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a proposal would rest on now. `why_not`: why it cannot be made, None where it can."""

    kind: str
    evidence: dict[str, Any]
    why_not: Reason | None

    @property
    def evidence_hash(self) -> str:
        return decisions.evidence_hash(self.evidence)


def shown(run: UpgradeRun, kind: str, task_id: int | None, subtask_id: int | None) -> Shown:
    """What a decision of `kind` about `run`, or about one subtask of it, would rest on now."""
    if kind in workflow.STEP_DECISIONS:
        task, subtask = task_id or 0, subtask_id or 0
        evidence = step_decisions.evidence(run, kind, task, subtask)
        return Shown(kind, evidence, run_actions.why_not(run, kind, task, subtask))
    return Shown(kind, decisions.evidence(run, kind, task_id), decisions.why_not(run, kind))


def shown_of_address(endpoint: Endpoint) -> Shown:
    """What another address for `endpoint` would rest on now."""
    kind = str(workflow.DecisionKind.ADDRESS)
    return Shown(kind, address_changes.evidence(endpoint), address_changes.why_not(endpoint))


def propose(
    *,
    run: UpgradeRun,
    kind: str,
    purpose: str,
    evidence_hash: str,
    actor: User,
    task_id: int | None = None,
    subtask_id: int | None = None,
    cluster_name: str = "",
) -> Decision:
    """Propose a decision about `run` on the evidence whose hash was shown. Somebody else must confirm.

    `task_id`: OCP's task to adopt, or the one of the subtask to skip or cancel; for these two the name of the cluster
    is typed too. Raises Forbidden, TooLate or Invalid with the field.
    """
    given: dict[str, Any] = {"run": run, "kind": kind, "purpose": purpose, "evidence_hash": evidence_hash}
    if kind in workflow.STEP_DECISIONS:
        about: dict[str, Any] = {"task_id": task_id or 0, "subtask_id": subtask_id or 0, "cluster_name": cluster_name}
        return step_decisions.propose(actor=actor, **about, **given)
    return decisions.propose(actor=actor, ocp_task_id=task_id or None, **given)


def confirm(*, decision: Decision, evidence_hash: str, is_read: bool, actor: User, cluster_name: str = "") -> None:
    """Confirm what somebody else proposed, on the same evidence.

    What is about a run is carried out by a Celery worker, another address of an endpoint at once. Raises Forbidden,
    TooLate or Invalid.
    """
    given: dict[str, Any] = {"decision": decision, "evidence_hash": evidence_hash, "is_read": is_read, "actor": actor}
    if decision.kind in workflow.STEP_DECISIONS:
        step_decisions.confirm(cluster_name=cluster_name, **given)
    elif decision.endpoint_id is None:
        decisions.confirm(**given)
    else:
        address_changes.confirm(**given)
