"""Carrying an act out: its answer as JSON, and the same answer again for the same Idempotency-Key."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from upgrades.api.access import caller
from upgrades.services import kept_answers


def answer(request: Request, act: Callable[[], dict[str, Any]], *, status: int = 200) -> HttpResponse:
    """Call `act`, which calls one service and returns what the answer tells. Raises its Refusal."""

    def done() -> kept_answers.Answer:
        return kept_answers.Answer(status, JSONRenderer().render(act()).decode())

    key = request.headers.get("Idempotency-Key")
    given = done() if key is None else kept_answers.once(user=caller(request), key=key, call=_call(request), act=done)
    response = HttpResponse(given.body, status=given.status, content_type="application/json")
    if given.status == 201:
        response.headers["Location"] = json.loads(given.body)["url"]
    if given.is_again:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _call(request: Request) -> str:
    """What is asked, as a hash: the same text of another order or spacing is the same."""
    asked = json.dumps([request.method, request.path, request.data], sort_keys=True)
    return hashlib.sha256(asked.encode()).hexdigest()
