"""Reason: the one way in which rules say why."""

import copy
import json

import pytest

from upgrades.rules import Reason


def test_reasons_with_the_same_code_and_params_are_equal_and_hash_alike():
    first = Reason("path.none", {"target": "4.2.1.8", "source": "4.1.0.2"})
    second = Reason("path.none", {"source": "4.1.0.2", "target": "4.2.1.8"})
    assert first == second
    assert len({first, second}) == 1
    assert first != Reason("path.none", {"source": "4.1.0.2"})
    assert first != Reason("path.wall", dict(first.params))


def test_reason_survives_json_and_copying():
    reason = Reason("cluster.versions_differ", {"versions": ["4.1.0.0", "4.1.0.1"], "count": 2, "is_last": False})
    stored = json.loads(json.dumps(reason.to_json()))
    assert stored["params"]["versions"] == ["4.1.0.0", "4.1.0.1"]
    for again in (Reason.from_json(stored), copy.copy(reason), copy.deepcopy(reason)):
        assert again == reason
        assert hash(again) == hash(reason)


def test_reason_cannot_be_changed():
    reason = Reason("path.none", {"source": "4.1.0.2"})
    with pytest.raises(AttributeError):
        reason.code = "other"
    with pytest.raises(TypeError):
        reason.params["source"] = "x"


def test_later_change_of_the_given_params_does_not_reach_the_reason():
    params = {"source": "4.1.0.2"}
    reason = Reason("path.none", params)
    params["source"] = "9"
    assert reason.params["source"] == "4.1.0.2"


@pytest.mark.parametrize("value", [1.5, {"a": 1}, {1}, [1.5], [["a"]], [None], b"x"])
def test_reason_refuses_params_that_json_would_change(value):
    with pytest.raises(TypeError):
        Reason("x", {"value": value})
