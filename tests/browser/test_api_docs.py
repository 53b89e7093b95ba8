"""Swagger's page in a real browser: under our policy, by the session, and what it does is done."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Meet
from upgrades.models import ApiToken, AuditEvent, Cluster

pytestmark = pytest.mark.django_db(transaction=True)


def test_swagger_tries_a_call_by_the_session_of_who_looks(meet: Meet) -> None:
    olga = meet("olga")
    page = olga.page
    page.set_default_timeout(60_000)
    page.goto(f"{olga.url}/api/v1/docs/")
    call = page.locator("#operations-request-request_create")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    cluster = Cluster.objects.get(name="coupon_dev")
    target = cluster.endpoint.packages.get(file_name="oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm")
    body = f'{{"cluster": {cluster.pk}, "target_file_name": "{target.file_name}", "purpose": "Tried."}}'
    call.locator("textarea").fill(body)
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table .response-col_status").last).to_contain_text("201", timeout=60_000)
    event = AuditEvent.objects.get(action="change_request.create")
    assert (event.actor_name, "api_token" in event.after, ApiToken.objects.exists()) == ("olga", False, False)
