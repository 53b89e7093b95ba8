"""Parts of answers that several nouns share. Times are UTC, ids of OCP are texts, reasons have their sentence."""

from datetime import UTC
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field, inline_serializer
from rest_framework import serializers

from upgrades.models import User
from upgrades.reasons.problems import texted as as_texts
from upgrades.reasons.problems import told
from upgrades.rules import Reason
from upgrades.rules.verification import Verdict


class Shape(serializers.Serializer[Any]):
    """What an answer tells; nothing is ever read or saved by it."""


class ReasonSerializer(Shape):
    """Why: a stable code, what its sentence needs, and the sentence in the caller's language."""

    code = serializers.CharField()
    params = serializers.DictField()
    detail = serializers.CharField()


class ProblemSerializer(ReasonSerializer):
    """Problem details (RFC 9457). `field` names the field or parameter, where it is about one."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    request_id = serializers.CharField()
    field = serializers.CharField(required=False)


@extend_schema_field(ReasonSerializer)
class ReasonField(serializers.Field[Any, Any, Any, Any]):
    """A Reason, or the JSON column that holds one."""

    def to_representation(self, value: Any) -> dict[str, Any] | None:
        return told(value if isinstance(value, Reason) else Reason.from_json(value))


class FindingSerializer(ReasonSerializer):
    """One fact beside what the plan says of it."""

    verdict = serializers.ChoiceField(choices=[str(verdict) for verdict in Verdict])


@extend_schema_field(FindingSerializer)
class FindingField(ReasonField):
    """A finding of the verification, as its JSON column holds it."""

    def to_representation(self, value: Any) -> dict[str, Any]:
        return {**(told(Reason.from_json(value)) or {}), "verdict": value["verdict"]}


class Moment(serializers.DateTimeField):
    """A time in UTC."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(default_timezone=UTC, **kwargs)


class OcpId(serializers.CharField):
    """An id of OCP, a Java Long: as text, since a JSON number may lose its last digits."""


@extend_schema_field(OpenApiTypes.OBJECT)
class Plain(serializers.JSONField):
    """A JSON object whose ids of OCP are texts."""

    def to_representation(self, value: Any) -> Any:
        return as_texts(value)


@extend_schema_field(OpenApiTypes.STR)
class Person(serializers.Field[Any, Any, Any, Any]):
    """A person, by username."""

    def to_representation(self, value: User) -> str:
        return value.username


def page_of(shape: type[Shape]) -> Any:
    """A page of a list, for OpenAPI."""
    name = shape.__name__.removesuffix("Serializer")
    fields: dict[str, serializers.Field[Any, Any, Any, Any]] = {
        "items": shape(many=True),
        "next": serializers.CharField(allow_null=True, help_text="The address of the next page; null on the last."),
    }
    return inline_serializer(f"{name}Page", fields)
