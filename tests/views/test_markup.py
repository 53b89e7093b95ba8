"""What every page owes whoever reads it by ear or by keyboard: names, labels, order, one language, one of each id."""

import re
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from tests.scenes import Cast
from tests.views.acting import ballot, client_of, draft, in_review, mirror, run_of, url
from upgrades.models import Package, User
from upgrades.services import decisions

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("services")]

NAMED = {"a", "button", "summary"}
TYPED = {"input", "select", "textarea"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
POINTING = ("aria-describedby", "aria-labelledby", "for", "data-confirm", "data-counter-for", "list")


class Page(HTMLParser):
    """What of a page can be checked without a browser."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.pointers: list[str] = []
        self.headings: list[int] = []
        self.troubles: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[dict[str, str | None]] = []
        self.language = ""
        self._named: list[list[str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if len(found) != len(attrs):
            self.troubles.append(f"an attribute of {tag} stands twice: {attrs}")
        self.ids += [found["id"] or ""] if "id" in found else []
        for name in POINTING:
            self.pointers += (found.get(name) or "").split()
        self._look_at(tag, found)
        if tag not in VOID:
            self.open.append(tag)

    def _look_at(self, tag: str, found: dict[str, str | None]) -> None:
        if tag == "html":
            self.language = found.get("lang") or ""
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "label":
            self.labelled.add(found.get("for") or "")
        if tag in TYPED and found.get("type") != "hidden":
            is_inside = "label" in self.open or "aria-label" in found or "aria-labelledby" in found
            self.fields += [] if is_inside else [found]
        if tag in NAMED:
            self._named.append([found.get("aria-label") or ""])
        if tag in NAMED & set(self.open):
            self.troubles.append(f"{tag} inside {tag}")

    def handle_data(self, data: str) -> None:
        for words in self._named:
            words.append(data)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.troubles.append(f"</{tag}> closes {self.open[-3:]}")
            return
        self.open.pop()
        if tag in NAMED and not "".join(self._named.pop()).strip():
            self.troubles.append(f"a {tag} without a name")

    def faults(self) -> list[str]:
        """Everything that is wrong, in words."""
        twice = sorted({key for key in self.ids if self.ids.count(key) > 1})
        lost = sorted(set(self.pointers) - set(self.ids))
        jumps = [pair for pair in zip(self.headings, self.headings[1:], strict=False) if pair[1] > pair[0] + 1]
        nameless = [field for field in self.fields if field.get("id") not in self.labelled]
        return [
            *self.troubles,
            *[f"id {key} stands twice" for key in twice],
            *[f"nothing has the id {key}" for key in lost],
            *[f"h{low} is followed by h{high}" for low, high in jumps],
            *[f"no label: {field}" for field in nameless],
            *([] if self.headings.count(1) == 1 else [f"{self.headings.count(1)} headings of the first rank"]),
            *([] if self.open == [] else [f"left open: {self.open}"]),
        ]


def test_the_check_itself_finds_what_is_wrong() -> None:
    good = '<html lang="en"><h1 id="a">A</h1><label for="b">B</label><input id="b"><a href="/">home</a></html>'
    assert Page(good).faults() == []
    for before, after in [
        ('id="a"', 'id="b"'),
        ('for="b"', 'for="c"'),
        ("<h1", "<h3"),
        ("home", " "),
        ("</a>", ""),
        ('href="/"', 'href="/" href="//"'),
    ]:
        assert Page(good.replace(before, after)).faults() != [], before


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def pages(cast: Cast) -> list[str]:
    """The address of every page, with something on it."""
    cluster = mirror()
    written, review = draft(cast, mirror("draft_core")), in_review(cast, cluster, quorum=2)
    client_of(cast.amir).post(url("vote", review), ballot(review))
    approved = in_review(cast, mirror("approved_core"))
    client_of(cast.amir).post(url("vote", approved), ballot(approved))
    run = run_of(in_review(cast, mirror("pay_core")))
    shown = decisions.evidence_hash(decisions.evidence(run, "abandon"))
    decisions.propose(run=run, kind="abandon", purpose="Nothing.", evidence_hash=shown, actor=cast.olga)
    plain = ("home", "inbox", "clusters-list", "packages-list", "requests-list", "requests-create", "runs-list")
    return [
        *(reverse(name) for name in (*plain, "audit-list", "users-list", "users-create", "tokens-list")),
        reverse("clusters-detail", args=[cluster.pk]),
        reverse("packages-detail", args=[Package.objects.all()[0].pk]),
        f"{reverse('requests-create')}?cluster={cluster.pk}",
        url("edit", written),
        *(url("detail", row) for row in (written, review, approved)),
        *(f"{reverse('runs-detail', args=[run.pk])}?view={view}" for view in ("graph", "table", "events")),
        reverse("users-detail", args=[cast.olga.pk]),
        f"{reverse('audit-list')}?action=no&first_day=x&number=x",
        f"{reverse('audit-list')}?event=1",
        "/nowhere/",
    ]


@pytest.mark.parametrize(
    ("role", "language"), [("olga", "en"), ("olga", "zh-hans"), ("amir", "en"), ("uma", "en"), ("ada", "en")]
)
def test_every_page_is_whole_named_and_in_order(cast: Cast, pages: list[str], role: str, language: str) -> None:
    person: User = getattr(cast, role)
    client = client_of(person)
    client.post("/language/", {"language": language, "next": "/"})
    found = {}
    for address in pages:
        page = Page(client.get(address).text)
        faults = page.faults() + ([] if page.language == language else [f"lang is {page.language}"])
        if faults:
            found[address] = faults
    assert found == {}


def test_pages_for_who_is_not_signed_in_are_whole(db: None) -> None:
    for address in ("/sign-in/", "/set-password/MQ/a-b/"):
        assert Page(Client().get(address).text).faults() == []
    assert Page(Client().post("/sign-in/", {"username": "a", "password": "b"}).text).faults() == []
