"""The sentences about retry, skip and cancel."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: Mapping[str, str | Promise] = {
    "decision.action_open": _("What became of a retry, skip or cancel of this run is not known yet."),
    "run_action.wrong_run": _("The run is “%(status)s” now: only what is running or failed can be acted on."),
    "run_action.no_such_step": _("OCP shows no such subtask in this run."),
    "run_action.other_state": _("OCP shows %(name)s as %(seen)s; this needs %(wanted)s."),
    "run_action.rolling_back": _(
        "Task %(task_id)s is being rolled back in OCP: it cannot be retried, skipped or cancelled."
    ),
    "run_action.child_first": _(
        "The child task %(task_id)s comes first: %(name)s failed there. This subtask only waits for it, and would "
        "fail again."
    ),
    "run_action.child_runs": _(
        "This subtask only waits for task %(task_id)s, which runs on in OCP whatever is cancelled here."
    ),
    "run_action.unreadable": _(
        "The run cannot be read in OCP now: nobody knows what this would act on. Nothing was sent."
    ),
    "run_action.ocp_silent": _("OCP does not answer now: what is shown may be old. Nothing was sent."),
    "run_action.another_open": _("%(kind)s was asked for already, by %(who)s, and OCP has not shown the outcome yet."),
    "run_action.not_sent": _("The connection never stood: nothing was sent to OCP."),
    "run_action.no_answer": _(
        "It was sent, and no answer came. OCP is read to see what became of it; it is not sent again."
    ),
    "run_action.not_seen_yet": _(
        "OCP took it and does not show the effect yet. It is read again; nothing is sent again."
    ),
    "run_action.refused_by_ocp": _("OCP refused it (%(http_status)s %(code)s)."),
    "run_action.odd_answer": _(
        "OCP's answer does not say whether it took it (%(http_status)s %(code)s). OCP is read; it is not sent again."
    ),
    "run_action.seen_though_refused": _(
        "OCP refused ours and shows the effect: somebody else did it, or a proxy sent ours twice."
    ),
    "run_action.never_seen": _(
        "OCP never showed the effect in the time that it was looked for. It may be asked for again."
    ),
    "run_action.run_over": _("The run ended before OCP showed the effect."),
    "run_action.worker_lost": _(
        "The Celery worker was lost while it sent. Whether OCP took it is not known; it is not sent again."
    ),
    "run_action.waited_too_long": _("OCP could not be read before it in time. Nothing was sent."),
    "run_action.took_too_long": _("The last look at OCP took too long. Nothing was sent."),
}
