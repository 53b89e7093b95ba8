"""Sentences of rules.standing: what is known of a run's start, and what happens next. %(time)s is the fact's moment."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

STANDING: Mapping[str, str | Promise] = {
    "intended.kept": _("%(time)s, kept before anything was sent"),
    "sent.not_yet": _("not yet: OCP is read a last time first"),
    "sent.never": _("nothing was sent, and nothing will be"),
    "sent.answered": _("%(time)s, once; OCP answered"),
    "sent.found": _("sending began %(time)s; no answer came, its task was found"),
    "sent.no_answer": _("sending began %(time)s; no answer so far, so whether OCP has it is not known"),
    "sent.unknown": _("no moment is kept, so whether it was sent is not known"),
    "seen.task": _("task %(task_id)s, known since %(time)s"),
    "seen.named": _("OCP's answer named task %(task_id)s; ocpdash has not read it yet"),
    "seen.candidates": _("task %(ids)s may be it; nobody has said so"),
    "seen.never_sent": _("nothing was sent"),
    "seen.none": _("OCP shows none, last looked %(time)s"),
    "seen.refused": _("OCP refused, so there is none"),
    "seen.not_looked": _("not looked for yet"),
    "next.submitting": _(
        "The request is sent once and never again. If its answer is lost, ocpdash looks for the task in OCP. Nobody "
        "has to do anything."
    ),
    "next.looking": _(
        "ocpdash looks in OCP each second until %(time)s and adopts the one task that fits. After that two people may "
        "abandon the run. Nothing is sent again."
    ),
    "next.abandon": _(
        "The quiet period ended %(time)s. ocpdash goes on looking each second; two people may abandon the run, below."
    ),
    "next.unknown_status": _("Another version of ocpdash knows the state %(status)s; this one leaves the run alone."),
    "next.adopt": _("Two people may adopt task %(ids)s as this run, below. ocpdash goes on looking and sends nothing."),
    "next.running": _(
        "ocpdash reads OCP at least each %(seconds)s s. When OCP says SUCCESSFUL, ocpdash reads every server itself."
    ),
    "next.failed": _(
        "A failed subtask may be retried, the child's first; ocpdash sees that within %(seconds)s s and goes on. Two "
        "people may close the run, below."
    ),
    "next.unreadable": _("ocpdash goes on trying to read it. Two people may close the run, below."),
    "next.verifying": _(
        "ocpdash reads every server each %(seconds)s s; the first reading that agrees in all verifies the run. A "
        "disagreement is believed only from %(time)s on: OCP's own view lags."
    ),
    "next.verifying_longer": _(
        "ocpdash reads every server each %(seconds)s s; the first reading that agrees in all verifies the run. What "
        "cannot be read keeps it waiting. Two people may close it, below."
    ),
    "next.disagrees": _(
        "ocpdash reads the servers again each %(minutes)s min and verifies the run once they agree. An operator or an "
        "approver may ask for a look now; two people may close the run, below."
    ),
    "next.refused": _("Nothing more: the clusters are free. The request can be copied; votes are given anew."),
    "next.refused_watched": _(
        "The clusters are free. Until %(time)s ocpdash looks whether OCP shows a task for it after all; that "
        "would raise an alarm."
    ),
    "next.held": _(
        "The clusters stay held until OCP shows them RUNNING, one version on all servers, no upgrade at work; or two "
        "people release them, below."
    ),
    "next.free": _("Nothing more: the clusters are free. A task that moves again raises an alarm."),
}
