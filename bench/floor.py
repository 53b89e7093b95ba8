"""The floor of a start: a Celery application of one task, which posts. A worker of it is started by bench/start.py.

Celery itself reads CELERY_BROKER_URL.
"""

from __future__ import annotations

import os

import requests
from celery import Celery

QUEUE = "floor"

app = Celery("floor")
app.conf.update(
    task_default_queue=QUEUE,
    task_ignore_result=True,
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="floor.post")
def post(number: int) -> None:
    """Post the number to the address in FLOOR_URL."""
    requests.post(os.environ["FLOOR_URL"], json=number, timeout=10).raise_for_status()
