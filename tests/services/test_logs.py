"""Log tails: of what somebody looks at, and of nothing else; unreadable is not empty."""

import time

import pytest

from tests import scenes
from tests.followed import TO_THE_END, advance, child_of, follow, posted, requests_of, to_failure
from tests.scenes import Cast, control
from upgrades import live
from upgrades.models import Subtask, SubtaskLog
from upgrades.services import logs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("redis")]


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


@pytest.fixture
def run(cast):
    return follow(posted(cast))


def subtask_of(run, name):
    return Subtask.objects.get(task_instance__run=run, name=name, task_instance__kind="parent")


def select(run, subtask):
    live.watch(run.pk, f"{subtask.task_instance.ocp_id}/{subtask.ocp_id}", now=time.time())


def log_requests(look_alike, since=0):
    return [row["path"] for row in requests_of(look_alike, since) if row["path"].endswith("/log")]


def test_nobody_looking_reads_no_log(look_alike, run):
    advance(look_alike, 2)
    follow(run)
    assert log_requests(look_alike) == []
    assert not SubtaskLog.objects.exists()


def test_a_watched_run_shows_the_log_of_the_subtask_at_work(run):
    live.watch(run.pk, "", now=time.time())
    follow(run)
    log = SubtaskLog.objects.get()
    assert log.subtask_ocp_id == subtask_of(run, "Start node").ocp_id
    assert log.text
    assert log.failure is None


def test_a_failed_subtask_of_the_child_comes_before_its_parents(look_alike, run):
    run = to_failure(look_alike, run)
    live.watch(run.pk, "", now=time.time())
    follow(run)
    assert SubtaskLog.objects.get().task_instance == child_of(run)


def test_the_selected_subtask_is_read_once_after_it_has_ended(look_alike, run):
    advance(look_alike, 3)
    run = follow(run)
    select(run, subtask_of(run, "Start node"))
    since = len(requests_of(look_alike))
    follow(run)
    follow(run)
    assert len(log_requests(look_alike, since)) == 1


def test_a_retried_subtask_is_read_again(look_alike, run, settings):
    settings.DETAIL_WATCHED_SECONDS = 0
    run = to_failure(look_alike, run)
    failed = child_of(run).subtasks.get(status="FAILED")
    select(run, failed)
    follow(run)
    before = SubtaskLog.objects.get().text
    control(look_alike, "POST", f"/tasks/{child_of(run).ocp_id}/retry")
    advance(look_alike, TO_THE_END)
    follow(run)
    assert len(SubtaskLog.objects.get().text) > len(before)


@pytest.mark.parametrize("text", ["", "x", "1/2", "1/", "/1", "../1", "1/1/1", "9" * 30 + "/1", "²/1"])
def test_a_selection_that_is_no_subtask_of_the_run_reads_nothing_of_it(look_alike, run, text):
    live.watch(run.pk, text, now=time.time())
    follow(run)
    default = subtask_of(run, "Start node")
    expected = f"/instances/{run.ocp_task_id}/subtasks/{default.ocp_id}/log"
    assert all(path.endswith(expected) for path in log_requests(look_alike))


def test_a_subtask_of_another_run_is_not_read_through_this_one(look_alike, cast, run):
    other = follow(posted(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET))
    foreign = subtask_of(other, "Start node")
    live.watch(run.pk, f"{other.ocp_task_id}/{foreign.ocp_id}", now=time.time())
    follow(run)
    assert not SubtaskLog.objects.filter(task_instance__run=other).exists()


def test_an_unreadable_log_keeps_the_text_it_had_and_says_why(look_alike, run):
    live.watch(run.pk, "", now=time.time())
    follow(run)
    before = SubtaskLog.objects.get()
    control(look_alike, "POST", "/faults", method="GET", path="/log$", action="status", status=403)
    follow(run)
    log = SubtaskLog.objects.get()
    assert (log.text, log.observed_at, log.failure["code"]) == (before.text, before.observed_at, "ocp.forbidden")
    control(look_alike, "DELETE", "/faults")
    follow(run)
    assert SubtaskLog.objects.get().failure is None


def test_an_empty_log_is_not_an_unreadable_one(look_alike, run):
    subtask = subtask_of(run, "Start node")
    path = f"/tasks/{run.ocp_task_id}/subtasks/{subtask.ocp_id}/set"
    control(look_alike, "POST", path, log_override=" ")
    select(run, subtask)
    follow(run)
    assert (SubtaskLog.objects.get().text.strip(), SubtaskLog.objects.get().failure) == ("", None)


def test_a_long_log_keeps_its_tail_alone(look_alike, run):
    subtask = subtask_of(run, "Start node")
    path = f"/tasks/{run.ocp_task_id}/subtasks/{subtask.ocp_id}/set"
    control(look_alike, "POST", path, log_override="升级" * 60_000 + "the end")
    select(run, subtask)
    follow(run)
    log = SubtaskLog.objects.get()
    assert log.is_cut
    assert log.text.endswith("the end")
    assert logs.TAIL_BYTES - 3 < len(log.text.encode()) <= logs.TAIL_BYTES


def test_a_new_text_is_told_to_open_pages(look_alike, run, redis):
    with redis.pubsub() as ear:
        ear.subscribe(live.channel(run.pk))
        assert ear.get_message(timeout=5)["type"] == "subscribe"
        live.watch(run.pk, "", now=time.time())
        follow(run)
        assert ear.get_message(timeout=5)["type"] == "message"
