"""The audit: read, never written here."""

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from upgrades import selectors
from upgrades.api import filters
from upgrades.api.access import caller
from upgrades.api.doors import lists
from upgrades.api.paging import page
from upgrades.api.shapes import Moment, Plain, ReasonField, Shape
from upgrades.forms.audit import AuditFilterForm
from upgrades.models import AuditEvent, Scope


class EventSerializer(Shape):
    """Who did what to which object, when, with which outcome."""

    id = serializers.IntegerField()
    at = Moment()
    action = serializers.CharField()
    outcome = serializers.ChoiceField(choices=AuditEvent.Outcome.values)
    actor = serializers.CharField(source="actor_name", help_text="The username; empty for ocpdash itself.")
    subject_type = serializers.CharField()
    subject_id = serializers.CharField()
    subject_name = serializers.CharField()
    change_request = serializers.IntegerField(source="change_request_id", allow_null=True)
    environment = serializers.CharField()
    before = Plain()
    after = Plain(help_text="`api_token`, where it was done by the API, is the token's prefix.")
    reason = ReasonField(allow_null=True)
    comment = serializers.CharField()
    request_id = serializers.CharField()
    trace_id = serializers.CharField(help_text="OCP's.")
    address = serializers.CharField()


@lists(Scope.AUDIT_READ, EventSerializer, AuditFilterForm)
def audit_list(request: Request) -> Response:
    """The audit events that you may see, newest first."""
    form = filters.read(request, AuditFilterForm)
    return page(request, selectors.audit_list(caller(request), form.conditions()), EventSerializer, ("-pk",))
