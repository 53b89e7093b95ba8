"""Which packages the hops of a way need, kind by kind."""

from tests.rules.test_paths import REPOSITORY, TARGET, package
from upgrades.rules.routes import find_path
from upgrades.rules.shelves import Place, shelves_of
from upgrades.rules.stops import known_graph

HOPS = find_path(known_graph(), ("4.0.0.0", "100"), ("4.2.1.8", TARGET.build)).binary_hops
ARM = {"architecture": "aarch64", "operating_system": "el8"}


def test_each_kind_has_a_shelf_with_a_place_for_each_hop():
    arm, whole = shelves_of(known_graph(), HOPS, (*REPOSITORY, package("4.2.1.1", **ARM)))
    assert (whole.name, whole.architecture, whole.operating_system) == ("oceanbase", "x86_64", "el7")
    assert [place.package for place in whole.places] == list(REPOSITORY)
    assert whole.missing == 0
    assert (arm.name, arm.architecture, arm.operating_system) == ("oceanbase", "aarch64", "el8")
    assert [place.package is None for place in arm.places] == [True, False, True]
    assert arm.missing == 2
    assert arm.places[2] == Place(f"4.2.1.8-{TARGET.build}", None)


def test_a_stock_of_nothing_has_no_shelf():
    assert shelves_of(known_graph(), HOPS, ()) == ()
