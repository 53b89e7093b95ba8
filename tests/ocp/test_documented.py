"""Every answer that OCP's manual documents is read, and is that of a call or of one that ocpdash never makes."""

import pytest

from tests.ocp.conftest import document, payload, payload_names
from tests.ocp.test_calls import CALLS
from upgrades.ocp import envelope, parse

# Answers to what ocpdash must never ask for, and a word that such a call would send.
NEVER_ASKED = {
    "software-package-delete": "DELETE",
    "software-package-upload": "POST /api/v2/software-packages",
    "switchover-precheck": "switchoverPreCheck",
    "switchover-task-2022-shape": "switchover",
    "task-rollback": "rollback",
    "cluster-restart": "restart",
    "zone-restart-newer-shape": "restart",
    "server-restart-newer-shape": "restart",
    "obproxy-upgrade": "obproxy",
}
# OCP's name and version, which stand in no envelope; the refusal of any call; two pages of the manual.
BARE = {"info", "rate-limit-429", "signing-vectors", "default-roles"}
WITHOUT_DATA = {"subtask-skip", "subtask-cancel", "software-package-delete"}


def test_every_documented_answer_is_that_of_a_call_or_of_one_that_is_never_made():
    read = {name for name in payload_names() if any(payload(name) == call.answer for call in CALLS.values())}
    assert sorted(payload_names() - read - NEVER_ASKED.keys() - BARE) == []
    sends = [call.sends for call in CALLS.values()]
    assert [(word, line) for word in NEVER_ASKED.values() for line in sends if word in line] == []


@pytest.mark.parametrize("name", sorted(payload_names() - BARE))
def test_every_documented_answer_is_a_good_envelope(name):
    data, trace_id = envelope.data_of(200, payload(name), str)
    assert trace_id == document(name)["traceId"]
    assert (data is None) == (name in WITHOUT_DATA)
    if isinstance(data, dict) and "contents" in data:
        assert len(parse.page(data).rows) == len(document(name)["data"]["contents"]) > 0
