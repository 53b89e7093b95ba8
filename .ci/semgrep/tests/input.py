# What the rules of input.yaml must catch (ruleid) and must let pass (ok).
import json
import os

# ruleid: unpickled
import pickle
import subprocess
from datetime import UTC, datetime

import yaml
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import mark_safe


def take(text):
    # ruleid: unpickled
    pickle.loads(text)
    # ruleid: unpickled
    yaml.load(text)
    # ok: unpickled
    yaml.safe_load(text)
    # ok: unpickled
    json.loads(text)


def run(text):
    # ruleid: evaluated
    eval(text)
    # ruleid: evaluated
    exec(text)
    # ruleid: evaluated
    os.system(text)
    # ruleid: evaluated
    subprocess.run(text, shell=True)
    # ok: evaluated
    subprocess.run(["pg_ctl", "start"])


# ruleid: csrf-exempt
@csrf_exempt
def open_door(request):
    return None


# ok: csrf-exempt
@require_POST
def door(request):
    return None


def show(name):
    # ruleid: markup-by-hand
    mark_safe("<b>" + name + "</b>")
    # ruleid: markup-by-hand
    format_html(f"<b>{name}</b>")
    # ok: markup-by-hand
    format_html("<b>{}</b>", name)


def when():
    # ruleid: time-without-a-zone
    datetime.now()
    # ruleid: time-without-a-zone
    datetime.utcnow()
    # ok: time-without-a-zone
    datetime.now(UTC)


def lead(request, next_url):
    # ruleid: redirect-to-what-was-asked
    redirect(request.GET["next"])
    # ruleid: redirect-to-what-was-asked
    HttpResponseRedirect(request.POST.get("next", "/"))
    # ok: redirect-to-what-was-asked
    redirect(next_url(request))
