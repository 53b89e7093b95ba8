"""A button that may be pressed is one, whatever stands above it; the reason of another button is not its own."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse

from tests.scenes import Cast
from tests.views.acting import client_of, in_review, run_of, url
from upgrades.services import decisions

pytestmark = pytest.mark.django_db


def form_of(page: str, address: str) -> str:
    """The form that sends to `address`."""
    found = re.search(rf'<form[^>]*action="{re.escape(address)}".*?</form>', page, re.DOTALL)
    assert found is not None, address
    return found[0]


def test_a_requester_can_take_back_and_withdraw_while_others_vote() -> None:
    cast = Cast()
    change_request = in_review(cast)
    page = client_of(cast.olga).get(url("detail", change_request)).content.decode()
    for action in ("take-back", "withdraw"):
        form = form_of(page, url(action, change_request))
        assert '<button type="submit"' in form
        assert "aria-disabled" not in form


def test_a_proposer_who_cannot_confirm_can_withdraw_the_proposal() -> None:
    cast = Cast()
    run = run_of(in_review(cast))
    shown = decisions.evidence_hash(decisions.evidence(run, "abandon"))
    decision = decisions.propose(
        run=run, kind="abandon", purpose="OCP shows nothing.", evidence_hash=shown, actor=cast.olga
    )
    request = RequestFactory().get("/")
    request.user = cast.olga
    page = render_to_string("upgrades/decisions/_panel.html", {"run": run, "user": cast.olga}, request)
    form = form_of(page, reverse("decisions-withdraw", args=[decision.pk]))
    assert '<button type="submit"' in form
    assert "aria-disabled" not in form
