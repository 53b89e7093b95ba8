"""The steps of an upgrade: name, time-out and how long it really takes, in seconds.

Names, order and time-outs follow the proposed child DAG: documented OCP samples where the name occurs there,
else the upgrade flow of obshell, obdeploy and OceanBase's own scripts.
"""

from dataclasses import dataclass

START = "Start node"
PREPARE = "Prepare upgrade cluster"
SUBMIT = "Submit cluster upgrade task"
WAIT = "Wait dag success"
UPDATE_CLUSTER = "Update OB cluster status"
PRE_SCRIPT = "Execute upgrade pre script"
POST_SCRIPT = "Execute upgrade post script"
SET_ZONE = "Set zone context"
STOP_ZONE = "Stop zone"
MINOR_FREEZE = "Minor freeze"
STOP_OBSERVER = "Stop observer process"
WAIT_NODE = "Wait node"
REPLACE_BINARY = "Replace observer binary"
START_OBSERVER = "Start observer process"
WAIT_ACTIVE = "Wait observer active"
START_ZONE = "Start zone"
UPDATE_ZONE = "Update zone status"
CHECKER = "Execute upgrade checker"
SYNC_CLUSTER = "Sync cluster info"

PARENT_NAME = "Submit upgrade OB cluster dag"
CHILD_NAME = "Upgrade OB cluster"


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of subtask: seconds until OCP gives up, and the shortest and longest real work."""

    name: str
    timeout: int
    shortest: float
    longest: float


BEFORE = (
    Step(START, 30, 0.5, 2),
    Step(PREPARE, 300, 4, 9),
    Step(CHECKER, 1800, 35, 70),
    Step("Backup OB parameters", 300, 6, 14),
    Step("Install rpm", 1800, 50, 110),
    Step(WAIT_NODE, 30, 3, 8),
    Step(PRE_SCRIPT, 3600, 50, 110),
)
ZONE_BEFORE = (
    Step(SET_ZONE, 60, 0.4, 2),
    Step("Check cluster health", 1800, 12, 30),
    Step(STOP_ZONE, 1800, 8, 22),
)
FREEZE = Step(MINOR_FREEZE, 1800, 40, 90)
OBSERVER = (
    Step(STOP_OBSERVER, 1200, 10, 25),
    Step(WAIT_NODE, 30, 3, 8),
    Step(REPLACE_BINARY, 1800, 25, 55),
    Step(START_OBSERVER, 1200, 25, 55),
    Step(WAIT_ACTIVE, 1800, 35, 85),
)
ZONE_AFTER = (
    Step("Check refresh schema", 1800, 18, 40),
    Step(START_ZONE, 1800, 6, 15),
    Step(UPDATE_ZONE, 1800, 0.4, 2),
)
AFTER = (
    Step(POST_SCRIPT, 3600, 45, 100),
    Step("Check OB version", 300, 4, 10),
    Step("Restore OB parameters", 300, 5, 12),
    Step(SYNC_CLUSTER, 30, 1, 4),
    Step(UPDATE_CLUSTER, 30, 0.3, 1),
)
PARENT_BEFORE = (Step(START, 30, 0.5, 2), Step(PREPARE, 300, 2, 6))
PARENT_HOP = (Step(SUBMIT, 300, 1.5, 4), Step(WAIT, 86_400, 0.6, 2))
PARENT_AFTER = Step(UPDATE_CLUSTER, 30, 0.3, 1)
