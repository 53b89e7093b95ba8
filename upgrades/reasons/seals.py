"""Sentences of rules.seals: what a check of the audit trail found, and where."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SEALS: Mapping[str, str | Promise] = {
    "seal.event_changed": _("Event %(event)s of %(at)s was changed after seal %(seq)s was set on it."),
    "seal.event_removed": _("The event %(event)s that seal %(seq)s stands for is gone, or the seal points elsewhere."),
    "seal.event_added": _(
        "No seal, though later events have one: %(count)s from event %(event)s to %(last)s. "
        "They were added outside ocpdash, or their seals were removed."
    ),
    "seal.backdated": _(
        "Event %(event)s says %(at)s, much earlier than the one sealed before it (seal %(seq)s): it was added later "
        "than it says, or the database's clock was put back."
    ),
    "seal.order_changed": _("Event %(event)s of %(at)s under seal %(seq)s changed places with another one."),
    "seal.changed": _("Seal %(seq)s itself was changed (event %(event)s of %(at)s)."),
    "seal.either_changed": _("Event %(event)s of %(at)s does not fit seal %(seq)s: one of the two was changed."),
    "seal.rewritten": _(
        "Seal %(seq)s was written anew (event %(event)s of %(at)s): seal %(next)s names another hash of it."
    ),
    "seal.removed": _("Seals %(first)s to %(last)s are gone."),
    "seal.forked": _("There are two seals %(seq)s, the second one for event %(event)s of %(at)s."),
    "seal.head_differs": _(
        "Seal %(seq)s has another hash than the one that was kept: the chain was written anew there or before."
    ),
    "seal.tail_cut": _("The chain ends at seal %(last)s, but reached seal %(seq)s: its end was cut off."),
    "seal.unsealed": _(
        "Without a seal for more than a minute: %(count)s from event %(event)s to %(last)s. No worker seals them."
    ),
}
