# What the rules of transport.yaml must catch (ruleid) and must let pass (ok).
import ssl

# ruleid: http-outside-the-one-client
import requests

# ruleid: http-outside-the-one-client
import urllib.request

# ruleid: http-outside-the-one-client
from http.client import HTTPSConnection

# ok: http-outside-the-one-client
from urllib.parse import urlsplit


def read(session, url, context, context_of):
    # ruleid: tls-not-verified
    session.get(url, verify=False)
    # ruleid: tls-not-verified
    session.verify = False
    # ruleid: tls-not-verified
    context.check_hostname = False
    # ruleid: tls-not-verified
    context.verify_mode = ssl.CERT_NONE
    # ruleid: tls-not-verified
    context_of(ssl._create_unverified_context())
    # ok: tls-not-verified
    session.get(url, verify="/etc/ca.pem")
    # ruleid: redirect-followed
    session.get(url, allow_redirects=True)
    # ok: redirect-followed
    session.get(url, allow_redirects=False)


def start(task, app, live, transaction, run):
    # ruleid: celery-outside-its-doors
    task.delay(run.pk)
    # ruleid: celery-outside-its-doors
    task.apply_async(args=[run.pk])
    # ruleid: celery-outside-its-doors
    app.send_task("upgrades.submit", args=[run.pk])
    # ok: celery-outside-its-doors
    task.run(run.pk)
    # ruleid: ring-before-the-commit
    live.ring()
    # ruleid: ring-before-the-commit
    live.publish(run.pk, run.version)
    # ok: ring-before-the-commit
    transaction.on_commit(live.ring)
    # ok: ring-before-the-commit
    transaction.on_commit(lambda: live.publish(run.pk, run.version))
