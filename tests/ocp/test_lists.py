"""Lists of OCP as the client reads them: page after page to their end, and one row by its name."""

from urllib.parse import parse_qsl

import pytest

from tests.ocp.conftest import answer, client_of, enveloped, within
from upgrades.ocp.calls import PAGE_SIZE
from upgrades.ocp.errors import BadAnswer, DeadlinePassed, NotFound

# What a row of any list must be called.
CALLED = {"name": "x", "fileName": "x.rpm"}


NAMED = [{"id": 1, "fileName": "a.rpm"}, {"id": 2, "fileName": "b.rpm"}, {"id": 3, "fileName": "b.rpm"}]


def test_package_that_the_search_misses_is_found_in_the_whole_list(hostile):
    server = hostile(answer(enveloped({"contents": []})), answer(enveloped({"contents": NAMED})))
    assert client_of(server.url).package("a.rpm").id == 1
    assert [b"keyword=" in request for request in server.requests] == [True, False]


@pytest.mark.parametrize(("name", "error"), [("b.rpm", BadAnswer), ("B.rpm", NotFound), ("rpm", NotFound)])
def test_package_is_the_one_of_that_very_name_or_none(hostile, name, error):
    with pytest.raises(error):
        client_of(hostile(answer(enveloped({"contents": NAMED}))).url).package(name)


def test_both_parts_of_a_search_have_one_deadline(hostile):
    server = hostile()

    def slow(connection, _request):
        server.is_over.wait(0.4)
        connection.sendall(answer(enveloped({"contents": []})))

    server.then(slow, server.silence)
    within(0.9, lambda: client_of(server.url, total_seconds=0.6).package("a.rpm"), DeadlinePassed)


def asked(request: bytes) -> dict[str, str]:
    """The parameters of a GET as they were sent."""
    return dict(parse_qsl(request.split(b" ")[1].partition(b"?")[2].decode(), keep_blank_values=True))


@pytest.mark.parametrize(
    ("call", "parameters"),
    [
        (lambda client: client.tasks(), {"page": "1", "size": "200", "sort": "id,desc"}),
        (
            lambda client: client.tasks(cluster_id=0, status=("RUNNING", "FAILED"), page=2, size=2000),
            {"page": "2", "size": "2000", "sort": "id,desc", "clusterId": "0", "status": "RUNNING,FAILED"},
        ),
        (lambda client: client.packages(), {"page": "1", "size": "200", "sort": "id,asc"}),
        (lambda client: client.servers(7), {"page": "1", "size": "200"}),
        (
            lambda client: client.alarms("a&b"),
            {"page": "1", "size": "200", "appType": "OB", "obCluster": "a&b", "status": "Active"},
        ),
        (
            lambda client: client.alarms("a", status=()),
            {"page": "1", "size": "200", "appType": "OB", "obCluster": "a"},
        ),
    ],
)
def test_nothing_is_asked_that_was_not_meant(hostile, call, parameters):
    server = hostile(answer(enveloped({"contents": []})))
    call(client_of(server.url))
    assert asked(server.requests[0]) == parameters


@pytest.mark.parametrize(("page", "size"), [(0, 10), (1, 0), (1, 2001)])
def test_task_list_refuses_a_page_that_ocp_does_not_have(hostile, page, size):
    with pytest.raises(ValueError, match="2000"):
        client_of(hostile().url).tasks(page=page, size=size)


@pytest.mark.parametrize("size", [1, 2000])
def test_task_list_takes_the_smallest_and_the_largest_page(hostile, size):
    server = hostile(answer(enveloped({"contents": []})))
    client_of(server.url).tasks(size=size)
    assert asked(server.requests[0])["size"] == str(size)


def pages_of(*contents: list[int], **about: int) -> list[bytes]:
    """Answers of a paged list of packages with these ids."""
    return [answer(enveloped({"contents": [{"id": i, **CALLED} for i in ids], "page": about})) for ids in contents]


@pytest.mark.parametrize("about", [{"totalPages": 3}, {"totalPage": 3}, {"totalElements": 5}, {"size": 2}])
def test_paged_list_is_read_to_its_end_by_whatever_it_says_of_it(hostile, about):
    server = hostile(*pages_of([1, 2], [3, 4], [5], **about))
    assert [package.id for package in client_of(server.url).packages()] == [1, 2, 3, 4, 5]
    assert [b"page=%d&" % number in request for number, request in enumerate(server.requests, 1)] == [True] * 3


def test_list_may_be_a_bare_array(hostile):
    server = hostile(answer(enveloped([{"id": 7, **CALLED}])))
    assert [package.id for package in client_of(server.url).packages()] == [7]


def test_bare_array_however_long_is_all_there_is(hostile):
    rows = [{"id": number, **CALLED} for number in range(PAGE_SIZE)]
    server = hostile(answer(enveloped(rows)), answer(enveloped([{"id": 9_999, **CALLED}])))
    assert len(client_of(server.url).packages()) == PAGE_SIZE
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answers",
    [
        pages_of([1, 2], [2, 3], totalPages=2),
        pages_of([1, 2], [], totalElements=3),
        pages_of([1], totalElements=2, totalPages=1),
        [*pages_of([1, 2], totalElements=4), *pages_of([3], totalElements=3)],
    ],
)
def test_list_that_moved_or_lacks_entries_is_a_bad_answer(hostile, answers):
    with pytest.raises(BadAnswer):
        client_of(hostile(*answers).url).packages()


def test_list_that_grew_while_it_was_read_is_complete(hostile):
    answers = [*pages_of([1, 2], totalElements=3), *pages_of([3, 4], totalElements=4)]
    assert len(client_of(hostile(*answers).url).packages()) == 4


def test_endless_list_ends(hostile):
    def another(connection, request):
        number = int(request.split(b"page=")[1].split(b"&")[0])
        connection.sendall(pages_of([number], totalPages=10**6)[0])

    server = hostile(another)
    with pytest.raises(BadAnswer, match="100 pages"):
        client_of(server.url, total_seconds=60.0).packages()
    assert len(server.requests) == 100


@pytest.mark.parametrize(
    ("about", "is_last"),
    [
        ({"totalElements": 3, "size": 2}, False),
        ({"totalElements": 2, "size": 2}, True),
        ({"size": 2}, False),
        ({}, True),
    ],
)
def test_task_page_knows_whether_it_is_the_last(hostile, about, is_last):
    page = client_of(hostile(*pages_of([2, 1], **about)).url).tasks(size=2)
    assert page.is_last is is_last
