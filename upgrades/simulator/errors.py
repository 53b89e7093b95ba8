"""OCP's error codes as far as the look-alike speaks them, with HTTP statuses and messages.

Codes are those of OCP V4.2.2's error table; the statuses are inferred from ocp-express' exception kinds.
"""

CODES: dict[str, tuple[int, str]] = {
    "IAM10000": (401, "You have not logged in, or the logon is wrong."),
    "IAM10004": (401, "Wrong username or password. You have {0} tries left."),
    "IAM10007": (401, "The account is temporarily locked."),
    "IAM10014": (403, "The client IP {0} is restricted after too many attempts."),
    "IAM11000": (403, "You are not authorised for this operation."),
    "COM10001": (400, "Input parameter {0} is empty or invalid."),
    "COM10002": (404, "There is no record of type {0} for parameter {1}."),
    "COM10005": (409, "A conflict occurred during processing."),
    "COM10009": (403, "Permission denied on the resource."),
    "COM20003": (409, "Multi-server concurrency protection failed. Try again later."),
    "OBE11001": (404, "The cluster with ID {0} does not exist."),
    "OBE11003": (400, "Cluster {0} of type {1} does not support the operation."),
    "OBE11004": (400, "The operation needs at least version {1}."),
    "OBE11007": (400, "Cluster {0} in the {1} state does not support the operation."),
    "OBE11008": (400, "Cluster {0} supports the operation only in the {1} state."),
    "OBE11013": (400, "The name of the RPM package must be given."),
    "OBE11015": (400, "The cluster has a standby cluster."),
    "OBE11020": (409, "The previous O&M task of the cluster is still in progress."),
    "OBE11023": (400, "The hardware architecture of the host does not match the cluster."),
    "OBE11028": (500, "OCP cannot reach the OceanBase cluster."),
    "OBE11062": (400, "The upgrade path file cannot be read."),
    "OBE11063": (400, "There is no upgrade path from version {0} to {1}."),
    "OBE11065": (403, "You are not authorised to upgrade cluster {0}:{1}."),
    "OBE11067": (400, "A package on the upgrade path is missing: architecture {0}, version {1}."),
    "OBE11068": (400, "The standby cluster {0} with ID {1} is not taken over."),
    "OBE11070": (400, "Stopping zone {0} leaves tenant {1} without a majority."),
    "OBE11082": (400, "Illegal upgrade path: there is no {1} package with a build later than {0}."),
    "OBE12101": (400, "The operation is not allowed on the OCP meta cluster {0}."),
    "PKG10006": (400, "The package information cannot be parsed."),
    "PKG10007": (400, "The package is in use."),
    "PKG10012": (409, "Package {0} already exists."),
    "PKG10013": (400, "Package type {1} is not supported; {0} is needed."),
    "PKG10014": (404, "Package {0} does not exist."),
    "PKG10016": (400, "Package name {0} is invalid."),
    "TSK10001": (404, "Task {0} does not exist."),
    "TSK10007": (400, "Task {0} in the {1} state does not support the operation."),
    "TSK10009": (400, "Task {0} cannot be rolled back."),
    "TSK10010": (400, "Subtask {0} cannot be skipped."),
    "TSK10016": (400, "Task {0} must be in the {1} state."),
    "TSK10017": (400, "The task is {0}; it must be {1}."),
    "UNEXPECTED": (500, "Unexpected error."),
}


class Refusal(Exception):
    """An answer with one of OCP's codes instead of data."""

    def __init__(self, code: str, *arguments: object) -> None:
        self.code = code
        self.http_status, template = CODES.get(code, (400, "The operation failed."))
        self.message = template.format(*arguments, *("-",) * 2)
        super().__init__(code, self.message)
