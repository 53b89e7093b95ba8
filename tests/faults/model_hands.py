"""The hands of tests/faults/test_model.py: one request, everybody at it, and the services as each calls them."""

import copy
from contextlib import contextmanager
from functools import partial

from django.db import connection
from hypothesis.stateful import RuleBasedStateMachine

from tests import scenes
from tests.conftest import clean_database
from tests.factories import make_user
from tests.faults import checker
from tests.faults.model import OK, PEOPLE, REQUESTER, ROLES, Model
from tests.scenes import control, posts
from upgrades.models import ChangeRequest, Cluster, Endpoint, UpgradeRun, User, Vote
from upgrades.services import change_requests, moves, users, votes
from upgrades.simulator.server import LookAlike


class Crashed(BaseException):
    """The process ends here: no code of the product's catches it."""


@contextmanager
def crash_at(statement):
    """Crash before that SQL statement, counted from 0; where there are not so many, nothing happens."""
    left = statement

    def count(execute, *given):
        nonlocal left
        if not left:
            raise Crashed
        left -= 1
        return execute(*given)

    with connection.execute_wrapper(count):
        yield


class Hands(RuleBasedStateMachine):
    """A draft of olga's on a look-alike of its own. `settings` and `superuser_url` are given by the test."""

    settings = None
    superuser_url = ""
    model: Model

    def __init__(self):
        super().__init__()
        self.look_alike = LookAlike(speed=0)
        self.look_alike.start()
        scenes.connect(self.look_alike, self.settings)
        for name in PEOPLE:
            make_user(name, *[role for role, names in ROLES.items() if name in names], *["auditor"][: name == "uma"])
        self.cluster = Cluster.objects.get(name=scenes.CLUSTER)
        self.pk = change_requests.create(
            cluster=self.cluster, target_file_name=scenes.TARGET, purpose="0", actor=self.person(REQUESTER)
        ).pk
        self.refusals = 0
        self.ended = {}

    def teardown(self):
        try:
            found = checker.violations(checker.read(self.superuser_url, [self.look_alike]), is_settled=False)
            assert found == [], found
        finally:
            self.look_alike.stop()
            clean_database(self.superuser_url)

    def person(self, name):
        """Read anew, as each web request does."""
        return User.objects.get(username=name)

    def request(self):
        return ChangeRequest.objects.select_related("endpoint", "cluster", "requester").get(pk=self.pk)

    def run(self):
        return UpgradeRun.objects.select_related("endpoint", "change_request").get(pk=self.pk)

    def endpoint(self):
        return Endpoint.objects.get(pk=self.cluster.endpoint_id)

    def crashes(self, statement, work, **given):
        """Whether a process that was to end at that statement came to it."""
        try:
            with crash_at(statement):
                work(**given)
        except Crashed:
            return True
        return False

    @contextmanager
    def at_once(self, name):
        """A time of the settings is over as soon as it begins. The rows keep theirs: the checker reads them."""
        former = getattr(self.settings, name)
        setattr(self.settings, name, 0.0)
        yield
        setattr(self.settings, name, former)

    def answer_next_post(self, mode):
        control(self.look_alike, "POST", "/answer", mode="plain")
        if mode != "plain":
            control(self.look_alike, "POST", "/answer", mode=mode)

    def set_roles(self, name, roles):
        """By an admin, as everything that the audit trail is to tell."""
        users.set_grants(actor=self.person("ada"), user=self.person(name), grants=[(role, "") for role in roles])

    def outcome(self, call, **given):
        """OK, or the name of the refusal."""
        try:
            call(**given)
        except moves.Refusal as refusal:
            self.refusals += 1
            return type(refusal).__name__
        return OK

    def may(self, what, who):
        """What the model would answer."""
        return getattr(copy.deepcopy(self.model), what)(who)

    def act(self, what, who):
        request, person = self.request(), self.person(who)
        assert self.outcome(self.call(what, request, person)) == getattr(self.model, what)(who), f"{who}: {what}"

    def call(self, what, request, person):
        """The service's function for an act, ready to be called."""
        return partial(getattr(self, f"_{what}", partial(self._vote, what)), request, person)

    def _edit(self, request, person):
        change_requests.edit(
            change_request=request,
            target_file_name=request.target_file_name,
            purpose=f"{request.purpose[:50]} {request.revision}",
            lock_version=request.lock_version,
            actor=person,
        )

    def _submit(self, request, person):
        change_requests.submit(change_request=request, lock_version=request.lock_version, actor=person)

    def _vote(self, verdict, request, person):
        votes.cast(
            change_request=request, verdict=verdict, comment="Why.", fingerprint=request.fingerprint, actor=person
        )

    def _take_back(self, request, person):
        change_requests.take_back(change_request=request, actor=person)

    def _withdraw(self, request, person):
        change_requests.withdraw(change_request=request, actor=person)

    def _start(self, request, person):
        change_requests.start(change_request=request, fingerprint=request.fingerprint, actor=person)

    def _call_off(self, request, person):
        change_requests.call_off(change_request=request, actor=person)

    def failed_tasks(self):
        """OCP's ids of what failed of our upgrade: the children first, whose parent would fail again without them."""
        parent = posts(self.look_alike)[0]["task_id"]
        tasks = control(self.look_alike, "GET", "/state")["tasks"]
        own = [task for task in tasks if parent in (task["id"], task["parent_id"]) and task["status"] == "FAILED"]
        return [task["id"] for task in sorted(own, key=lambda task: task["id"] == parent)]

    def was_approved_by_others(self):
        """By the rows alone: enough votes on what runs, of approvers who neither asked for it nor edited it."""
        request, run = self.request(), self.run()
        valid = Vote.objects.filter(change_request=request, verdict="approve", fingerprint=run.fingerprint)
        valid = valid.exclude(voter=request.requester).exclude(voter__in=request.editors.values("user"))
        assert valid.filter(voter__grants__role="approver").distinct().count() >= request.quorum
