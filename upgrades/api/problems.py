"""Whatever goes wrong in the API, as problem details (RFC 9457). Nothing of an error of ours but its request id."""

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from upgrades.api.access import Unauthorized
from upgrades.reasons import outage
from upgrades.reasons.problems import MEDIA_TYPE, problem
from upgrades.rules import Reason
from upgrades.services import moves
from upgrades.services.kept_answers import OtherCall
from upgrades.services.rates import TooOften

logger = logging.getLogger(__name__)

_STATUSES: Mapping[type[moves.Refusal], int] = {
    moves.Forbidden: 403,
    moves.TooLate: 409,
    moves.Invalid: 400,
    OtherCall: 422,
    Unauthorized: 401,
    TooOften: 429,
}


def answer(error: Exception, context: Mapping[str, Any]) -> Response:
    """Django REST framework's hook: the answer to any exception of a view."""
    status, reason = _read(error, context)
    field = error.field if isinstance(error, moves.Invalid) else ""
    response = Response(problem(status, reason, field=field), status=status, content_type=MEDIA_TYPE)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="ocpdash"'
    if status == 429:
        seconds = reason.params.get("seconds") or 60 * int(str(reason.params.get("minutes", 1)))
        response.headers["Retry-After"] = str(seconds)
    if status == 503:
        response.headers["Retry-After"] = str(outage.RETRY_SECONDS)
    return response


def _read(error: Exception, context: Mapping[str, Any]) -> tuple[int, Reason]:
    if isinstance(error, moves.Refusal):
        return (429 if error.reason.code == "token.too_many_tries" else _STATUSES[type(error)]), error.reason
    for kind, status, reason in _outer(context):
        if isinstance(error, kind):
            return status, reason
    logger.error("the API failed", exc_info=error)
    if outage.is_away(error):
        return 503, Reason("api.database_away")
    return 500, Reason("api.failed")


def _outer(context: Mapping[str, Any]) -> list[tuple[type[Exception], int, Reason]]:
    """What Django and its REST framework refuse before a service is asked."""
    own = [getattr(parser, "limit", 0) for parser in getattr(context.get("view"), "parser_classes", ())]
    limit = max(own, default=0) or settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
    method = str(context["request"].method)[:20]
    return [
        (Http404, 404, Reason("api.not_found")),
        (exceptions.MethodNotAllowed, 405, Reason("api.wrong_method", {"method": method})),
        (exceptions.NotAcceptable, 406, Reason("api.not_acceptable")),
        (exceptions.UnsupportedMediaType, 415, Reason("api.wrong_type")),
        (RequestDataTooBig, 413, Reason("api.too_large", {"limit": limit // 1024})),
        (exceptions.ParseError, 400, Reason("api.not_json")),
        (PermissionDenied, 403, Reason("api.forbidden")),
        (SuspiciousOperation, 400, Reason("api.bad_request")),
    ]
