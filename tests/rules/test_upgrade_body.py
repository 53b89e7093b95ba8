"""What the body of the upgrade POST says besides the package."""

from dataclasses import replace

import pytest

from tests.rules.plans import FACTS
from upgrades.rules import plan, upgrade_body

TARGET = {"version": "4.2.1.8", "build": "108000022024072217", "operating_system": "el7"}


def options(form="extended", zone_names=("z2", "z1", "z2", "z10"), **over):
    return upgrade_body.options(form, **{**TARGET, "zone_names": zone_names, **over})


def test_older_form_says_nothing_more():
    assert options("file_name", build="", operating_system="") == {}


def test_extended_form_says_what_the_later_manual_asks_for():
    assert options() == {
        "upgradeMode": "ROLLING",
        "destVersion": "4.2.1.8-108000022024072217",
        "operatingSystem": "el7",
        "freezeServer": False,
        "zoneOrder": ["z1", "z10", "z2"],
    }


@pytest.mark.parametrize("zone_names", [(), ("z1", "")])
def test_order_of_zones_is_left_to_ocp_where_not_all_are_known(zone_names):
    assert "zoneOrder" not in options(zone_names=zone_names)


@pytest.mark.parametrize("lacking", TARGET)
def test_extended_form_needs_all_of_its_target(lacking):
    with pytest.raises(ValueError, match="extended"):
        options(**{lacking: ""})


def test_unknown_form_is_refused():
    with pytest.raises(ValueError, match="is not a valid"):
        options("rpm")


def extended(**over):
    target = FACTS.target
    body = upgrade_body.options(
        "extended", version=target.version, build=target.build, operating_system="el7", zone_names=("z1", "z2")
    )
    return plan.build(replace(FACTS, body_options={**body, **over}))


def test_body_of_another_version_than_the_target_is_refused():
    assert b"destVersion" in plan.body(extended())
    with pytest.raises(ValueError, match="another version"):
        plan.body(extended(destVersion="4.2.1.9-1"))


def test_zones_that_ocp_does_not_show_just_now_are_unread_and_other_ones_are_a_change():
    whole, turned, bare = extended(), extended(zoneOrder=["z2", "z1"]), extended()
    del bare["body"]["zoneOrder"]
    assert plan.unread(whole, bare).dotted == "body.zoneOrder"
    assert plan.unread(whole, turned) is None
    assert plan.unread(whole, plan.build(FACTS)) is None
