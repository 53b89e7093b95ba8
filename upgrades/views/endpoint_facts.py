"""What the pages of endpoints say of one: its state in a word, why it is not read, what waits for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from upgrades import reasons
from upgrades.forms.address_changes import AddressForm
from upgrades.models import Decision, Endpoint, User
from upgrades.rules import Reason
from upgrades.services import address_changes, trying
from upgrades.services.decisions import evidence_hash
from upgrades.services.moves import is_admin_of_all
from upgrades.views import reading

# data-status and word of a state: those of reading.trouble_of, and the two of an endpoint that is well.
_STATES = {
    "off": ("closed", gettext_lazy("Switched off")),
    "refused": ("unconfirmed", gettext_lazy("Sign-in refused")),
    "barred": ("blocked", gettext_lazy("Cannot be asked")),
    "quota": ("warning", gettext_lazy("Asked to wait")),
    "ocp": ("failed", gettext_lazy("Does not answer")),
    "worker": ("unconfirmed", gettext_lazy("Our worker is silent")),
    "new": ("pending", gettext_lazy("Not read yet")),
    "read": ("successful", gettext_lazy("Is read")),
}


@dataclass(frozen=True, slots=True)
class State:
    """How one endpoint stands. `reason`: what is wrong, None where nothing is; `next_at`: when it is asked again."""

    name: str
    reason: Reason | None
    next_at: datetime | None

    @property
    def status(self) -> str:
        return _STATES[self.name][0]

    @property
    def word(self) -> str:
        return str(_STATES[self.name][1])

    @property
    def is_trouble(self) -> bool:
        return self.name not in ("read", "new", "off")


def state_of(endpoint: Endpoint) -> State:
    """The state of `endpoint` now, from its row alone."""
    name, reason = reading.trouble_of(endpoint, endpoint.observed_at)
    due = [at for at in (endpoint.follow_due_at, endpoint.inventory_due_at) if at is not None]
    is_asked = name in ("", "ocp", "worker")
    return State(name or ("read" if endpoint.observed_at else "new"), reason, min(due) if due and is_asked else None)


@dataclass(frozen=True, slots=True)
class AddressPanel:
    """Another address for one endpoint, for one reader: the proposal that waits, or what a proposal would go by.

    `shown`: the evidence in names and values; `why_not`: why nothing can be proposed, "" where it can.
    """

    decision: Decision | None
    has_moved: bool
    is_admin: bool
    is_proposer: bool
    shown: list[tuple[str, str]]
    evidence_hash: str
    why_not: str
    form: AddressForm
    refusal: Reason | None


def address_panel(
    endpoint: Endpoint, user: User, *, form: AddressForm | None = None, refusal: Reason | None = None
) -> AddressPanel:
    """The panel of `endpoint` for `user`, with a refused form and its refusal where there was one."""
    decision = Decision.objects.visible_to(user).open().filter(endpoint=endpoint).select_related("proposer").first()
    evidence = decision.evidence if decision else address_changes.evidence(endpoint)
    why_not = None if is_admin_of_all(user) else Reason("endpoint.needs_admin")
    why_not = why_not or address_changes.why_not(endpoint)
    return AddressPanel(
        decision=decision,
        has_moved=decision is not None and address_changes.has_moved(decision, endpoint),
        is_admin=is_admin_of_all(user),
        is_proposer=decision is not None and decision.proposer_id == user.pk,
        shown=_evidence_facts(evidence),
        evidence_hash=decision.evidence_hash if decision else evidence_hash(evidence),
        why_not=reasons.sentence(why_not) if why_not else "",
        form=form or AddressForm(),
        refusal=refusal,
    )


def _evidence_facts(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    facts = [(_("Endpoint"), evidence["endpoint"]), (_("Address"), evidence["base_url"])]
    if "new_base_url" in evidence:
        facts += [(_("New address"), evidence["new_base_url"])]
        if evidence["new_is_http_allowed"]:
            facts += [(_("Plain http"), _("is allowed at the new address"))]
    return [
        *facts,
        (_("Account"), evidence["account_name"]),
        (_("Clusters"), str(evidence["clusters"])),
        (_("Requests under way"), ", ".join(evidence["requests"]) or _("none")),
        (_("Stored credentials"), _("are removed: an admin enters them for the new address")),
    ]


TESTED_WORDS = {
    "clock": gettext_lazy("Connection and clock"),
    "account": gettext_lazy("Account"),
    "clusters": gettext_lazy("List of clusters"),
    "servers": gettext_lazy("Zones, servers and parameters"),
    "packages": gettext_lazy("List of packages"),
    "tasks": gettext_lazy("Tasks"),
    "upgrade": gettext_lazy("Sending an upgrade"),
}
_OUTCOMES = {"passed": "successful", "warning": "warning", "failed": "failed", "not_tried": "pending"}


@dataclass(frozen=True, slots=True)
class Tested:
    """One line of a test: data-status, what was tried, what came of it."""

    status: str
    title: str
    reason: Reason


def tested(lines: list[trying.Line]) -> dict[str, Any]:
    """The lines of a test and its verdict, for the template."""
    shown = [Tested(_OUTCOMES[line.outcome], str(TESTED_WORDS[line.what]), line.reason) for line in lines]
    return {"lines": shown, "is_passed": trying.is_passed(lines), "at": timezone.now()}


def facts_of(endpoint: Endpoint) -> list[tuple[str, Any]]:
    """Names and values of what was entered, without secrets."""
    facts: list[tuple[str, Any]] = [
        (_("Address"), endpoint.base_url),
        (_("Account"), endpoint.account_name),
        (_("Signed in by"), endpoint.get_credentials_kind_display()),
        (_("Credentials"), _("stored, sealed") if endpoint.credentials else _("none stored")),
        (_("The account is ours alone"), _("yes") if endpoint.is_account_ours else _("no")),
    ]
    if endpoint.access_key:
        facts.insert(3, (_("Access key"), endpoint.access_key))
    return [*facts, (_("Certificate authority"), _authority(endpoint))]


def _authority(endpoint: Endpoint) -> str:
    if endpoint.is_plain:
        return _("none: plain http")
    if not endpoint.ca_pin:
        return _("the public ones")
    where = endpoint.ca_file or _("its text is stored")
    return _("%(where)s, sha256 %(pin)s") % {"where": where, "pin": endpoint.ca_pin[:16]}
