"""What ocpdash says of a cluster: its environment, its owner, its labels."""

from typing import Any

import pytest

from tests.factories import make_change_request, make_cluster, make_user
from upgrades.models import AuditEvent, Cluster
from upgrades.rules import workflow
from upgrades.services import clusters
from upgrades.services.moves import Forbidden, Invalid, TooLate

pytestmark = pytest.mark.django_db


def test_an_admin_sets_the_environment_and_the_audit_says_from_what_to_what() -> None:
    cluster, admin = make_cluster(), make_user("ada", "admin")
    clusters.set_environment(cluster=cluster, environment="dev", actor=admin)
    clusters.set_environment(cluster=cluster, environment="dev", actor=admin)
    event = AuditEvent.objects.get()
    assert cluster.environment == "dev"
    assert (event.actor, event.before, event.after) == (admin, {"environment": "production"}, {"environment": "dev"})


@pytest.mark.parametrize("roles", [["operator"], ["auditor"], [("admin", "dev")], [("admin", "production")], []])
def test_nobody_but_an_admin_of_both_environments_sets_it(roles: list[Any]) -> None:
    cluster = make_cluster()
    with pytest.raises(Forbidden):
        clusters.set_environment(cluster=cluster, environment="dev", actor=make_user("wang", *roles))
    event = AuditEvent.objects.get()
    assert (event.outcome, event.reason["code"]) == ("refused", "cluster.not_admin")
    assert Cluster.objects.get().environment == "production"


def test_an_environment_that_does_not_exist_is_invalid() -> None:
    with pytest.raises(Invalid):
        clusters.set_environment(cluster=make_cluster(), environment="moon", actor=make_user("ada", "admin"))


@pytest.mark.parametrize("status", sorted(workflow.REQUEST_TAKING_CLUSTER))
def test_the_environment_stays_while_a_change_request_has_the_cluster(status: str) -> None:
    cluster = make_cluster()
    make_change_request(cluster, status=status)
    with pytest.raises(TooLate):
        clusters.set_environment(cluster=cluster, environment="dev", actor=make_user("ada", "admin"))
    assert Cluster.objects.get().environment == "production"


@pytest.mark.parametrize("status", ["draft", "done", "rejected", "expired", "withdrawn"])
def test_drafts_and_ended_requests_do_not_hold_the_environment(status: str) -> None:
    cluster = make_cluster()
    make_change_request(cluster, status=status)
    clusters.set_environment(cluster=cluster, environment="dev", actor=make_user("ada", "admin"))
    assert Cluster.objects.get().environment == "dev"


def test_a_new_cluster_is_production_except_in_the_demo(settings: Any) -> None:
    assert clusters.guess_environment("wallet_dev") == "production"
    settings.MODE = "demo"
    guessed = {name: clusters.guess_environment(name) for name in ("wallet_dev", "report_ap", "trade_core")}
    assert guessed == {"wallet_dev": "dev", "report_ap": "staging", "trade_core": "production"}


# --- owner and labels ------------------------------------------------------------------------------------------


def test_an_operator_says_who_owns_a_cluster_and_the_audit_says_what_it_was_before() -> None:
    cluster, olga = make_cluster(owner="payments", labels=["tier-2"]), make_user("olga", "operator")
    clusters.describe(cluster=cluster, owner=" core banking ", labels=["tier-1", " pci", "tier-1", ""], actor=olga)
    clusters.describe(cluster=cluster, owner="core banking", labels=["pci", "tier-1"], actor=olga)
    event = AuditEvent.objects.get()
    assert (cluster.owner, cluster.labels) == ("core banking", ["pci", "tier-1"])
    assert event.environment == "production"
    assert event.before == {"owner": "payments", "labels": ["tier-2"]}
    assert event.after == {"owner": "core banking", "labels": ["pci", "tier-1"]}


@pytest.mark.parametrize("roles", [["viewer"], ["approver"], ["auditor"], ["admin"], [("operator", "dev")], []])
def test_nobody_but_an_operator_of_its_environment_describes_a_cluster(roles: list[Any]) -> None:
    with pytest.raises(Forbidden):
        clusters.describe(cluster=make_cluster(), owner="me", labels=[], actor=make_user("wang", *roles))
    event = AuditEvent.objects.get()
    assert (event.outcome, event.reason["code"]) == ("refused", "cluster.not_operator")
    assert Cluster.objects.get().owner == ""


@pytest.mark.parametrize(
    ("owner", "labels", "code"),
    [
        ("x" * 101, [], "cluster.owner_too_long"),
        ("evil\u202e", [], "cluster.word_unseen"),
        ("", [f"label{number}" for number in range(21)], "cluster.labels_too_many"),
        ("", ["x" * 41], "cluster.label_too_long"),
        ("", ["a\nb"], "cluster.word_unseen"),
    ],
)
def test_words_that_are_too_long_or_unseen_are_refused(owner: str, labels: list[str], code: str) -> None:
    cluster = make_cluster()
    with pytest.raises(Invalid) as refusal:
        clusters.describe(cluster=cluster, owner=owner, labels=labels, actor=make_user("olga", "operator"))
    assert refusal.value.reason.code == code
    assert not Cluster.objects.exclude(owner="", labels=[]).exists()


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten() -> None:
    cluster, olga = make_cluster(), make_user("olga", "operator")
    seen = clusters.described(cluster)
    clusters.describe(cluster=cluster, owner="first", labels=[], seen=seen, actor=olga)
    with pytest.raises(TooLate):
        clusters.describe(cluster=cluster, owner="second", labels=[], seen=seen, actor=olga)
    assert Cluster.objects.get().owner == "first"
