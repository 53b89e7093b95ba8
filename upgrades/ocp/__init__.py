"""A client of OCP's REST API. No Django here: it could be published alone."""

from upgrades.ocp.auth import BasicAuth
from upgrades.ocp.client import OcpClient
from upgrades.ocp.signing import AccessKeyAuth

__all__ = ["AccessKeyAuth", "BasicAuth", "OcpClient"]
