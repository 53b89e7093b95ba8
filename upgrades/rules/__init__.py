"""Pure rules: values in, verdicts out. No Django, no I/O, no clock.

Rules speak in codes: a Reason is a code and its parameters. Its sentence is made when it is shown, in the
reader's language; rows, plans and findings store to_json().
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

ParamValue = str | int | bool | None | tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a rule says what it says.

    code: stable dotted word such as "path.none"; params: what its sentence needs. A list among the params is
    kept as a tuple, so that reasons can be compared, hashed and put in sets.
    Raises TypeError for a parameter that JSON would not carry unchanged (a float, a nested mapping).
    """

    code: str
    params: Mapping[str, ParamValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frozen = {name: _frozen(self.params[name]) for name in sorted(self.params)}
        object.__setattr__(self, "params", MappingProxyType(frozen))

    def __hash__(self) -> int:
        return hash((self.code, tuple(self.params.items())))

    def __reduce__(self) -> tuple[type[Reason], tuple[str, dict[str, ParamValue]]]:
        return Reason, (self.code, dict(self.params))

    def to_json(self) -> dict[str, Any]:
        """Return {"code": str, "params": {name: str | int | bool | None | list}}, ready for a JSON column."""
        params = {name: list(value) if isinstance(value, tuple) else value for name, value in self.params.items()}
        return {"code": self.code, "params": params}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Reason:
        """Return the reason that to_json() wrote. Raises KeyError when the code is missing."""
        return cls(stored["code"], stored.get("params") or {})


def _frozen(value: Any) -> ParamValue:
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, str | int) for item in value):
        return tuple(value)
    raise TypeError(f"A reason's parameter must be text, a whole number, a flag or a list of these, not {value!r}.")
