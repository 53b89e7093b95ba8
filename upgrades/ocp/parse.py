"""OCP's `data` to our types: lists, clusters and packages. Everything raises Malformed for what cannot be right."""

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from upgrades.ocp import fields
from upgrades.ocp.envelope import Page
from upgrades.ocp.fields import Malformed, Row
from upgrades.ocp.types import Cluster, Info, Package, Parameter, Server, Zone

_VALUE_CAP = 1 << 16

T = TypeVar("T")


def row(data: object) -> Row:
    if not isinstance(data, dict):
        raise Malformed("data is no object")
    return data


def page(data: object) -> Page:
    """A list in any of its documented forms: `contents` with or without `page`, or a bare array."""
    if isinstance(data, list):
        data = {"contents": data}
    holder = row(data)
    if holder.get("contents") is None:
        raise Malformed("contents is missing")
    about = fields.part(holder, "page")
    pages = fields.number(about, "totalPages")
    return Page(
        rows=fields.parts(holder, "contents"),
        is_paged=bool(about),
        size=fields.number(about, "size", 0),
        total=fields.number(about, "totalElements", 0),
        pages=fields.number(about, "totalPage") if pages is None else pages,
    )


def unique(items: Sequence[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
    if len({key(item) for item in items}) != len(items):
        raise Malformed("the same id stands there twice")
    return tuple(items)


def info(data: Row) -> Info:
    return Info(
        name=fields.word(data, "name"),
        group=fields.word(data, "group"),
        artifact=fields.word(data, "artifact"),
        build_version=fields.word(data, "buildVersion"),
        build_time=fields.shown_moment(data, "buildTime"),
    )


def cluster(data: Row) -> Cluster:
    version, build = _cluster_version(data)
    zones = fields.parts(data, "zones")
    regions = dict.fromkeys(fields.word(zone, "regionName") for zone in zones)
    primary = fields.part(data, "primaryCluster")
    return Cluster(
        id=fields.ident(data),
        name=fields.name(data, "name"),
        ob_cluster_id=fields.link(data, "obClusterId"),
        version=version,
        build=build,
        status=fields.word(data, "status"),
        type=fields.word(data, "type"),
        architecture=fields.word(data, "architecture"),
        primary_id=fields.ident(primary) if primary else None,
        standby_ids=tuple(fields.ident(standby) for standby in fields.parts(data, "standbyClusters")),
        server_count=fields.number(data, "serverCount", 0),
        zone_names=tuple(fields.word(zone, "name") for zone in zones),
        region_names=tuple(region for region in regions if region),
        create_time=fields.shown_moment(data, "createTime"),
    )


def _cluster_version(data: Row) -> tuple[str, str]:
    """The list's `obVersion` often lacks the build; newer answers show it in another field, of the same version."""
    version, build = fields.split_version(fields.word(data, "obVersion"))
    for key in ("fullVersion", "minObBuildVersion"):
        other, other_build = fields.split_version(fields.word(data, key))
        if not build and other_build and version in ("", other):
            version, build = other, other_build
    return version, build


def zone(data: Row) -> Zone:
    return Zone(
        name=fields.word(data, "name"),
        region=fields.word(data, "regionName"),
        idc=fields.word(data, "idcName"),
        status=fields.word(data, "status"),
        servers=tuple(server(item) for item in fields.parts(data, "servers")),
    )


def server(data: Row) -> Server:
    raw_version = fields.word(data, "version")
    version, build = fields.split_version(raw_version)
    # The sample spells it so, the table otherwise.
    root_server = fields.flag(data, "withRootserver")
    return Server(
        id=fields.ident(data),
        ip=fields.word(data, "ip"),
        port=fields.number(data, "port", 0),
        zone_name=fields.word(data, "zoneName"),
        status=fields.word(data, "status"),
        version=version,
        build=build,
        raw_version=raw_version,
        has_root_server=fields.flag(data, "withRootServer") if root_server is None else root_server,
    )


def parameter(data: Row) -> Parameter:
    current = fields.part(data, "currentValue")
    on_servers = fields.parts(current, "obParameters")
    values = fields.words(current, "values", _VALUE_CAP)
    if not values:
        values = tuple(fields.word(item, "value", _VALUE_CAP) for item in on_servers)
    is_shown = data.get("defaultValue") is not None
    return Parameter(
        name=fields.word(data, "name"),
        values=tuple(dict.fromkeys(values)),
        default=fields.word(data, "defaultValue", _VALUE_CAP) if is_shown else None,
        by_server=tuple((_address(item), fields.word(item, "value", _VALUE_CAP)) for item in on_servers),
    )


def _address(data: Row) -> str:
    return f"{fields.word(data, 'svrIp')}:{fields.number(data, 'svrPort', 0) or ''}"


def package(data: Row) -> Package:
    return Package(
        id=fields.ident(data),
        name=fields.word(data, "name"),
        file_name=fields.name(data, "fileName"),
        version=fields.word(data, "version"),
        build=fields.word(data, "buildNumber"),
        operating_system=fields.word(data, "operatingSystem"),
        architecture=fields.word(data, "architecture"),
        sha1=fields.word(data, "sha1").lower(),
        size=fields.size(data, "size"),
        type=fields.word(data, "type"),
        create_time=fields.shown_moment(data, "createTime"),
    )
