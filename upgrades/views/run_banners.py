"""What a run's page says first: what happened, what it means, the evidence, one next step. Never two in one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from upgrades import reasons
from upgrades.models import UpgradeRun
from upgrades.rules import Reason, workflow
from upgrades.templatetags.ocpdash import time_text
from upgrades.views.run_facts import Freshness, Plan
from upgrades.views.run_graph import RunDrawing

_S = workflow.RunStatus


@dataclass(frozen=True, slots=True)
class Banner:
    """One banner; `code` names it for the live region, which speaks when a new one appears."""

    code: str
    status: str
    title: str
    text: str = ""
    evidence: str = ""
    link_url: str = ""
    link_text: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a banner may speak of."""

    run: UpgradeRun
    drawing: RunDrawing
    plan: Plan
    fresh: Freshness

    @property
    def name(self) -> str:
        return self.run.change_request.cluster.name

    @property
    def why(self) -> str:
        return sentence(self.run.status_reason)

    @property
    def since(self) -> str:
        return time_text(self.run.status_at, "seconds")


def of(facts: Facts) -> list[Banner]:
    """The banners of a run, the gravest first."""
    return list(_all(facts))


def sentence(stored: Mapping[str, object] | None) -> str:
    """The sentence of a stored reason; "" without one."""
    return reasons.sentence(Reason.from_json(stored)) if stored else ""


def _all(facts: Facts) -> Iterator[Banner]:
    run = facts.run
    if run.alarm:
        title = _("Alarm: something moved after the end")
        evidence = _("Seen %(time)s.") % {"time": time_text(run.alarm_at, "seconds")} if run.alarm_at else ""
        yield Banner("alarm", "failed", title, sentence(run.alarm), evidence)
    if run.unreadable_since and not run.is_final and facts.fresh.ocp_since is None:
        title = _("OCP answers, but this run cannot be read since %(time)s")
        words = {"time": time_text(run.unreadable_since, "seconds")}
        text = _("What you see was true then. The upgrade itself goes on in OCP, or not: ocpdash does not know.")
        yield Banner("unreadable", "stale", title % words, text, sentence(run.unreadable_reason))
    if run.ocp_word:
        title = _("OCP uses a word that ocpdash does not know: %(word)s") % {"word": run.ocp_word}
        yield Banner("word", "warning", title, _("The run stays as it was until OCP says something known."))
    yield from _BY_STATUS.get(run.status, _unknown)(facts)
    yield from _in_console(facts)
    if run.late_evidence:
        yield _late(run.late_evidence)
    if run.is_final:
        yield from _still_held(run)


def _in_console(facts: Facts) -> Iterator[Banner]:
    """What somebody did in OCP to an open run; OCP does not say who."""
    if facts.run.is_final:
        return
    event = facts.run.subtask_events.filter(action=None).exclude(act="").order_by("-pk").first()
    if event is None:
        return
    words = {"act": event.act, "name": event.name, "time": time_text(event.seen_at, "seconds")}
    title = _("In OCP, not by ocpdash: %(act)s of %(name)s, seen %(time)s") % words
    text = _("Somebody acts on this upgrade in OCP's console. OCP does not say who; its own audit may.")
    link = f"{facts.drawing.address.selecting(f'{event.task_ocp_id}/{event.subtask_ocp_id}')}#chosen"
    yield Banner("console", "warning", title, text, "", link, _("Show the subtask"))


def _late(pieces: Sequence[Mapping[str, Any]]) -> Banner:
    title = ngettext(
        "%(count)s piece of evidence came after the run had moved on",
        "%(count)s pieces of evidence came after the run had moved on",
        len(pieces),
    ) % {"count": len(pieces)}
    last = pieces[-1]
    if last.get("reason"):
        said = sentence(last["reason"])
    else:
        words = {name: last.get(name) or _("none") for name in ("http_status", "code", "task_id")}
        said = _("The last one: OCP's answer to the start, %(http_status)s, code %(code)s, task %(task_id)s.") % words
    return Banner("late", "warning", title, _("It changed nothing but this record; the audit has all of it."), said)


def _still_held(run: UpgradeRun) -> Iterator[Banner]:
    names = [hold.cluster.name for hold in run.holds.select_related("cluster").order_by("cluster__ocp_id")]
    if not names:
        return
    title = _("Still held: %(names)s") % {"names": ", ".join(names)}
    text = _(
        "No other upgrade starts there until OCP shows each of them RUNNING, one version on its servers, and no "
        "upgrade at work; or until two people free them, below."
    )
    yield Banner("held", "warning", title, text)


def _submitting(facts: Facts) -> Iterator[Banner]:
    yield Banner(
        "submitting",
        "running",
        _("The start is on its way to OCP, once"),
        _("OCP is read a last time, then the request is sent. It is never sent twice."),
        _intended(facts.run),
    )


def _unconfirmed(facts: Facts) -> Iterator[Banner]:
    run = facts.run
    looks = _("ocpdash looks for it in OCP each second and will not send it again.")
    if run.sent_at is None:
        title = _("Unconfirmed: nobody knows whether the start was sent")
    else:
        title = _("Unconfirmed: the start was sent, OCP's answer was lost")
    quiet = run.intent_at + timedelta(seconds=settings.QUIET_PERIOD_SECONDS)
    if run.candidates:
        ids = ", ".join(str(number) for number in run.candidates)
        seen = _("seen in OCP: task %(ids)s") % {"ids": ids}
        after = _("Two people may adopt it as this run, below.")
    else:
        seen = _seen_nothing(run)
        after = _("From %(time)s on two people may abandon it, below.") % {"time": time_text(quiet, "seconds")}
    yield Banner("unconfirmed", "unconfirmed", title, f"{facts.why} {looks}", f"{_intended(run)} · {seen} · {after}")


def _seen_nothing(run: UpgradeRun) -> str:
    if run.swept_at is None:
        return _("not looked for in OCP yet")
    return _("OCP shows nothing, last looked %(time)s") % {"time": time_text(run.swept_at, "clock")}


def _intended(run: UpgradeRun) -> str:
    words = {
        "intent": time_text(run.intent_at, "seconds"),
        "sent": time_text(run.sent_at, "clock") if run.sent_at else _("not known"),
    }
    return _("Intended %(intent)s · sent %(sent)s") % words


def _running(facts: Facts) -> Iterator[Banner]:
    failed = facts.drawing.failed
    if failed:
        # Not a plural: Chinese has one form for all numbers, and the first one names none.
        title = _("%(name)s and %(more)s more failed in OCP") if failed[1:] else _("%(name)s failed in OCP")
        words = {"name": facts.drawing.graph.steps[failed[0]].name, "more": len(failed) - 1}
        text = _("OCP goes on with what runs beside it and then stops. Nothing after it starts by itself.")
        yield Banner("step-failed", "failed", title % words, text, "", *_jump(facts, failed[0]))


def _failed(facts: Facts) -> Iterator[Banner]:
    failed = facts.drawing.failed
    steps = ", ".join(facts.drawing.graph.steps[key].name for key in failed[:3])
    title = _("OCP ended the task as FAILED, seen %(time)s") % {"time": facts.since}
    text = _(
        "FAILED is not final: the failed subtask can be retried, the child task's first, here or in OCP. ocpdash sees "
        "it and goes on. The run stays open and keeps its clusters."
    )
    evidence = _("Failed: %(steps)s.") % {"steps": steps} if steps else ""
    yield Banner("failed", "failed", title, text, evidence, *(_jump(facts, failed[0]) if failed else ("", "")))


def _jump(facts: Facts, key: str) -> tuple[str, str]:
    return f"{facts.drawing.address.selecting(key)}#n-{key}", _("Jump to the failure")


def _verifying(facts: Facts) -> Iterator[Banner]:
    unread = [sentence(finding) for finding in facts.run.findings if finding.get("verdict") == "unread"]
    title = _("OCP says SUCCESSFUL, seen %(time)s. Ended, not yet verified") % {"time": facts.since}
    text = _("ocpdash reads every server, min_observer_version and compatible itself before it says that it went well.")
    yield Banner("verifying", "verifying", title, text, " ".join(unread[:3]))


def _verified(facts: Facts) -> Iterator[Banner]:
    at = facts.run.verified_at or facts.run.status_at
    words = {"time": time_text(at, "seconds"), "name": facts.name, "version": facts.plan.target}
    title = _("Verified %(time)s: %(name)s runs %(version)s") % words
    agree = sum(finding.get("verdict") == "agrees" for finding in facts.run.findings)
    text = ngettext("%(count)s finding agrees.", "%(count)s findings agree.", agree) % {"count": agree}
    yield Banner("verified", "verified", title, text)


def _disagrees(facts: Facts) -> Iterator[Banner]:
    wrong = [sentence(finding) for finding in facts.run.findings if finding.get("verdict") == "disagrees"]
    title = ngettext(
        "Disagrees: OCP says SUCCESSFUL, %(count)s finding says otherwise",
        "Disagrees: OCP says SUCCESSFUL, %(count)s findings say otherwise",
        len(wrong),
    ) % {"count": len(wrong)}
    text = " ".join([*wrong[:3], _("The run stays open; nobody is told that it went well.")])
    looked = facts.run.observed_at
    evidence = _("Last looked %(time)s.") % {"time": time_text(looked, "seconds")} if looked else ""
    yield Banner("disagrees", "disagrees", title, text, evidence)


def _refused(facts: Facts) -> Iterator[Banner]:
    again = f"{reverse('requests-create')}?cluster={facts.run.change_request.cluster_id}&copy={facts.run.pk}"
    title = _("Refused: no upgrade was started by this request")
    text = _("The clusters are free. One click copies the request; votes are given anew.")
    yield Banner("refused", "refused", title, facts.why, text, again, _("Copy it into a new request"))


def _abandoned(facts: Facts) -> Iterator[Banner]:
    title = _("Abandoned %(time)s: OCP never showed a task for it") % {"time": facts.since}
    text = _("The clusters stay held until OCP shows them whole and at rest. A late match raises an alarm.")
    yield Banner("abandoned", "abandoned", title, text, facts.why)


def _rolled_back(facts: Facts) -> Iterator[Banner]:
    title = _("Rolled back in OCP's console, seen %(time)s") % {"time": facts.since}
    text = _("This is no success. OCP's manual says that an upgrade cannot be rolled back: look at the servers.")
    yield Banner("rolled_back", "rolled_back", title, text, facts.why)


def _closed(facts: Facts) -> Iterator[Banner]:
    title = _("Closed by two people %(time)s, not verified") % {"time": facts.since}
    text = _("Whether the upgrade went well is not known to ocpdash.")
    yield Banner("closed", "closed", title, text, facts.why)


def _unknown(facts: Facts) -> Iterator[Banner]:
    title = _("Another version of ocpdash gave this run a state that is not known here: %(word)s")
    text = _("Nothing of this run is touched by the version that shows this page. Others go on.")
    yield Banner("status", "warning", title % {"word": facts.run.status}, text)


_BY_STATUS: Mapping[str, Callable[[Facts], Iterator[Banner]]] = {
    _S.SUBMITTING: _submitting,
    _S.UNCONFIRMED: _unconfirmed,
    _S.RUNNING: _running,
    _S.FAILED: _failed,
    _S.VERIFYING: _verifying,
    _S.VERIFIED: _verified,
    _S.DISAGREES: _disagrees,
    _S.REFUSED: _refused,
    _S.ABANDONED: _abandoned,
    _S.ROLLED_BACK: _rolled_back,
    _S.CLOSED: _closed,
}
