"""How many requests OCP still takes from us, as it says on its answers.

Source: ocp-doc V4.2.2, API/200.api-call-description.md: RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset (s).
"""

from collections.abc import Mapping
from dataclasses import dataclass

_DIGITS_CAP = 9


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Of `limit` requests (None where OCP did not say) `remaining` are left; the count begins anew in `reset_seconds`.

    Both are OCP's word, so they may be absurd: the caller caps what it believes.
    """

    limit: int | None
    remaining: int
    reset_seconds: int

    @property
    def is_used_up(self) -> bool:
        """Whether the next request would be one too many."""
        return self.remaining == 0 and self.reset_seconds > 0


def of_headers(headers: Mapping[str, str]) -> RateLimit | None:
    """What an answer's headers say; None where they say nothing that can be read."""
    remaining, reset = digits(headers.get("RateLimit-Remaining")), digits(headers.get("RateLimit-Reset"))
    if remaining is None or reset is None:
        return None
    return RateLimit(digits(headers.get("RateLimit-Limit")), remaining, reset)


def digits(text: str | None) -> int | None:
    """A number from 0, at most nine digits long; None for anything else."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > _DIGITS_CAP:
        return None
    return int(text)
