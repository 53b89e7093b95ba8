"""What every page's frame shows: navigation by role, what waits for the reader, colours, the zone of times."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from upgrades import selectors
from upgrades.models import Halt, Role, UpgradeRun, User
from upgrades.templatetags.ocpdash import display_zone, zone_text

THEME_COOKIE = "theme"
SHORTCUTS_COOKIE = "shortcuts"
THEMES: dict[str, tuple[str | Promise, str]] = {
    "light": (gettext_lazy("Light"), "sun"),
    "dark": (gettext_lazy("Dark"), "moon"),
    "system": (gettext_lazy("As the system"), "system"),
}
# Name of the URL, words, icon, the key that leads there after "g". The part before the dash is the noun that marks
# the current page.
PLACES: tuple[tuple[str, str | Promise, str, str], ...] = (
    ("home", pgettext_lazy("page", "Home"), "home", "h"),
    ("inbox", pgettext_lazy("page", "Needs me"), "inbox", "i"),
    ("clusters-list", pgettext_lazy("page", "Clusters"), "cluster", "c"),
    ("packages-list", pgettext_lazy("page", "Packages"), "package", "p"),
    ("paths-list", pgettext_lazy("page", "Upgrade paths"), "swap", "v"),
    ("requests-list", pgettext_lazy("page", "Requests"), "request", "r"),
    ("runs-list", pgettext_lazy("page", "Runs"), "run", "u"),
    ("endpoints-list", pgettext_lazy("page", "Endpoints"), "endpoint", "e"),
    ("audit-list", pgettext_lazy("page", "Audit"), "audit", "a"),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the navigation."""

    url: str
    text: str
    icon: str
    is_current: bool
    count: int = 0
    is_quiet: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a heading; the first section has none."""

    title: str
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Choice:
    """One button of the colour switch."""

    value: str
    text: str
    icon: str


class Frame:
    """Read by templates/base.html; nothing is counted before it is shown."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = request.user if isinstance(request.user, User) else None

    @property
    def now(self) -> str:
        """The server's clock, from which static/js/ago.js counts."""
        return timezone.now().isoformat()

    @property
    def moment(self) -> dt.datetime:
        """When the page was made."""
        return timezone.now()

    @property
    def zone(self) -> str:
        """Asia/Shanghai, UTC+08."""
        return f"{display_zone()}, UTC{zone_text(timezone.now().astimezone(display_zone()))}"

    @property
    def theme(self) -> str:
        return theme_of(self.request)

    @property
    def themes(self) -> list[Choice]:
        return [Choice(value, str(text), icon) for value, (text, icon) in THEMES.items()]

    @property
    def has_shortcuts(self) -> bool:
        """Whether single keys do something: who speaks to the computer may want them off (WCAG 2.1.4)."""
        return self.request.COOKIES.get(SHORTCUTS_COOKIE, "") != "off"

    @property
    def role_names(self) -> list[str]:
        return [str(Role(name).label) for name in self.user.role_names] if self.user else []

    @cached_property
    def needs_me(self) -> int:
        return selectors.inbox_count(self.user) if self.user else 0

    @cached_property
    def open_runs(self) -> int:
        return UpgradeRun.objects.visible_to(self.user).open().count() if self.user else 0

    @cached_property
    def halts(self) -> list[Halt]:
        """Why nothing is sent to OCP, the gravest first."""
        return selectors.open_halts() if self.user else []

    @cached_property
    def nav(self) -> list[Section]:
        if self.user is None:
            return []
        sections = [Section("", list(self._entries()))]
        if self.user.has_role(Role.ADMIN, "") or self.user.has_role(Role.AUDITOR, ""):
            sections.append(Section(_("Administration"), [self._entry("users-list", _("People"), "users")]))
        if self.user.has_role(Role.ADMIN, ""):
            sections[-1].entries.append(self._entry("doctor", pgettext("page", "Doctor"), "plug"))
        return sections

    def _entries(self) -> Iterator[Entry]:
        for name, text, icon, key in PLACES:
            if not _is_there(name):
                continue
            if name == "inbox":
                yield self._entry(name, text, icon, count=self.needs_me, key=key)
            elif name == "runs-list":
                yield self._entry(name, text, icon, count=self.open_runs, is_quiet=True, key=key)
            else:
                yield self._entry(name, text, icon, key=key)

    def _entry(self, name: str, text: str | Promise, icon: str, **more: Any) -> Entry:
        match = self.request.resolver_match
        here = (match.url_name or "").partition("-")[0] if match else ""
        return Entry(reverse(name), str(text), icon, here == name.partition("-")[0], **more)


def theme_of(request: HttpRequest) -> str:
    """The colours that this browser chose."""
    chosen = request.COOKIES.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "system"


def _is_there(name: str) -> bool:
    try:
        return bool(reverse(name))
    except NoReverseMatch:
        return False


def frame(request: HttpRequest) -> dict[str, Any]:
    """Django's hook."""
    return {"frame": Frame(request)}
