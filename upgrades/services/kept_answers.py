"""A call that is sent twice under one Idempotency-Key acts once: its answer is kept for a day.

Idempotency-Key: draft-ietf-httpapi-idempotency-key-header.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from upgrades.models import KeptAnswer, User
from upgrades.rules import Reason
from upgrades.services.moves import Invalid, Refusal

KEPT = timedelta(hours=24)
_KEY = re.compile(r"[\x21-\x7e]{1,100}")


class OtherCall(Refusal):
    """The key belongs to another call of this person (422)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON text of an answer; `is_again`: it was given before, and nothing was done now."""

    status: int
    body: str
    is_again: bool = False


def once(*, user: User, key: str, call: str, act: Callable[[], Answer]) -> Answer:
    """The answer of `act`, which is called at most once in a day for `user` and `key`.

    `call` is a hash of what was asked. A twin at the same moment waits for the first. What `act` refuses changed
    nothing and is not kept. Raises Invalid for a bad key, OtherCall, or the Refusal of `act`.
    """
    if not _KEY.fullmatch(key):
        raise Invalid(Reason("api.bad_key"), "Idempotency-Key")
    with transaction.atomic():
        KeptAnswer.objects.filter(user=user, created_at__lt=Now() - KEPT).delete()
        taken = _take(user, key, call)
        if not taken:
            return _again(user, key, call)
        try:
            answer = act()
        except Refusal as refusal:
            # The record of the refusal stays, so that this transaction is not undone.
            KeptAnswer.objects.filter(user=user, key=key).delete()
            refused = refusal
        else:
            KeptAnswer.objects.filter(user=user, key=key).update(status=answer.status, body=answer.body)
            return answer
    raise refused


def _take(user: User, key: str, call: str) -> bool:
    """Whether the key is ours now. PostgreSQL lets the second of two inserts wait until the first is committed."""
    try:
        with transaction.atomic():
            KeptAnswer.objects.create(user=user, key=key, call=call)
    except IntegrityError:
        return False
    return True


def _again(user: User, key: str, call: str) -> Answer:
    row = KeptAnswer.objects.get(user=user, key=key)
    if row.call != call:
        raise OtherCall(Reason("api.key_used"))
    return Answer(row.status, row.body, is_again=True)
