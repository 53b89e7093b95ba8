"""What the tests of pages share: a reader, a page's text, requests and runs in the way."""

import re
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from asgiref.sync import async_to_sync
from django.db import connections
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from upgrades.models import Cluster, User

T = TypeVar("T")


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.content[:2000]
    return response.content.decode()


def names_of(client: Client, query: str = "") -> list[str]:
    """The clusters that the list shows, in order."""
    return re.findall(r'<a class="name long" href="[^"]*"><bdi>([^<]*)</bdi>', text_of(client, "/clusters/" + query))


def page_of(cluster: Cluster) -> str:
    return reverse("clusters-detail", args=[cluster.pk])


def awaited(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What `work` comes to, over this test's connection; in a thread of its own, for a browser has a loop in ours."""

    def run() -> T:
        connections["default"] = shared
        return async_to_sync(work)()

    shared = connections["default"]
    shared.inc_thread_sharing()
    try:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(run).result()
    finally:
        shared.dec_thread_sharing()


def sent(answer: HttpResponseBase) -> bytes:
    """The body of an answer that is sent in parts, read as a server reads it."""

    async def joined() -> bytes:
        return b"".join([part async for part in cast(AsyncIterator[bytes], answer)])

    return awaited(joined)
