"""What the page of one cluster shows: servers by zone, packages with their verdicts, parameters, who may act."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from upgrades import reasons
from upgrades.models import ChangeRequest, Cluster, Role, Server, User, Zone
from upgrades.rules import Reason, paths
from upgrades.rules.verdicts import BESIDE_THE_POINT
from upgrades.services import inventory
from upgrades.views import briefs

# What OCP's word for a server or zone means at a glance; any other word is shown as not known.
_LOOKS = {
    "RUNNING": "successful",
    "OPERATING": "running",
    "CREATING": "running",
    "STARTING": "running",
    "RESTARTING": "running",
    "STOPPING": "warning",
    "STOPPED": "warning",
    "SERVICE_STOPPED": "warning",
    "DELETING": "warning",
    "DELETED": "warning",
    "UNAVAILABLE": "failed",
}
# No package that somebody uploads changes these.
_NEVER = frozenset({"path.wall", "path.none", "path.target_deprecated"})


@dataclass(frozen=True, slots=True)
class ServerView:
    """One observer; `is_odd` where it runs something else than most."""

    server: Server
    build: str
    look: str
    is_odd: bool


@dataclass(frozen=True, slots=True)
class ZoneView:
    """A zone and its servers. `zone` is None for servers whose zone OCP does not show."""

    zone: Zone | None
    look: str
    servers: list[ServerView] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Topology:
    """`builds`: each version-build that runs with its number of servers, the commonest first."""

    zones: list[ZoneView]
    builds: list[tuple[str, int]]
    failure: Reason | None

    @property
    def count(self) -> int:
        return sum(count for _build, count in self.builds)

    @property
    def is_mixed(self) -> bool:
        return len(self.builds) > 1

    @property
    def builds_text(self) -> str:
        """4.2.1.1-1010 on 6 servers, 4.2.1.8-1080 on 3."""
        words = [
            _("%(build)s on %(count)s") % {"build": reasons.plain(build), "count": count}
            for build, count in self.builds
        ]
        return _("Servers: %(builds)s.") % {"builds": ", ".join(words)}


def topology(cluster: Cluster) -> Topology:
    """Servers by zone, as last read."""
    servers = list(cluster.servers.filter(missing_since=None))
    builds = Counter(paths.full(server.version, server.build) for server in servers).most_common()
    views: dict[str | None, ZoneView] = {
        zone.name: ZoneView(zone, look_of(zone.status)) for zone in cluster.zones.filter(missing_since=None)
    }
    for server in servers:
        build = paths.full(server.version, server.build)
        view = ServerView(server, build, look_of(server.status), build != builds[0][0])
        views.setdefault(server.zone_name if server.zone_name in views else None, ZoneView(None, "")).servers.append(
            view
        )
    failure = Reason.from_json(cluster.topology_failure) if cluster.topology_failure else None
    return Topology(list(views.values()), builds, failure)


def look_of(status: str) -> str:
    """The data-status of OCP's word for a server or a zone."""
    return _LOOKS.get(status, "unknown")


@dataclass(frozen=True, slots=True)
class Offer:
    """A package for one cluster, with the reasons that are its own."""

    option: briefs.Option
    reasons: list[Reason]
    cautions: list[Reason]


@dataclass(frozen=True, slots=True)
class Offers:
    """Packages for one cluster, by what they mean for it; what holds for every package is said once.

    obstacles: why nothing can be taken; cautions: what nobody knows. possible, lacking: something to do first;
    never: cannot be reached in place; beside: not newer, or for others.
    """

    obstacles: list[Reason]
    cautions: list[Reason]
    possible: list[Offer]
    lacking: list[Offer]
    never: list[Offer]
    beside: list[Offer]


def offers(cluster: Cluster) -> Offers:
    """Every server package of the endpoint, sorted by what it means for `cluster`."""
    options = briefs.options(cluster)
    groups: dict[str, list[Offer]] = {"possible": [], "lacking": [], "never": [], "beside": []}
    obstacles: dict[Reason, None] = {}
    cautions: dict[Reason, None] = {}
    for option in options:
        verdict = option.verdict
        own = [why for why in verdict.reasons if not why.code.startswith("cluster.")]
        obstacles |= dict.fromkeys(why for why in verdict.reasons if why.code.startswith("cluster."))
        cautions |= dict.fromkeys(why for why in verdict.cautions if why.code.startswith("cluster."))
        newer = [why for why in verdict.cautions if not why.code.startswith("cluster.")]
        groups[_group(option.is_possible, {why.code for why in own})].append(Offer(option, own, newer))
    return Offers(list(obstacles), list(cautions), **groups)


def _group(is_possible: bool, codes: set[str]) -> str:
    if is_possible:
        return "possible"
    if codes & BESIDE_THE_POINT:
        return "beside"
    return "never" if codes & _NEVER else "lacking"


def parameters(cluster: Cluster) -> list[tuple[str, str | None]]:
    """The parameters that an upgrade changes, each with its distinct values; None where OCP did not tell."""
    return [(name, _joined(cluster.facts.get(name))) for name in inventory.FACT_PARAMETERS]


def _joined(values: Any) -> str | None:
    return ", ".join(str(value) for value in values) if isinstance(values, list) and values else None


def why_not_describe(user: User, cluster: Cluster) -> str:
    """Why the reader may not set owner and labels; "" where that is possible."""
    if user.has_role(Role.OPERATOR, cluster.environment):
        return ""
    return _("Operators of this environment can set them.")


def why_not_environment(user: User, cluster: Cluster, taking: ChangeRequest | None) -> str:
    """Why the reader may not set the environment now; "" where that is possible."""
    if not user.has_role(Role.ADMIN, cluster.environment):
        return _("Admins of this environment can set it.")
    return reasons.sentence(Reason("cluster.taken")) if taking is not None else ""
