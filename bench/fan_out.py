"""The floor of streams: the least that passes on what Redis says to every open answer. Started by bench/viewers.py and
bench/live.py with a port; prints nothing. What is published in CHANNEL is one event of each stream.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress

import redis.asyncio

CHANNEL = "floor"
_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    b"Access-Control-Allow-Origin: *\r\nConnection: close\r\n\r\n: here\n\n"
)


async def serve(port: int) -> None:
    """Serve for ever."""
    writers: set[asyncio.StreamWriter] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(_HEAD)
            writers.add(writer)
            await reader.read()
        writers.discard(writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", port, backlog=4096)
    listener = redis.asyncio.Redis.from_url(os.environ["REDIS_URL"]).pubsub()
    await listener.subscribe(CHANNEL)
    async with server:
        async for message in listener.listen():
            if message["type"] == "message":
                event = b"event: state\ndata: " + message["data"] + b"\n\n"
                for writer in writers:
                    writer.write(event)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
