"""Sentences of halts: why nothing is sent to OCP, and what that does to a request, a run or a retry."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

HALTS: Mapping[str, str | Promise] = {
    "halt.in_force": _("Nothing is sent to OCP now: the database may be older than what ocpdash has done."),
    "halt.epoch_unknown": _(
        "A worker's file knows epoch %(epoch)s of this database, and the database does not: it is an older one, or "
        "another."
    ),
    "halt.send_unknown": _(
        "A worker's file knows that the start of CR-%(id)s was sent, and the database does not: it was restored."
    ),
    "halt.action_unknown": _(
        "A worker's file knows that run action %(id)s was sent, and the database does not: it was restored."
    ),
    "halt.seal_unknown": _(
        "A worker's file knows seal %(seq)s of the audit trail, and the database has none or another one (its last is "
        "%(last)s): it was restored, or its trail was written anew."
    ),
    "halt.restored_by_word": _("%(who)s says that the database was restored."),
    "halt.other_server": _(
        "The database lies elsewhere than before: it was promoted, moved or restored (%(before)s became %(now)s)."
    ),
    "halt.file_missing": _(
        "A worker has no file of its own any more, and people's votes stand: whether the database was restored since "
        "cannot be told."
    ),
    "halt.file_unreadable": _("Nothing is sent from this worker: its file %(path)s cannot be read (%(detail)s)."),
    "halt.file_unwritable": _("Nothing is sent from this worker: its file %(path)s cannot be written (%(detail)s)."),
    "halt.voided": _("The database was restored: what was decided before that no longer stands. Votes are given anew."),
    "halt.run_in_doubt": _(
        "The database was restored while this start was under way: nobody knows whether OCP has it."
    ),
    "halt.needs_admin": _("Only an admin of all environments may let things be sent again."),
    "halt.others_now": _("Something else stops the sending by now, or nothing any more. Look at the page again."),
    "halt.comment_missing": _("Say in 1 to %(most)s characters what happened and what was checked."),
    "halt.not_settled": _("What was decided before the restore is still being voided. Try again in some seconds."),
}
