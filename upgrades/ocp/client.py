"""The calls ocpdash makes to one OCP. Reads are retried; what changes something is sent once."""

from collections.abc import Sequence
from datetime import datetime

from upgrades.ocp import bodies, envelope, fields, parse, parse_checks, parse_tasks
from upgrades.ocp.calls import PAGE_SIZE, Calls, id_in_url
from upgrades.ocp.deadline import Deadline
from upgrades.ocp.errors import BadAnswer, Forbidden, NotFound, Refused, Unauthorized
from upgrades.ocp.types import (
    ActionAnswer,
    Alarm,
    AuditRecord,
    BackupOverview,
    Cluster,
    DataBackupTask,
    FirstPage,
    Info,
    Package,
    Parameter,
    Server,
    SubtaskLog,
    TaskInstance,
    TaskPage,
    UpgradeAnswer,
    Zone,
)

_CLUSTERS = "/api/v2/ob/clusters"
_TASKS = "/api/v2/tasks/instances"
_PACKAGES = "/api/v2/software-packages"
_ALARMS = "/api/v2/alarm/alarms"
_AUDIT = "/api/v2/audit/events"
_ALARM_SIZE_CAP = 200  # as below, for alarms
_SIZE_CAP = 2000  # OCP's own, API/200.api-call-description of its manual


class OcpClient(Calls):
    """A client of the OCP at `base_url`; safe to share between threads, keeps no connection.

    base_url: scheme and host, a port and a path prefix where needed. http only with is_http_allowed.
    ca_file: a PEM file, or ca_pem: its text; then that CA alone is trusted, else the public ones. Certificates are
    always verified.
    connect_seconds, total_seconds: for a whole read; post_seconds: for the whole upgrade POST.
    byte_cap: of a decoded answer; log_cap: of a log's tail that is kept (bytes).
    get_retries: how often a read is tried again.
    note_limit: called, in the reading thread, with what each answer to a read says of our quota (RateLimit-*).

    Proxies, .netrc and CA settings of the environment are not used. No redirect is followed.
    Every call raises OcpError. Raises ValueError, with what to do, for an address or file that cannot serve.
    """

    def time(self, *, deadline: float | None = None) -> datetime:
        """OCP's own clock, aware UTC. OCP asks for no sign-in here, so none is sent: a clock that spoils our
        signatures can then be told, and costs no 401. A gateway in front that asks for one gets it.
        """
        whole = self._deadline(deadline)
        try:
            answer = self._get("/api/v2/time", {}, whole, is_signed=False)
        except (Unauthorized, Forbidden):
            answer = self._get("/api/v2/time", {}, whole)
        return self._parsed(answer, lambda: fields.parse_time(answer.body[:100].decode("ascii").strip().strip('"')))

    def info(self, *, deadline: float | None = None) -> Info:
        """Which OCP this is; needs good credentials and no right."""
        answer = self._get("/api/v2/info", {}, self._deadline(deadline))
        return self._parsed(answer, lambda: parse.info(envelope.load_object(answer.body)))

    def clusters(self, *, deadline: float | None = None) -> tuple[Cluster, ...]:
        """All clusters that our account sees, by id."""
        return self._all(_CLUSTERS, parse.cluster, _id, deadline, sort="id,asc")

    def cluster(self, cluster_id: int, *, deadline: float | None = None) -> Cluster:
        """One cluster, out of the list; its own URL, which is in no manual, is asked only where the list has it not.

        Raises NotFound where neither shows it.
        """
        whole = self._deadline(deadline)
        for cluster in self.clusters(deadline=whole.left()):
            if cluster.id == cluster_id:
                return cluster
        found = self._cluster_by_url(cluster_id, whole)
        if found is None:
            raise NotFound(f"OCP shows no cluster {cluster_id}.", http_status=200)
        return found

    def _cluster_by_url(self, cluster_id: int, deadline: Deadline) -> Cluster | None:
        try:
            answer = self._get(f"{_CLUSTERS}/{id_in_url(cluster_id)}", {}, deadline)
            data, trace_id = self._data(answer)
            cluster = self._parsed(answer, lambda: parse.cluster(parse.row(data)), trace_id)
        except (NotFound, Refused, BadAnswer):
            return None
        return cluster if cluster.id == cluster_id else None

    def zones(self, cluster_id: int, *, deadline: float | None = None) -> tuple[Zone, ...]:
        return self._all(f"{_CLUSTERS}/{id_in_url(cluster_id)}/zones", parse.zone, lambda zone: zone.name, deadline)

    def servers(self, cluster_id: int, *, deadline: float | None = None) -> tuple[Server, ...]:
        return self._all(f"{_CLUSTERS}/{id_in_url(cluster_id)}/servers", parse.server, _id, deadline)

    def parameters(self, cluster_id: int, *, deadline: float | None = None) -> tuple[Parameter, ...]:
        return self._all(f"{_CLUSTERS}/{id_in_url(cluster_id)}/parameters", parse.parameter, None, deadline)

    def packages(self, *, deadline: float | None = None) -> tuple[Package, ...]:
        """All RPMs in OCP's repository, by id."""
        return self._all(_PACKAGES, parse.package, _id, deadline, sort="id,asc")

    def package(self, file_name: str, *, deadline: float | None = None) -> Package:
        """The one package of this file name. OCP searches by keyword, in ways its manual leaves open: where the search
        does not bring the very name, the whole list is read.

        Raises NotFound where no package bears it, BadAnswer where two do.
        """
        whole = self._deadline(deadline)
        params: dict[str, str | int] = {"page": 1, "size": PAGE_SIZE, "keyword": file_name}
        _, found = self._page(_PACKAGES, params, parse.package, whole)
        named = [package for package in found if package.file_name == file_name]
        if not named:
            named = [each for each in self.packages(deadline=whole.left()) if each.file_name == file_name]
        if not named:
            raise NotFound("OCP has no package of this name.", http_status=200)
        if len(named) > 1:
            raise BadAnswer("Two packages of OCP bear the same file name.", http_status=200)
        return named[0]

    def upgrade(self, cluster_id: int, body: bytes) -> UpgradeAnswer:
        """THE POST: `body`, byte for byte, sent once on a connection of its own. It starts an upgrade that cannot
        be rolled back.

        Raises OcpError. Where its `is_sent` is True the upgrade may have started, whatever the error says.
        """
        if not isinstance(body, bytes):
            raise TypeError("the body of an upgrade is the bytes that were approved")
        answer = self._post(f"{_CLUSTERS}/{id_in_url(cluster_id)}/upgrade", body)
        data, trace_id = self._data(answer)
        task = self._parsed(answer, lambda: parse_tasks.task(parse.row(data)), trace_id)
        return UpgradeAnswer(task=task, trace_id=trace_id, http_status=answer.status)

    def tasks(
        self,
        *,
        cluster_id: int | None = None,
        status: Sequence[str] = (),
        page: int = 1,
        size: int = PAGE_SIZE,
        deadline: float | None = None,
    ) -> TaskPage:
        """One page of the task list, newest first. status: OCP's words, none for all; size: 1 to 2,000."""
        if page < 1 or not 1 <= size <= _SIZE_CAP:
            raise ValueError("page counts from 1, size goes from 1 to 2000")
        params: dict[str, str | int] = {"page": page, "size": size, "sort": "id,desc"}
        if cluster_id is not None:
            params["clusterId"] = id_in_url(cluster_id)
        if status:
            params["status"] = ",".join(status)
        found, items = self._page(_TASKS, params, parse_tasks.task, self._deadline(deadline))
        total = found.total if found.is_paged else len(items)
        return TaskPage(items=self._unique(items, _id), total=total, number=page, size=found.size or size)

    def task(self, task_id: int, *, deadline: float | None = None) -> TaskInstance:
        """One task instance in detail: edges, times and operations."""
        answer = self._get(f"{_TASKS}/{id_in_url(task_id)}", {}, self._deadline(deadline))
        data, trace_id = self._data(answer)
        task = self._parsed(answer, lambda: parse_tasks.task(parse.row(data)), trace_id)
        if task.id != task_id:
            raise BadAnswer(f"OCP answered task {task.id} for {task_id}.", http_status=answer.status, trace_id=trace_id)
        return task

    def subtask_log(self, task_id: int, subtask_id: int, *, deadline: float | None = None) -> SubtaskLog:
        """A subtask's log, of a long one the tail. OCP sends all of it each time: read only what somebody looks at."""
        path = f"{_TASKS}/{id_in_url(task_id)}/subtasks/{id_in_url(subtask_id)}/log"
        answer = self._get(path, {}, self._deadline(deadline), is_log=True)
        data, trace_id = self._data(answer)
        text = self._parsed(answer, lambda: parse_tasks.log(parse.row(data)), trace_id)
        tail, is_cut = bodies.tail_of(text, self._log_cap)
        return SubtaskLog(text=tail, is_cut=is_cut or answer.is_cut)

    def retry_task(self, task_id: int) -> ActionAnswer:
        """Run every failed subtask again. Sent once; raises OcpError, whose `is_sent` says whether OCP may have it."""
        return self._act(f"{_TASKS}/{id_in_url(task_id)}/retry")

    def retry_subtask(self, task_id: int, subtask_id: int) -> ActionAnswer:
        """Run one failed subtask again. Sent once, like retry_task()."""
        return self._act(f"{_TASKS}/{id_in_url(task_id)}/subtasks/{id_in_url(subtask_id)}/retry")

    def skip_subtask(self, task_id: int, subtask_id: int) -> ActionAnswer:
        """Call a failed subtask successful without its work. Sent once, like retry_task()."""
        return self._act(f"{_TASKS}/{id_in_url(task_id)}/subtasks/{id_in_url(subtask_id)}/skip")

    def cancel_subtask(self, task_id: int, subtask_id: int) -> ActionAnswer:
        """Let a running subtask fail. Sent once, like retry_task()."""
        return self._act(f"{_TASKS}/{id_in_url(task_id)}/subtasks/{id_in_url(subtask_id)}/cancel")

    def _act(self, path: str) -> ActionAnswer:
        answer = self._post(path)
        _, trace_id = self._data(answer)
        return ActionAnswer(trace_id=trace_id, http_status=answer.status)

    def alarms(
        self, cluster_name: str, *, status: Sequence[str] = ("Active",), deadline: float | None = None
    ) -> FirstPage[Alarm]:
        """Alarms of a cluster. status: Active, Inactive, Silenced, Inhibited; none for all."""
        params: dict[str, str | int] = {"size": _ALARM_SIZE_CAP, "appType": "OB", "obCluster": cluster_name}
        if status:
            params["status"] = ",".join(status)
        return self._first(_ALARMS, params, parse_checks.alarm, _id, deadline)

    def backup_overview(self, cluster_id: int, *, deadline: float | None = None) -> BackupOverview:
        """How the backup of a cluster stands."""
        answer = self._get(f"{_CLUSTERS}/{id_in_url(cluster_id)}/backup/overview", {}, self._deadline(deadline))
        data, trace_id = self._data(answer)
        return self._parsed(answer, lambda: parse_checks.backup_overview(parse.row(data)), trace_id)

    def data_backup_tasks(self, cluster_id: int, *, deadline: float | None = None) -> FirstPage[DataBackupTask]:
        """The backups of a cluster's data that OCP lists first."""
        path = f"{_CLUSTERS}/{id_in_url(cluster_id)}/backup/task/dataBackupTasks"
        return self._first(path, {"size": PAGE_SIZE}, parse_checks.data_backup_task, _id, deadline)

    def audit_records(
        self, operation: str = "UPGRADE_OB_CLUSTER", *, deadline: float | None = None
    ) -> FirstPage[AuditRecord]:
        """OCP's own record of an operation, newest first; our account needs the right AUDIT_VIEWER."""
        params: dict[str, str | int] = {"size": PAGE_SIZE, "sort": "id,desc", "operationEvent": operation}
        return self._first(_AUDIT, params, parse_checks.audit_record, _id, deadline)


def _id(item: Cluster | Server | Package | TaskInstance | Alarm | DataBackupTask | AuditRecord) -> int:
    return item.id
