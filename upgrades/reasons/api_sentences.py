"""Codes that programs meet: of API tokens, and of calls that the API itself refuses."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    # API tokens
    "token.needed": _("Send an API token: Authorization: Bearer ocpdash_…"),
    "token.unknown": _("There is no such API token."),
    "token.revoked": _("The API token %(prefix)s is revoked."),
    "token.expired": _("The API token %(prefix)s has expired."),
    "token.owner_inactive": _("The owner of the API token %(prefix)s is deactivated."),
    "token.too_many_tries": _("Too many tries with bad API tokens. Try again in %(minutes)s minutes."),
    "token.scope_missing": _("The API token lacks the scope %(scope)s."),
    "token.not_owner": _("Only its owner or an admin of all environments may revoke an API token."),
    "token.name_length": _("A name has 1 to %(most)s characters."),
    "token.scopes_needed": _("Choose what the token may be used for."),
    "token.life_length": _("A token lives 1 to %(most)s days."),
    "token.too_many": _("You have %(most)s tokens that are good: revoke one first."),
    # the API
    "api.too_often": _("More than %(limit)s calls in a minute. Call again in %(seconds)s seconds."),
    "api.not_found": _("There is nothing here that you may see."),
    "api.forbidden": _("This is not permitted to you."),
    "api.csrf": _("The session's CSRF token is missing or old. Programs use an API token instead."),
    "api.wrong_method": _("The method %(method)s does not exist here."),
    "api.not_acceptable": _("The API answers in JSON alone."),
    "api.wrong_type": _("Send a body of type application/json."),
    "api.too_large": _("The body is too large: at most %(limit)s KiB."),
    "api.not_json": _("The body is no JSON object that can be read."),
    "api.failed": _("ocpdash itself failed. Nothing is known of what was done: read it again. Its log says more."),
    "api.database_away": _(
        "ocpdash's database does not answer. Upgrades that are running go on in OCP. Nothing is known of what was "
        "done: read it again in some seconds."
    ),
    "api.bad_request": _("The request cannot be read."),
    "api.unknown_parameter": _("There is no parameter %(name)s here. Known are: %(known)s."),
    "api.bad_parameter": _("The parameter %(name)s has a value that cannot be used."),
    "api.bad_cursor": _("This cursor was not made here, or for other filters: begin at the first page again."),
    "api.unknown_field": _("There is no field %(name)s here that can be given. Known are: %(known)s."),
    "api.bad_field": _("The field %(name)s is missing or has a value that cannot be used."),
    "api.bad_key": _("An Idempotency-Key has 1 to 100 visible ASCII characters."),
    "api.key_used": _("This Idempotency-Key belongs to another call that you made in the last 24 hours."),
}
