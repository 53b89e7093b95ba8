"""OCP's calls about clusters and packages."""

from collections.abc import Callable

from upgrades.simulator import shapes
from upgrades.simulator.envelope import dumps
from upgrades.simulator.errors import Refusal
from upgrades.simulator.listing import page_text
from upgrades.simulator.records import Cluster, Package
from upgrades.simulator.routes import CLUSTER, Call, Route, contents
from upgrades.simulator.state import World

_CLUSTER_KEYS: dict[str, Callable[[Cluster], object]] = {
    "id": lambda record: record.id,
    "name": lambda record: record.name,
    "createTime": lambda record: record.created_at,
    "status": lambda record: record.status,
}
_PACKAGE_KEYS: dict[str, Callable[[Package], object]] = {
    "id": lambda record: record.id,
    "name": lambda record: record.name,
    "createTime": lambda record: record.created_at,
}
_READ = "CLUSTER:{0}:READ"


class ClusterCalls:
    """Answers from the fleet and the repository. Calls need the world's lock."""

    def __init__(self, world: World, site_url: Callable[[], str]) -> None:
        self._world = world
        self._site_url = site_url

    def routes(self) -> list[Route]:
        """Return every call."""
        return [
            Route("GET", "/api/v2/ob/clusters", "CLUSTER:*:READ", self._clusters),
            Route("GET", CLUSTER, _READ, self._cluster),
            Route("GET", CLUSTER + "/zones", _READ, self._zones),
            Route("GET", CLUSTER + "/servers", _READ, self._servers),
            Route("GET", CLUSTER + "/zones/([^/]+)/servers", _READ, self._zone_servers),
            Route("GET", CLUSTER + "/parameters", _READ, self._parameters),
            Route("GET", "/api/v2/software-packages", "PACKAGE:*:READ", self._packages),
        ]

    def _clusters(self, call: Call) -> str:
        name, statuses = call.query.word("name").lower(), call.query.words("status")
        primaries_only = call.query.word("withStandby") == "true"
        rows = [
            record
            for record in self._world.clusters.values()
            if name in record.name.lower()
            and (not statuses or record.status in statuses)
            and not (primaries_only and record.primary_id)
        ]
        return page_text(rows, call.query, _CLUSTER_KEYS, self._text)

    def _text(self, record: Cluster) -> str:
        """Return a cluster as JSON text, kept until it changes: a fleet of thousands is asked for each minute."""
        text = self._world.cluster_texts.get(record.id)
        if text is None:
            text = self._world.cluster_texts[record.id] = dumps(shapes.cluster(self._world, record))
        return text

    def _cluster(self, call: Call) -> str:
        return self._text(self._world.cluster(call.id))

    def _zones(self, call: Call) -> str:
        record = self._world.cluster(call.id)
        return contents([shapes.zone(record, zone) for zone in record.zones])

    def _servers(self, call: Call) -> str:
        record = self._world.cluster(call.id)
        region, idc = call.query.word("regionName"), call.query.word("idcName")
        zones = {zone.name for zone in record.zones if region in ("", zone.region) and idc in ("", zone.idc)}
        return contents([shapes.server(server) for server in record.servers if server.zone in zones])

    def _zone_servers(self, call: Call) -> str:
        servers = self._world.cluster(call.id).servers_of(call.found[1])
        if not servers:
            raise Refusal("COM10002", "zone", call.found[1])
        return contents([shapes.server(server) for server in servers])

    def _parameters(self, call: Call) -> str:
        return contents(shapes.parameters(self._world.cluster(call.id)))

    def _packages(self, call: Call) -> str:
        wanted = {name: call.query.words(name) for name in ("type", "version", "operatingSystem", "architecture")}
        keyword = call.query.word("keyword").lower()
        rows = []
        for record in reversed(list(self._world.packages.values())):
            facts = (record.type, record.version, record.operating_system, record.architecture)
            fits = all(not words or fact in words for fact, words in zip(facts, wanted.values(), strict=True))
            if fits and keyword in record.file_name.lower():
                rows.append(record)
        site_url = self._site_url()
        return page_text(rows, call.query, _PACKAGE_KEYS, lambda row: dumps(shapes.package(row, site_url)))
