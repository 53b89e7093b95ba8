"""Sentences of `manage.py invariants`: what is wrong with a row that should never be."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

INVARIANTS: Mapping[str, str | Promise] = {
    "invariant.intents": _("the audit tells of %(count)s intents, not of one"),
    "invariant.sends": _("the audit tells of %(count)s sends"),
    "invariant.other_plan": _("the plan of the request is not the one that the run was approved for"),
    "invariant.other_body": _("the body of the run is not the one that its plan describes"),
    "invariant.other_fingerprint": _("the request and its run have different fingerprints"),
    "invariant.too_few_votes": _("%(count)s people approved what was sent, the policy asks for %(quorum)s"),
    "invariant.two_open_runs": _("cluster %(cluster)s has another open run, %(other)s"),
    "invariant.not_held": _("the run is open and does not hold cluster %(cluster)s"),
    "invariant.still_submitting": _("submitting for longer than a start may be"),
    "invariant.no_run": _("begun, and there is no run"),
    "invariant.not_alike": _("the request says %(status)s, its run %(run)s"),
    "invariant.start_stuck": _("starting for longer than a start may wait"),
    "invariant.expiry_stuck": _("over, and not expired"),
    "invariant.action_stuck": _("asked of OCP for longer than it may wait"),
    "invariant.decision_stuck": _("over, and still open"),
    "invariant.run_unread": _("cannot be read, and nobody has decided"),
    "invariant.move_skipped": _("%(action)s left %(before)s, but the move before it led to %(was)s"),
    "invariant.move_illegal": _("%(action)s led from %(before)s to %(after)s: no legal move"),
    "invariant.not_in_audit": _("the row says %(status)s, its last move in the audit led to %(was)s"),
    "invariant.row_gone": _("the audit tells of it, and there is no such row"),
}
