"""Test connection from an endpoint's form that comes to no end: the page says why, and keeps what was typed."""

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from tests.browser.conftest import Meet
from upgrades.models import Grant

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_way_not_to_be_answered_is_told_apart(meet: Meet) -> None:
    ada = meet("ada")
    page = ada.page
    page.goto(f"{ada.url}/endpoints/new/")
    for name, text in {"name": "Beijing", "base_url": "http://127.0.0.1:1", "account_name": "ocpdash"}.items():
        page.locator(f"input[name={name}]").fill(text)
    page.locator("input[name=secret]").fill("typed and kept")

    def told(words: str) -> None:
        page.locator("button[value=test]").click()
        expect(page.locator("#tested")).to_contain_text(words)
        expect(page.locator("input[name=secret]")).to_have_value("typed and kept")

    told("Nothing was tried")
    Grant.objects.all().delete()
    told("you may not change endpoints")
    Session.objects.all().delete()
    told("your sign-in has ended")
    page.context.set_offline(True)
    told("could not be reached")
    # Chromium's console names each refusal.
    ada.complaints.clear()
