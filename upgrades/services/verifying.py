"""Verifying a run that OCP calls successful: ocpdash reads the servers itself."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from upgrades import live, selectors
from upgrades.models import Endpoint, UpgradeRun
from upgrades.ocp.errors import OcpError
from upgrades.rules import Reason, verification, workflow
from upgrades.rules.verification import Judgement, Outcome
from upgrades.services import endpoints, fleet, observing, readability, readings, runs, watching

LEASE_SECONDS = 5
_AFTER_END = (workflow.RunStatus.VERIFYING, workflow.RunStatus.DISAGREES)


def due(endpoint: Endpoint) -> list[UpgradeRun]:
    """Runs of `endpoint` whose servers are to be read now, the longest due first."""
    rows = UpgradeRun.objects.filter(endpoint=endpoint, status__in=_AFTER_END)
    is_due = Q(verify_due_at=None) | Q(verify_due_at__lte=Now())
    rows = rows.filter(is_due).select_related("endpoint", "change_request")
    return list(rows.order_by(F("verify_due_at").asc(nulls_first=True), "pk"))


def verify_due(endpoint: Endpoint) -> None:
    """Look at every run of `endpoint` that is due, one after another, until OCP is silent.

    All are taken at once: with each tick one more Celery worker would else wait for an OCP that hangs.
    """
    for run in [run for run in due(endpoint) if _claim(run, settings.OCP_TOTAL_SECONDS + LEASE_SECONDS)]:
        run.refresh_from_db(fields=["verify_due_at"])
        verify(run)
        if endpoints.is_silent(Endpoint.objects.get(pk=endpoint.pk)):
            return


def verify(run: UpgradeRun) -> None:
    """Read clusters, servers and parameters of every affected cluster, and move `run` where they decide.

    verified at the first complete agreeing read; disagrees once the same disagreement stands DISAGREE_AFTER_SECONDS
    after the end. Takes the run by compare-and-set on `verify_due_at`: who comes second, or with an old row, does
    nothing. Takes OCP_TOTAL_SECONDS at most. Raises nothing of OCP's.
    """
    if not _claim(run, settings.VERIFY_SECONDS):
        return
    observation = selectors.observation()
    at = observing.moment_of(observation)
    endpoint = Endpoint.objects.get(pk=run.endpoint_id)
    if not endpoints.may_read(endpoint, at):
        readability.lose(run, readability.why_not_asked(endpoint), observation=observation)
        return
    try:
        reading = fleet.read(run, endpoints.client(endpoint), at)
    except OcpError as error:
        readability.lose(run, readability.blame(endpoint, error, at), observation=observation)
        return
    _apply(run, reading, observation=observation, at=at)


def _claim(run: UpgradeRun, seconds: float) -> bool:
    """Put the next look off by `seconds`; False where somebody else has the run."""
    rows = UpgradeRun.objects.filter(pk=run.pk, status__in=_AFTER_END, verify_due_at=run.verify_due_at)
    return rows.update(verify_due_at=Now() + timedelta(seconds=seconds)) == 1


def _apply(run: UpgradeRun, reading: fleet.Reading, *, observation: int, at: datetime) -> None:
    """Write one reading and make its move. An older reading than what the row holds writes nothing."""
    target = (run.change_request.plan or {})["target"]
    judged = verification.judge(target["version"], target["build"], reading.facts)
    with transaction.atomic():
        rows = UpgradeRun.objects.filter(pk=run.pk, status__in=_AFTER_END, observation__lt=observation)
        if not rows.update(observation=observation):
            return
        run.refresh_from_db()
        _write(run, judged, reading, at)
        if reading.trouble is not None:
            # This read is the newest now, and must not be taken for a newer good one.
            readability.lose(run, reading.trouble, observation=observation + 1)
        _move(run, judged, at)


def _write(run: UpgradeRun, judged: Judgement, reading: fleet.Reading, at: datetime) -> None:
    """Keep findings and what was read; a new version only where these or the readability changed."""
    findings = [finding.to_json() for finding in judged.findings]
    kept = readings.merge(run.readings, reading.records)
    is_changed = findings != run.findings or readings.untimed(kept) != readings.untimed(run.readings)
    changes: dict[str, Any] = {"findings": findings, "readings": kept, "verify_due_at": _next_look(run, at)}
    if reading.trouble is None:
        changes["observed_at"] = at
        # That the servers can be read says nothing about a task that cannot.
        is_changed |= not readability.is_about_task(run) and readability.regain(run)
    if is_changed:
        changes["version"] = F("version") + 1
        transaction.on_commit(lambda: live.publish(run.pk, run.version))
    UpgradeRun.objects.filter(pk=run.pk).update(**changes)


def _next_look(run: UpgradeRun, at: datetime) -> datetime:
    is_believed = run.status == workflow.RunStatus.DISAGREES
    return at + timedelta(seconds=settings.DISAGREE_SECONDS if is_believed else settings.VERIFY_SECONDS)


def _move(run: UpgradeRun, judged: Judgement, at: datetime) -> None:
    before, since = run.disagreement, run.disagreement_since
    run.refresh_from_db()
    if judged.outcome is Outcome.AGREES:
        runs.move(run, "verify", fields={"verified_at": at, "disagreement": "", "disagreement_since": None})
        watching.stop_watching_earlier(run)
        return
    since = since if judged.disagreement == before else at
    UpgradeRun.objects.filter(pk=run.pk).update(
        disagreement=judged.disagreement, disagreement_since=since if judged.disagreement else None
    )
    if run.status == workflow.RunStatus.VERIFYING and _is_believed(run, judged.disagreement, before, at):
        count = sum(finding.verdict is verification.Verdict.DISAGREES for finding in judged.findings)
        fields = {"verify_due_at": at + timedelta(seconds=settings.DISAGREE_SECONDS)}
        runs.move(run, "disagree", reason=Reason("verify.disagrees", {"count": count}), fields=fields)


def _is_believed(run: UpgradeRun, disagreement: str, before: str, at: datetime) -> bool:
    after = timedelta(seconds=settings.DISAGREE_AFTER_SECONDS)
    ended_at = run.ended_at or run.status_at
    return verification.stands(disagreement, before, now=at, ended_at=ended_at, after=after)
