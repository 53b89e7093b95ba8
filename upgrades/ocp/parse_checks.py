"""What is worth knowing before an upgrade, to our types: alarms, backup, OCP's own audit.

Raises Malformed for what cannot be right. Nothing here decides anything, so a time that cannot be read is absent.
"""

from upgrades.ocp import fields
from upgrades.ocp.fields import Row
from upgrades.ocp.types import Alarm, AuditRecord, BackupOverview, DataBackupTask


def alarm(data: Row) -> Alarm:
    return Alarm(
        id=fields.ident(data),
        type=fields.word(data, "alarmType"),
        app_type=fields.word(data, "appType"),
        level=fields.number(data, "level"),
        status=fields.word(data, "status"),
        scope=fields.word(data, "scope"),
        target=fields.prose(data, "target"),
        summary=fields.prose(data, "summary"),
        description=fields.prose(data, "description"),
        active_at=fields.shown_moment(data, "activeAt"),
        updated_at=fields.shown_moment(data, "updatedAt"),
    )


def backup_overview(data: Row) -> BackupOverview:
    return BackupOverview(
        status=fields.word(data, "obClusterBackupStatus"),
        schedule_status=fields.word(data, "backupScheduleStatus"),
        compaction_status=fields.word(data, "compactionStatus"),
        last_data_backup_time=fields.shown_moment(data, "lastDataBackupTime"),
        latest_log_checkpoint=fields.shown_moment(data, "latestLogBackupCheckpoint"),
        log_delay_seconds=fields.number(data, "logBackupDelaySeconds"),
    )


def data_backup_task(data: Row) -> DataBackupTask:
    return DataBackupTask(
        id=fields.ident(data, "taskId"),
        type=fields.word(data, "dataBackupTaskType"),
        status=fields.word(data, "status"),
        backup_set_id=fields.link(data, "backupSetId"),
        start_time=fields.shown_moment(data, "startTime"),
        finish_time=fields.shown_moment(data, "finishTime"),
    )


def audit_record(data: Row) -> AuditRecord:
    return AuditRecord(
        id=fields.ident(data),
        event_type=fields.word(data, "eventType"),
        operation=fields.word(data, "operationEvent"),
        status=fields.word(data, "status"),
        operator_id=fields.link(data, "operatorId"),
        operator_name=fields.word(data, "operatorName"),
        client_ip=fields.word(data, "clientIp"),
        resource_type=fields.word(data, "resourceType"),
        resource_id=fields.link(data, "resourceId"),
        resource_name=fields.word(data, "resourceName"),
        start_time=fields.shown_moment(data, "startTime"),
        end_time=fields.shown_moment(data, "endTime"),
    )
