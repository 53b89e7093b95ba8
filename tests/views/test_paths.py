"""The pages of upgrade paths: the graph, the explorer, the form that loses nothing, what a file would change."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.factories import make_cluster, make_endpoint, make_package
from tests.scenes import Cast
from tests.services.test_path_files import BARRIER, SAME
from tests.views.acting import client_of, in_review, mirror, queries
from tests.views.pages import text_of
from upgrades.models import AuditEvent, PathFile
from upgrades.services import path_files

pytestmark = pytest.mark.django_db

LIST = "/upgrade-paths/"


@pytest.fixture
def cast():
    return Cast()


def new(endpoint):
    return f"{LIST}new/?endpoint={endpoint.pk}"


def kept(endpoint, cast, text=BARRIER):
    return path_files.upload(endpoint=endpoint, text=text, actor=cast.ada)


def test_the_published_graph_is_shown_where_no_file_is_in_force(cast):
    make_endpoint(name="shanghai")
    text = text_of(client_of(cast.olga), LIST)
    assert "At shanghai the published graph holds" in text
    assert "4.1.0.0-100000192023032010" in text
    assert "deprecated: no target" in text
    assert "when coming from 4.0.0.0, 4.1.0.0-100000192023032010" in text
    assert "paths-create" not in text
    assert "/upgrade-paths/new/" not in text
    assert "/upgrade-paths/new/" in text_of(client_of(cast.ada), LIST)


def test_without_an_endpoint_the_page_says_so(cast):
    assert "No OCP is connected" in text_of(client_of(cast.olga), LIST)


def test_an_edge_through_a_wall_is_struck(cast):
    endpoint = make_endpoint()
    row = kept(endpoint, cast, "- version: 4.2.1.2\n  can_be_upgraded_to: [4.3.0.0, 4.2.1.0]\n")
    path_files.activate(path_file=row, in_force=None, actor=cast.ada)
    text = text_of(client_of(cast.olga), LIST)
    assert re.search(r"<s[^>]*>4\.3\.0\.0</s>\s*<[^>]*>.*?forbidden in place", text, re.DOTALL)
    assert "not upward" in text


def explored(cast, **asked):
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    text = text_of(client_of(cast.olga), f"{LIST}?{query}")
    return re.sub(r"\s+", " ", text.partition('id="explorer"')[2].partition('id="graph"')[0])


def test_the_explorer_shows_steps_hops_and_what_is_missing_for_each_architecture(cast):
    endpoint = make_endpoint()
    for architecture in ("x86_64", "aarch64"):
        make_package(endpoint, version="4.2.1.2", build="9", architecture=architecture)
    make_package(endpoint, version="4.2.1.1", build="5")
    text = explored(cast, source="4.2.0.0-200010022023081817", target="4.2.1.2")
    assert "4.2.1.0" in text
    assert "1 package is missing" in text
    assert "every package is there" in text
    assert "4.2.1.1: the package is missing" in text
    assert "oceanbase-ce-4.2.1.1-5.el7.x86_64.rpm" in text
    only = explored(cast, source="4.2.0.0-200010022023081817", target="4.2.1.2", architecture="x86_64")
    assert "missing" not in only
    assert 'value="x86_64" selected' in only


@pytest.mark.parametrize(
    ("source", "target", "words", "source_name"),
    [
        ("4.2.1.2", "4.3.0.0", "Nobody can override this", "OceanBase manual V4.3"),
        ("4.2.1.2", "4.2.1.1", "is older than", "Upgrade the cluster version"),
        ("4.1.0.0", "4.1.0.2", "the build of 4.1.0.0 is not known", "oceanbase_upgrade_dep.yml"),
        ("4.1.0.2-1", "4.2.0.0-100000152023080109", "is deprecated", "oceanbase_upgrade_dep.yml"),
        ("2.2.78", "3.1.2", "No upgrade path is known", "OBE11063"),
        ("<b>", "4.2", "is not a version", "software packages"),
    ],
)
def test_the_explorer_says_why_not_and_whose_rule_it_is(cast, source, target, words, source_name):
    make_endpoint()
    text = explored(cast, source=source, target=target)
    assert words in text
    assert source_name in text
    assert "<b> is" not in text
    assert "9999" not in text


def test_the_explorer_needs_no_package_of_the_target(cast):
    make_endpoint()
    text = explored(cast, source="4.2.1.1", target="4.2.1.2")
    assert "This OCP holds no package" in text
    assert "9999" not in text


def test_a_wrong_file_is_shown_at_its_line_and_nothing_typed_is_lost(cast):
    endpoint, client = make_endpoint(), client_of(cast.ada)
    wrong = "- version: 4.2.1.1\n- version: <b>latest</b>\n"
    file = SimpleUploadedFile("oceanbase_upgrade_dep.yml", wrong.encode())
    for sent in ({"text": wrong}, {"file": file}):
        answer = client.post(new(endpoint), sent)
        text = answer.content.decode()
        assert answer.status_code == 400
        assert "Line 2, column 12: expected a version" in text
        assert "<b>- version: &lt;b&gt;latest" in text
        field = re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)
        assert field is not None
        assert "- version: &lt;b&gt;latest&lt;/b&gt;" in field[1]
        assert 'aria-describedby="id_text_error"' in text
    assert not PathFile.objects.exists()


def test_no_file_a_huge_file_and_no_text_file_are_refused(cast):
    endpoint, client = make_endpoint(), client_of(cast.ada)
    for content, words in ((b"#" * 140_000, "too large"), (b"\xff\xfe\x00", "not text in UTF-8")):
        answer = client.post(new(endpoint), {"file": SimpleUploadedFile("a.yml", content)})
        assert answer.status_code == 400
        assert words in answer.content.decode()
    # One of two is needed: neither is called optional.
    assert "(optional)" not in client.get(new(endpoint)).content.decode()
    assert "Choose a file" in client.post(new(endpoint), {}).content.decode()
    assert client.get(f"{LIST}new/?endpoint=99").status_code == 404
    assert not PathFile.objects.exists()


def test_a_file_and_pasted_text_together_are_refused_and_the_text_stays(cast):
    sent = {"file": SimpleUploadedFile("a.yml", BARRIER.encode()), "text": SAME}
    answer = client_of(cast.ada).post(new(make_endpoint()), sent)
    assert answer.status_code == 400
    assert "came together: send one of them" in answer.content.decode()
    assert SAME.partition("\n")[0] in answer.content.decode()
    assert not PathFile.objects.exists()


def test_the_endpoint_stays_chosen_without_versions_and_on_the_way_back(cast):
    make_endpoint(name="a")
    endpoint, client = make_endpoint(name="b"), client_of(cast.ada)
    text = text_of(client, f"{LIST}?endpoint={endpoint.pk}&source=&target=")
    assert f'<option value="{endpoint.pk}" selected>' in text
    assert " required" not in text.partition('id="explorer"')[2].partition("</form>")[0]
    row = kept(endpoint, cast)
    for address in (new(endpoint), reverse("paths-detail", args=[row.pk])):
        crumbs = text_of(client, address).partition('class="crumbs"')[2].partition("</nav>")[0]
        assert f'href="{LIST}?endpoint={endpoint.pk}"' in crumbs


def test_from_the_file_to_its_coming_into_force_and_out_of_it(cast):
    cluster = mirror()
    in_review(cast, cluster)
    client = client_of(cast.ada)
    file = SimpleUploadedFile("oceanbase_upgrade_dep.yml", b"\xef\xbb\xbf" + BARRIER.encode())
    answer = client.post(new(cluster.endpoint), {"file": file}, follow=True)
    row = PathFile.objects.get()
    text = answer.content.decode()
    assert answer.redirect_chain[-1][0] == reverse("paths-detail", args=[row.pk])
    assert "4.2.1.1 → 4.2.1.5" in text
    assert "could not start" in text
    answer = client.post(reverse("paths-activate", args=[row.pk]), {"in_force": ""}, follow=True)
    assert "is in force, since" in answer.content.decode()
    assert client.post(reverse("paths-activate", args=[row.pk]), {"in_force": ""}).status_code == 409
    assert "Take it out of force" in text_of(client, reverse("paths-detail", args=[row.pk]))
    answer = client.post(reverse("paths-remove", args=[row.pk]), follow=True)
    assert "the published graph holds" in answer.content.decode()


def test_others_read_a_file_and_see_who_can_put_it_in_force(cast):
    row = kept(make_endpoint(), cast)
    text = text_of(client_of(cast.olga), reverse("paths-detail", args=[row.pk]))
    assert "Admins of all environments can do this." in text
    assert client_of(cast.olga).post(reverse("paths-activate", args=[row.pk])).status_code == 403
    refused = AuditEvent.objects.get(action="path_file.activate", outcome="refused")
    assert (refused.subject_type, refused.subject_id) == ("pathfile", str(row.pk))


def test_a_file_in_force_decides_what_clusters_and_packages_show(cast):
    cluster = make_cluster(make_endpoint(), name="trade_core", version="4.2.1.1")
    make_package(cluster.endpoint)
    row = kept(cluster.endpoint, cast)
    client = client_of(cast.olga)
    assert "4.2.1.5" not in text_of(client, "/clusters/")
    path_files.activate(path_file=row, in_force=None, actor=cast.ada)
    assert "4.2.1.5" in text_of(client, "/clusters/")
    assert "4.2.1.5" in text_of(client, reverse("clusters-detail", args=[cluster.pk]))
    assert "4.2.1.5" in text_of(client, f"/change-requests/new/?cluster={cluster.pk}")


def test_more_files_cost_no_more_queries(cast):
    endpoint, client = make_endpoint(), client_of(cast.olga)
    kept(endpoint, cast)
    few = queries(client, LIST)
    for number in range(12):
        kept(endpoint, cast, SAME + f"- version: 4.2.2.{number}\n")
    assert queries(client, LIST) == few
