"""What OCP's words mean, where a word decides something."""

from upgrades.ocp.types import TaskInstance

UPGRADE_PARENT_NAME = "Submit upgrade OB cluster dag"
SUBMIT_SUBTASK = "Submit cluster upgrade task"
WAIT_SUBTASK = "Wait dag success"


def is_upgrade_parent(task: TaskInstance) -> bool:
    """Whether `task` is the parent of an upgrade: by its pair of subtasks, or by the documented name.

    Source: ocp-doc V4.2.2, the answer of the upgrade call. Good for every shape of a task.
    """
    names = {subtask.name for subtask in task.subtasks}
    return task.name == UPGRADE_PARENT_NAME or {SUBMIT_SUBTASK, WAIT_SUBTASK} <= names


def is_system_type(task_type: str) -> bool:
    """Whether OCP started a task of this type by itself: SYS_ONECE (sic), SYS_SCHEDULED.

    The task list shows no type, so "" is not known to be one.
    """
    return task_type.startswith("SYS_")


def names_an_upgrade(task: TaskInstance) -> bool:
    """Whether the name speaks of an upgrade. No manual names the children, so this may be used to wait, not to bind."""
    return "upgrade" in task.name.lower()


def operation_of(task: TaskInstance) -> str:
    """What OCP did with the whole task. The list does not tell, but the subtasks of a finished rollback do.

    Source: ocp-doc V4.2.2, the answer of the task list: SUCCESSFUL, with subtasks PENDING or by ROLLBACK.
    """
    if task.operation or task.status != "SUCCESSFUL":
        return task.operation
    return "ROLLBACK" if any(subtask.operation == "ROLLBACK" for subtask in task.subtasks) else ""
