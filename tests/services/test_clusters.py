"""What ocpdash says of a cluster: its environment."""

from typing import Any

import pytest

from tests.factories import make_cluster, make_user
from upgrades.models import AuditEvent, ChangeRequest, Cluster
from upgrades.rules import workflow
from upgrades.services import clusters
from upgrades.services.moves import Forbidden, Invalid, TooLate

pytestmark = pytest.mark.django_db


def request_for(cluster: Cluster, status: str) -> ChangeRequest:
    return ChangeRequest.objects.create(
        endpoint=cluster.endpoint,
        cluster=cluster,
        target_file_name="oceanbase.rpm",
        purpose="test",
        requester=make_user(),
        status=status,
        plan={},
        fingerprint="f" * 64,
    )


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
    request_for(cluster, status)
    with pytest.raises(TooLate):
        clusters.set_environment(cluster=cluster, environment="dev", actor=make_user("ada", "admin"))
    assert Cluster.objects.get().environment == "production"


@pytest.mark.parametrize("status", ["draft", "done", "rejected", "expired", "withdrawn"])
def test_drafts_and_ended_requests_do_not_hold_the_environment(status: str) -> None:
    cluster = make_cluster()
    request_for(cluster, status)
    clusters.set_environment(cluster=cluster, environment="dev", actor=make_user("ada", "admin"))
    assert Cluster.objects.get().environment == "dev"


def test_a_new_cluster_is_production_except_in_the_demo(settings: Any) -> None:
    assert clusters.guess_environment("wallet_dev") == "production"
    settings.MODE = "demo"
    guessed = {name: clusters.guess_environment(name) for name in ("wallet_dev", "report_ap", "trade_core")}
    assert guessed == {"wallet_dev": "dev", "report_ap": "staging", "trade_core": "production"}
