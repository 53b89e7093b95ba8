"""Path files: kept, in force, out of force, and what follows for requests that wait."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint, make_package
from tests.scenes import Cast
from tests.views.acting import in_review, mirror, refused
from upgrades import selectors
from upgrades.models import AuditEvent, PathFile, User
from upgrades.rules.stops import known_graph
from upgrades.services import path_files, staleness
from upgrades.services.moves import Forbidden, Invalid, TooLate

pytestmark = pytest.mark.django_db

# By the published graph 4.2.1.1 goes to 4.2.1.8 by one hop; here 4.2.1.5 lies between, and is a barrier.
BARRIER = """\
- version: 4.2.1.1
  can_be_upgraded_to: [4.2.1.5]
- version: 4.2.1.5
  can_be_upgraded_to: [4.2.1.8]
  require_from_binary: True
"""
SAME = "- version: 4.2.1.1\n  can_be_upgraded_to: [4.2.1.2]\n"


@pytest.fixture
def cast():
    return Cast()


def kept(endpoint, cast, text=BARRIER):
    return path_files.upload(endpoint=endpoint, text=text, actor=cast.ada)


def test_a_file_is_kept_first_and_comes_into_force_by_an_act_of_its_own(cast):
    endpoint, other = make_endpoint(), make_endpoint()
    row = kept(endpoint, cast)
    assert selectors.path_graph(endpoint.pk) is known_graph()
    path_files.activate(path_file=row, in_force=None, actor=cast.ada)
    graphs = selectors.path_graphs([endpoint.pk, other.pk])
    assert set(graphs[endpoint.pk].stops) == {"4.2.1.1", "4.2.1.5", "4.2.1.8"}
    assert graphs[other.pk] is known_graph()
    path_files.remove(path_file=row, actor=cast.ada)
    assert selectors.path_graph(endpoint.pk) is known_graph()
    assert PathFile.objects.count() == 1
    acts = AuditEvent.objects.filter(subject_type="pathfile").order_by("pk").values_list("action", flat=True)
    assert list(acts) == ["path_file.upload", "path_file.activate", "path_file.remove"]


def test_an_older_file_comes_into_force_again_and_only_one_holds(cast):
    endpoint = make_endpoint()
    first, second = kept(endpoint, cast), kept(endpoint, cast, SAME)
    path_files.activate(path_file=first, in_force=None, actor=cast.ada)
    path_files.activate(path_file=second, in_force=first.pk, actor=cast.ada)
    path_files.activate(path_file=first, in_force=second.pk, actor=cast.ada)
    assert PathFile.objects.get(is_active=True) == first


def test_an_admin_who_saw_another_file_in_force_is_too_late(cast):
    endpoint = make_endpoint()
    first, second = kept(endpoint, cast), kept(endpoint, cast, SAME)
    path_files.activate(path_file=first, in_force=None, actor=cast.ada)
    for late in ({"path_file": second, "in_force": None}, {"path_file": first, "in_force": first.pk}):
        with pytest.raises(TooLate):
            path_files.activate(**late, actor=cast.ada)
    with pytest.raises(TooLate):
        path_files.remove(path_file=second, actor=cast.ada)
    assert PathFile.objects.get(is_active=True) == first


def test_a_file_that_cannot_be_read_or_is_there_already_is_not_kept(cast):
    endpoint = make_endpoint()
    with pytest.raises(Invalid) as wrong:
        kept(endpoint, cast, "- version: latest\n")
    assert wrong.value.reason.params["line"] == 1
    row = kept(endpoint, cast)
    with pytest.raises(Invalid) as again:
        kept(endpoint, cast, BARRIER.replace("\n", "\r\n"))
    assert again.value.reason.code == "path_file.there_already"
    assert list(PathFile.objects.all()) == [row]
    assert kept(make_endpoint(), cast).pk != row.pk


def test_only_admins_of_all_environments_change_path_files(cast):
    endpoint = make_endpoint()
    row = kept(endpoint, cast)
    for person in (cast.olga, cast.amir, cast.uma):
        with pytest.raises(Forbidden):
            path_files.upload(endpoint=endpoint, text=SAME, actor=person)
        with pytest.raises(Forbidden):
            path_files.activate(path_file=row, in_force=None, actor=person)
        with pytest.raises(Forbidden):
            path_files.remove(path_file=row, actor=person)
    assert refused("path_file.activate", cast.olga) == 1
    assert not PathFile.objects.filter(is_active=True).exists()


def test_requests_turn_stale_where_their_hops_differ_and_the_page_says_so_before(cast):
    cluster = mirror()
    make_package(cluster.endpoint, version="4.2.1.5", build="105000022024072217")
    change_request = in_review(cast, cluster)
    row = kept(cluster.endpoint, cast)
    graph = selectors.graph_of_sha256(row.sha256)
    (effect,) = path_files.effects(cluster.endpoint, graph, cast.ada)
    assert (effect.is_stale, effect.reason) == (True, None)
    assert effect.before[-1:] == ("4.2.1.8",)
    assert effect.after == ("4.2.1.5", "4.2.1.8")
    staleness.check_all(cluster.endpoint_id)
    path_files.activate(path_file=row, in_force=None, actor=cast.ada)
    staleness.check_all(cluster.endpoint_id)
    change_request.refresh_from_db()
    assert change_request.status == "stale"


def test_a_graph_that_leaves_the_hops_as_they_are_leaves_the_request_alone(cast):
    cluster = mirror()
    change_request = in_review(cast, cluster)
    row = kept(cluster.endpoint, cast, SAME + "- version: 4.2.1.2\n")
    (effect,) = path_files.effects(cluster.endpoint, selectors.graph_of_sha256(row.sha256), cast.ada)
    assert (effect.is_stale, effect.reason) == (False, None)
    path_files.activate(path_file=row, in_force=None, actor=cast.ada)
    staleness.check_all(cluster.endpoint_id)
    change_request.refresh_from_db()
    assert change_request.status == "in_review"


def test_a_graph_that_lacks_a_package_says_what_would_be_missing(cast):
    cluster = mirror()
    in_review(cast, cluster)
    row = kept(cluster.endpoint, cast)
    (effect,) = path_files.effects(cluster.endpoint, selectors.graph_of_sha256(row.sha256), cast.ada)
    assert effect.reason.code == "path.package_missing"
    assert path_files.effects(cluster.endpoint, known_graph(), cast.ada)[0].reason is None


def test_what_a_file_means_costs_the_same_for_1_and_for_4_requests(cast):
    endpoint, counts = mirror().endpoint, []
    for several in (1, 3):
        for number in range(several):
            in_review(cast, make_cluster(endpoint, name=f"town_{several}_{number}"))
        with CaptureQueriesContext(connection) as captured:
            found = path_files.effects(endpoint, known_graph(), User.objects.get(pk=cast.ada.pk))
        counts.append(len(captured))
    assert len(found) == 4
    assert counts[0] == counts[1]


def test_a_request_whose_package_is_gone_says_so(cast):
    cluster = mirror()
    in_review(cast, cluster)
    cluster.endpoint.packages.update(missing_since=timezone.now())
    (effect,) = path_files.effects(cluster.endpoint, known_graph(), cast.ada)
    assert effect.reason.code == "package.unknown"


def test_a_file_is_read_once_in_a_process_and_graphs_cost_one_query(cast):
    endpoints = [make_endpoint() for _number in range(5)]
    for endpoint in endpoints:
        path_files.activate(path_file=kept(endpoint, cast), in_force=None, actor=cast.ada)
    ids = [endpoint.pk for endpoint in endpoints]
    graphs = selectors.path_graphs(ids)
    assert len({id(graph) for graph in graphs.values()}) == 1
    with CaptureQueriesContext(connection) as queries:
        selectors.path_graphs(ids)
    assert len(queries) == 1
