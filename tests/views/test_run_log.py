"""The log pane: attempts apart, ranges, search, download; not read, empty, unreadable and cut are different words."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from tests.scenes import Cast
from tests.views.acting import client_of
from tests.views.run_rows import make_run, make_task, page_of
from upgrades.models import SubtaskLog, UpgradeRun
from upgrades.views.run_log_pane import LINES, MORE_LINES

pytestmark = pytest.mark.django_db

FIRST = "############{EXECUTE}{2021-08-25T15:09:32.697+08:00}############"
SECOND = "############{RETRY}{2021-08-25T15:19:32.697+08:00}############"


@pytest.fixture
def run(db: None) -> UpgradeRun:
    run = make_run(Cast())
    make_task(run)
    return run


@pytest.fixture
def client(run: UpgradeRun) -> Client:
    return client_of(run.change_request.requester)


def written(run: UpgradeRun, text: str, **over: object) -> str:
    """The address of the pane of a log with that text, to which more of a query may be added."""
    task = run.task_instances.get()
    values = {"text": text, "observed_at": timezone.now(), **over}
    SubtaskLog.objects.update_or_create(task_instance=task, subtask_ocp_id=101, defaults=values)
    return page_of(run, f"log/?node={task.ocp_id}/101")


def lines_of(page: str) -> list[str]:
    return [re.sub("<.*?>", "", line) for line in re.findall(r'<div class="l l--plain[^"]*">(.*?)</div>', page)]


def test_log_not_read_empty_unreadable_and_cut_are_different_words(client: Client, run: UpgradeRun) -> None:
    task = run.task_instances.get()
    assert "Not read yet" in client.get(page_of(run, f"log/?node={task.ocp_id}/101")).text
    assert "is empty" in client.get(written(run, "")).text
    assert "The beginning was cut" in client.get(written(run, "the end", is_cut=True)).text
    failure = {"code": "ocp.server_error", "params": {"http_status": 500}}
    page = client.get(written(run, "the end", failure=failure)).text
    assert "It could not be read: OCP failed on its own side (500)." in page
    assert lines_of(page) == ["the end"]
    assert "is empty" not in client.get(written(run, "", failure=failure)).text


def test_attempts_can_be_read_apart(client: Client, run: UpgradeRun) -> None:
    address = written(run, f"{FIRST}\none\n{SECOND}\ntwo\n")
    page = client.get(address).text
    assert lines_of(page) == [FIRST, "one", SECOND, "two"]
    assert "attempt 1 · EXECUTE" in page
    assert "attempt 2 · RETRY" in page
    assert lines_of(client.get(f"{address}&part=2").text) == [SECOND, "two"]
    assert lines_of(client.get(f"{address}&part=7").text) == [FIRST, "one", SECOND, "two"]


def test_attempts_are_not_counted_where_the_beginning_was_cut(client: Client, run: UpgradeRun) -> None:
    page = client.get(written(run, f"left\n{SECOND}\ntwo\n", is_cut=True)).text
    assert "attempt 2" not in page
    assert "beginning cut" in page


def test_long_log_shows_its_end_says_what_is_hidden_and_shows_more(client: Client, run: UpgradeRun) -> None:
    count = LINES + MORE_LINES + 7
    address = written(run, "\n".join(f"line {number:05d}" for number in range(count)))
    page = client.get(address).text
    assert len(lines_of(page)) == LINES
    assert lines_of(page)[-1] == f"line {count - 1:05d}"
    assert "1007 lines before this (11 kB) are not shown" in page
    more = re.search(r'data-more href="(.*?)#log"', page)
    assert more is not None
    page = client.get(page_of(run, "log/") + more.group(1).replace("&amp;", "&")).text
    assert len(lines_of(page)) == LINES + MORE_LINES
    assert "7 lines before this (77 B) are not shown" in page


def test_search_counts_and_marks_hits_and_tells_of_hidden_ones(client: Client, run: UpgradeRun) -> None:
    text = "\n".join(["Observer <b> hidden", *["x"] * LINES, "observer <b>, OBSERVER <B> and more"])
    page = client.get(f"{written(run, text)}&find=observer+<b>").text
    assert "2 hits, 1 more in lines not shown" in page
    marks = re.findall(r'<mark id="(hit-\d)">(.*?)</mark>', page)
    assert marks == [("hit-1", "observer &lt;b&gt;"), ("hit-2", "OBSERVER &lt;B&gt;")]
    assert lines_of(page)[-1] == "observer &lt;b&gt;, OBSERVER &lt;B&gt; and more"
    assert "0 hits" in client.get(f"{written(run, text)}&find=nothing").text
    assert client.get(f"{written(run, text)}&find=%00(*%5B").status_code == 200


def test_hostile_log_is_text_without_a_terminals_codes(client: Client, run: UpgradeRun) -> None:
    address = written(run, "\x1b[31mred\x1b[0m\x1b]0;t\x07 <script>alert(1)</script>\rover\u202e\n" + "y" * 9000)
    page = client.get(address).text
    assert lines_of(page)[:2] == ["red &lt;script&gt;alert(1)&lt;/script&gt;", "over\\u202e"]
    assert lines_of(page)[2] == "y" * 2000 + "…"


def test_kept_log_is_downloaded_whole_as_text(client: Client, run: UpgradeRun) -> None:
    written(run, "\x1b[31m<b>red</b>\x1b[0m\n" + "y" * 9000)
    answer = client.get(page_of(run, f"log/file/?node={run.ocp_task_id}/101"))
    assert answer.text == "<b>red</b>\n" + "y" * 9000 + "\n"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="CR-{run.pk}-{run.ocp_task_id}-101.log"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get(page_of(run, "log/file/?node=1/1")).status_code == 404
    assert client.get(page_of(run, "log/file/")).status_code == 404
