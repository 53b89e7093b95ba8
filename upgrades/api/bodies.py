"""What comes in a body: one JSON object, of a bounded size, with no field that is not known."""

import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from upgrades.forms.change_requests import TEXT_LIMIT
from upgrades.rules import Reason, attachments
from upgrades.services.moves import Invalid

LONGEST_NAME = 100
# The serializers would also take "on" for true and "3" for 3, in any script: "I have read it" is said by true alone.
_TYPES: tuple[tuple[type[serializers.Field[Any, Any, Any, Any]], type], ...] = (
    (serializers.BooleanField, bool),
    (serializers.IntegerField, int),
    (serializers.Field, str),
)


class JsonParser(BaseParser):
    """UTF-8 JSON, read no further than DATA_UPLOAD_MAX_MEMORY_SIZE, or `limit` where a door has its own."""

    media_type = "application/json"
    limit = 0

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The value. Raises RequestDataTooBig or ParseError."""
        limit = self.limit or settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        text = stream.read(limit + 1)
        if len(text) > limit:
            raise RequestDataTooBig
        try:
            return json.loads(text.decode("utf-8"), parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError from error


class FileParser(JsonParser):
    """The same with room for one file in base64, which makes four characters of three bytes; it may be broken up."""

    limit = attachments.MOST_BYTES * 3 // 2


def _refuse(word: str) -> None:
    raise ValueError(word)


class Body(serializers.Serializer[Any]):
    """The fields that a call takes. Any other is refused by name: nobody hands in a status or a requester."""

    def to_internal_value(self, data: Any) -> Any:
        """The values of the known fields of a JSON object. Raises Invalid for another field, and for another type."""
        unknown = sorted(str(name) for name in set(data) - set(self.fields))
        if unknown:
            known = ", ".join(self.fields) or "-"
            raise Invalid(Reason("api.unknown_field", {"name": unknown[0][:LONGEST_NAME], "known": known}), unknown[0])
        for name, value in data.items():
            if type(value) is not _type_of(self.fields[name]):
                raise Invalid(Reason("api.bad_field", {"name": name}), name)
        return super().to_internal_value(data)


def _type_of(field: Any) -> type:
    return next(kind for of, kind in _TYPES if isinstance(field, of))


def given(request: Request, body: type[Body]) -> dict[str, Any]:
    """The fields of `request`'s body. Raises Invalid with the first field that is missing or cannot be used."""
    if not isinstance(request.data, Mapping):
        raise Invalid(Reason("api.not_json"))
    form = body(data=request.data)
    if not form.is_valid():
        name = str(next(iter(form.errors)))
        raise Invalid(Reason("api.bad_field", {"name": name}), name)
    return dict(form.validated_data)


class NoFields(Body):
    """A call that takes none."""


class LockBody(Body):
    """What was read before: a call on an older state is refused (409)."""

    lock_version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class CommentBody(Body):
    """Why."""

    comment = serializers.CharField(required=False, default="", allow_blank=True, max_length=TEXT_LIMIT)
