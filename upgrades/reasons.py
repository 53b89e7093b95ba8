"""A Reason's sentence, in the reader's language. Codes are stored, sentences are made when they are shown."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from upgrades.rules import Reason

SENTENCES: Mapping[str, str | Promise] = {
    # people and signing in
    "sign_in.wrong": _("Username and password do not fit together. Nobody is told which of them is wrong."),
    "sign_in.too_many": _("Too many tries that failed. Try again in %(minutes)s minutes."),
    "sign_in.cannot_count": _("Signing in is not possible now: ocpdash cannot reach Redis to count tries."),
    "user.needs_admin": _("Only an admin of all environments may change people."),
    "user.username_taken": _("The username %(username)s is taken."),
    "user.unknown_grant": _("There is no role %(role)s for the environment %(environment)s."),
    "user.last_admin": _("This is the last admin of all environments: make another one first."),
    "user.already_so": _("Somebody did this for %(username)s already."),
    "user.is_inactive": _("%(username)s is deactivated."),
    "user.link_is_dead": _("This link no longer works: it was used, ran out, or a newer password was set."),
}


def sentence(reason: Reason) -> str:
    """The sentence of `reason`; a code without one is shown as it is, never hidden."""
    words = SENTENCES.get(reason.code)
    return str(words) % dict(reason.params) if words is not None else reason.code
