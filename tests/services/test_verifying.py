"""ocpdash looks itself: verified at the first complete agreeing read, disagrees only when it stands."""

from datetime import timedelta

import pytest

from tests import scenes
from tests.followed import (
    TO_THE_END,
    advance,
    follow,
    fresh,
    in_thread,
    moves,
    posted,
    requests_of,
    verify,
    wait_until,
)
from tests.scenes import Cast, control
from upgrades.models import Cluster, ClusterHold, Server, UpgradeRun
from upgrades.services import endpoints, observing, runs, verifying

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    settings.VERIFY_SECONDS = 0
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


@pytest.fixture
def run(look_alike, cast):
    """A run that OCP calls successful."""
    return ended(look_alike, posted(cast))


def ended(look_alike, run):
    advance(look_alike, TO_THE_END)
    run = follow(run)
    assert run.status == "verifying"
    return run


def set_back(look_alike, run):
    """Let one server of the cluster report the old version; return its address."""
    server = Server.objects.filter(cluster__ocp_id=run.cluster_ocp_id).first()
    control(look_alike, "POST", f"/servers/{server.ip}/set", version="4.2.1.2", build="102000042023120514")
    return server


def mend(look_alike, server):
    control(look_alike, "POST", f"/servers/{server.ip}/set", version="4.2.1.8", build="108000022024072217")


def long_ago(run):
    """Let the end be longer ago than the time that OCP may lag."""
    UpgradeRun.objects.filter(pk=run.pk).update(ended_at=run.ended_at - timedelta(hours=1))
    return fresh(run)


def verdicts(run, verdict):
    return sorted({finding["code"] for finding in run.findings if finding["verdict"] == verdict})


def test_a_good_upgrade_is_verified_at_the_first_look_and_frees_its_hold(run):
    run = verify(run)
    assert (run.status, run.change_request.status, run.change_request.outcome) == ("verified", "done", "verified")
    assert not ClusterHold.objects.exists()
    assert verdicts(run, "disagrees") == verdicts(run, "unread") == []
    assert run.verified_at is not None
    assert moves(run)[-1] == "run.verify"


def test_verifying_mirrors_what_it_read(run):
    verify(run)
    cluster = Cluster.objects.get(ocp_id=run.cluster_ocp_id)
    assert (cluster.version, cluster.build) == ("4.2.1.8", "108000022024072217")
    assert set(cluster.servers.values_list("version", flat=True)) == {"4.2.1.8"}


def test_a_lying_success_ends_in_disagrees_and_then_verified_after_looking_again(look_alike, cast, run):
    server = set_back(look_alike, run)
    run = verify(long_ago(run))
    assert run.status == "verifying"
    run = verify(run)
    assert (run.status, run.status_reason["code"]) == ("disagrees", "verify.disagrees")
    assert ClusterHold.objects.filter(run=run).exists()
    mend(look_alike, server)
    runs.look_again(run=run, actor=cast.olga)
    run = verify(run)
    assert run.status == "verified"
    assert moves(run)[-4:] == ["run.end", "run.disagree", "run.look_again", "run.verify"]


def test_a_success_that_left_one_server_old_is_found_out(look_alike, cast, settings):
    settings.DISAGREE_AFTER_SECONDS = 0
    control(look_alike, "POST", "/lie", cluster_id=Cluster.objects.get(name=scenes.CLUSTER).ocp_id)
    run = verify(ended(look_alike, posted(cast)))
    assert (run.status, verdicts(run, "disagrees")) == ("verifying", ["verify.server_version"])
    assert verify(run).status == "disagrees"


def test_a_disagreement_soon_after_the_end_is_not_believed(look_alike, run):
    set_back(look_alike, run)
    verify(run)
    run = verify(run)
    assert (run.status, run.disagreement != "") == ("verifying", True)
    assert verdicts(run, "disagrees") == ["verify.server_version"]


def test_a_disagreement_that_changes_is_not_the_same(look_alike, run):
    first = set_back(look_alike, run)
    run = verify(long_ago(run))
    mend(look_alike, first)
    other = Server.objects.filter(cluster__ocp_id=run.cluster_ocp_id).last()
    control(look_alike, "POST", f"/servers/{other.ip}/set", version="4.2.1.2", build="102000042023120514")
    run = verify(run)
    assert run.status == "verifying"
    assert verify(run).status == "disagrees"


def test_a_cluster_that_is_not_running_is_waited_for(look_alike, run):
    control(look_alike, "POST", f"/clusters/{run.cluster_ocp_id}/set", status="OPERATING")
    verify(long_ago(run))
    run = verify(run)
    assert (run.status, verdicts(run, "disagrees")) == ("verifying", ["verify.cluster_status"])
    control(look_alike, "POST", f"/clusters/{run.cluster_ocp_id}/set", status="RUNNING")
    assert verify(run).status == "verified"


def test_servers_that_cannot_be_read_keep_it_verifying_and_are_named(look_alike, run):
    control(look_alike, "POST", "/faults", method="GET", path="/servers", action="status", status=500)
    verify(long_ago(run))
    run = verify(run)
    assert (run.status, verdicts(run, "unread")) == ("verifying", ["verify.servers_unread"])
    assert run.unreadable_reason["code"] == "ocp.server_error"
    control(look_alike, "DELETE", "/faults")
    run = verify(run)
    assert (run.status, run.unreadable_since) == ("verified", None)
    assert moves(run)[-3:] == ["run.unreadable", "run.readable", "run.verify"]


def test_parameters_that_are_forbidden_are_shown_as_unread_and_do_not_keep_it(look_alike, run):
    control(look_alike, "POST", "/faults", method="GET", path="/parameters", action="status", status=403)
    run = verify(run)
    assert run.status == "verified"
    assert verdicts(run, "unread") == ["verify.compatible_unread", "verify.min_observer_version_unread"]


@pytest.mark.parametrize("name", ["min_observer_version", "compatible"])
def test_a_parameter_that_stayed_behind_on_one_server_disagrees(look_alike, run, name):
    server = Server.objects.filter(cluster__ocp_id=run.cluster_ocp_id).first()
    control(look_alike, "POST", f"/servers/{server.ip}/set", parameters={name: "4.2.1.0"})
    run = verify(run)
    assert (run.status, verdicts(run, "disagrees")) == ("verifying", [f"verify.{name}"])


def test_ocps_silence_makes_a_verifying_run_unreadable_and_keeps_its_findings(look_alike, run):
    set_back(look_alike, run)
    findings = verify(run).findings
    control(look_alike, "POST", "/faults", method="GET", path="/clusters", action="drop")
    run = verify(run)
    assert (run.status, run.findings) == ("verifying", findings)
    assert run.unreadable_reason["code"] == "ocp.connection_lost"


def test_primary_and_standby_are_verified_together(look_alike, cast):
    run = ended(look_alike, posted(cast, cluster=scenes.PAIR, target=scenes.PAIR_TARGET))
    standby = Cluster.objects.get(name=f"{scenes.PAIR}_sb")
    server = standby.servers.first()
    control(look_alike, "POST", f"/servers/{server.ip}/set", version="2.2.74", build="20201225144958")
    run = verify(run)
    assert (run.status, verdicts(run, "disagrees")) == ("verifying", ["verify.server_version"])
    control(look_alike, "POST", f"/servers/{server.ip}/set", version="2.2.75", build="20210108170301")
    run = verify(run)
    assert run.status == "verified"
    assert verdicts(run, "shown") == ["verify.compatible_of_standby"]
    assert {finding["params"]["cluster"] for finding in run.findings} == {scenes.PAIR, f"{scenes.PAIR}_sb"}


def test_a_disagreeing_run_is_looked_at_again_after_its_longer_pause(look_alike, run, settings):
    set_back(look_alike, run)
    verify(long_ago(run))
    run = verify(run)
    assert run.status == "disagrees"
    assert verifying.due(run.endpoint) == []
    assert run.verify_due_at - run.status_at > timedelta(seconds=settings.DISAGREE_SECONDS - 5)


def test_findings_that_stay_the_same_make_no_new_version(look_alike, run):
    set_back(look_alike, run)
    version = verify(run).version
    run = verify(run)
    assert (run.version, run.status) == (version, "verifying")


def test_two_workers_with_the_same_row_read_ocp_once(look_alike, run):
    since = len(requests_of(look_alike))
    set_back(look_alike, run)
    first, second = fresh(run), fresh(run)
    verifying.verify(first)
    verifying.verify(second)
    lists = [row for row in requests_of(look_alike, since) if row["path"].startswith("/api/v2/ob/clusters?")]
    assert len(lists) == 1


def test_a_verifying_run_can_be_closed_and_is_not_verified_afterwards(run):
    stale = fresh(run)
    runs.move(run, "close")
    verifying.verify(stale)
    assert fresh(run).status == "closed"


def test_a_slower_older_look_that_agreed_verifies_nothing(look_alike, run):
    control(look_alike, "POST", "/faults", method="GET", path="/parameters", action="hold", count=1)
    slow = in_thread(verifying.verify, fresh(run))
    wait_until(lambda: control(look_alike, "GET", "/faults")[0]["holding"] == 1)
    set_back(look_alike, run)
    run = verify(run)
    assert verdicts(run, "disagrees") == ["verify.server_version"]
    control(look_alike, "DELETE", "/faults")
    slow.join(timeout=20)
    assert (fresh(run).status, fresh(run).version, fresh(run).findings) == ("verifying", run.version, run.findings)


def test_an_endpoint_whose_breaker_is_open_is_not_asked(look_alike, run):
    control(look_alike, "POST", "/faults", method="GET", path="/clusters", action="status", status=401)
    run = verify(run)
    assert run.unreadable_reason["code"] == "ocp.unauthorized"
    control(look_alike, "DELETE", "/faults")
    since = len(requests_of(look_alike))
    run = verify(run)
    assert (run.status, requests_of(look_alike, since)) == ("verifying", [])


def test_servers_that_can_be_read_do_not_hide_a_task_that_vanished(look_alike, run):
    """Otherwise such a run could never be closed: closing reads the task, or waits until it was unreadable long."""
    set_back(look_alike, run)
    control(look_alike, "DELETE", f"/tasks/{run.ocp_task_id}")
    assert not observing.refresh(fresh(run), endpoints.client(run.endpoint))
    assert verify(run).unreadable_reason["code"] == "unreadable.vanished"


def test_a_run_keeps_what_was_read_of_each_server_as_its_record(look_alike, run):
    server = set_back(look_alike, run)
    run = verify(run)
    (row,) = run.readings
    assert (row["cluster"], row["status"], row["servers_why"]) == (scenes.CLUSTER, "RUNNING", None)
    versions = {item["address"].partition(":")[0]: item["version"] for item in row["servers"]}
    assert versions.pop(server.ip) != "4.2.1.8"
    assert set(versions.values()) == {"4.2.1.8"}
    found = row["parameters"]["min_observer_version"]
    assert set(found["by_server"]) == {item["address"] for item in row["servers"]}


def test_what_cannot_be_read_keeps_the_reading_before_it_and_says_why(look_alike, run):
    set_back(look_alike, run)
    before = verify(run).readings[0]
    control(look_alike, "POST", "/faults", method="GET", path="/servers", action="status", status=500)
    after = verify(run).readings[0]
    assert after["servers"] == before["servers"]
    assert after["servers_at"] == before["servers_at"] < after["parameters_at"]
    assert after["servers_why"]["code"] == "ocp.server_error"
    control(look_alike, "DELETE", "/faults")
    assert verify(run).readings[0]["servers_why"] is None
