"""How a request is signed. A signer sees the whole prepared request, since an access key signs all of it."""

import base64
from typing import Protocol

import requests
from requests.auth import AuthBase

MASK = "***"


class Signer(Protocol):
    """Puts our identity on a prepared request, and takes our secrets out of a text."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest: ...

    def masked(self, text: str) -> str: ...


class BasicAuth(AuthBase):
    """HTTP Basic with UTF-8 credentials (RFC 7617), good for all versions of OCP.

    Raises ValueError for an empty user name, or one with a colon.
    """

    def __init__(self, username: str, password: str) -> None:
        if not username or ":" in username:
            raise ValueError("The user name of OCP must not be empty, nor contain a colon.")
        self._username = username
        self._password = password
        self._token = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")

    def __repr__(self) -> str:
        return f"BasicAuth({self._username!r}, {MASK})"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Basic {self._token}"
        return request

    def masked(self, text: str) -> str:
        """`text` without our password and token, for words that come back from outside."""
        for secret in (self._token, self._password):
            if secret:
                text = text.replace(secret, MASK)
        return text
