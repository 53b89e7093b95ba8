"""The banner of a halt on every page, the page that says why, and the page of the doctor."""

import html

import pytest
from django.test import Client

from tests.factories import make_user
from tests.town import PASSWORD
from upgrades import reasons
from upgrades.models import AuditEvent, Halt
from upgrades.rules import Reason, halts
from upgrades.services import halts as service

pytestmark = pytest.mark.django_db

WHY = Reason("halt.file_missing")


def client_of(*roles) -> Client:
    user = make_user("", *roles, password=PASSWORD)
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return answer.content.decode()


def lift(client: Client, **form: str):
    shown = ",".join(str(halt.pk) for halt in Halt.objects.open())
    return client.post("/halts/lift/", {"comment": "Compared.", "shown": shown, **form})


def test_without_a_halt_no_page_speaks_of_one():
    client = client_of("viewer")
    assert "Nothing is sent to OCP" not in page(client, "/")
    assert "Nothing: what is approved can be started." in page(client, "/halts/")


@pytest.mark.parametrize("path", ["/", "/clusters/", "/change-requests/", "/runs/", "/audit/", "/settings/"])
def test_every_page_of_everybody_says_that_nothing_is_sent(path: str):
    service.declare(halts.Kind.FILE_MISSING, WHY)
    for roles in (("viewer",), (("operator", "dev"),), ("admin",)):
        text = page(client_of(*roles), path)
        assert "Nothing is sent to OCP since" in text
        assert 'href="/halts/"' in text
    assert "Nothing is sent to OCP since" not in Client().get("/sign-in/").content.decode()


def test_the_gravest_is_named_in_the_banner():
    service.declare(halts.Kind.FILE_MISSING, WHY)
    service.declare(halts.Kind.RESTORED, Reason("halt.send_unknown", {"id": 17}))
    text = page(client_of("viewer"), "/halts/")
    assert "The database was restored: nothing is sent to OCP" in text
    assert "the start of CR-17 was sent" in text
    assert "Only an admin of all environments may let things be sent again." in text


def test_an_admin_lifts_with_a_word_that_stays_and_nobody_else_does():
    service.declare(halts.Kind.FILE_MISSING, WHY)
    for roles in (("viewer",), ("operator",), ("approver",), ("auditor",), (("admin", "production"),)):
        assert lift(client_of(*roles)).status_code == 403
    admin = client_of("admin")
    answer = lift(admin, comment=" ")
    assert answer.status_code == 400
    assert (
        "Say in 1 to 4000 characters" in answer.content.decode() or "This field is required" in answer.content.decode()
    )
    assert lift(admin, shown="4711").status_code == 409
    assert lift(admin, comment="<b>New disk</b>").status_code == 302
    text = page(admin, "/halts/")
    assert "&lt;b&gt;New disk&lt;/b&gt;" in text
    assert "Nothing is sent to OCP since" not in text
    assert AuditEvent.objects.filter(action="halt.lift", outcome="done").count() == 1
    assert lift(admin).status_code == 409


def test_an_admins_word_that_it_was_restored_is_kept():
    service.declare(halts.Kind.OTHER_SERVER, Reason("halt.other_server", {"before": "a", "now": "b"}))
    assert lift(client_of("admin"), is_restored="on").status_code == 302
    assert sorted(Halt.objects.values_list("kind", flat=True)) == ["other_server", "restored"]


def test_the_doctor_is_for_admins_of_all_and_tells_the_remedy():
    for roles in (("viewer",), ("operator",), ("auditor",), (("admin", "production"),)):
        client = client_of(*roles)
        assert client.get("/doctor/").status_code == 403
        assert 'href="/doctor/"' not in page(client, "/")
    admin = client_of("admin")
    assert 'href="/doctor/"' in page(admin, "/")
    text = page(admin, "/doctor/")
    assert "No worker has compared a file of its own with the database within a day." in text
    assert "Start the workers, and give STATE_DIR a folder that outlives restarts." in text
    service.declare(halts.Kind.FILE_MISSING, WHY)
    assert f"Nothing is sent to OCP. {reasons.sentence(WHY)}" in html.unescape(page(admin, "/doctor/"))
