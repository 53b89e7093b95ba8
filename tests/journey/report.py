"""What a journey prints: progress while it works, then POST log, audit slice, final state and checks."""

import sys
import time
from typing import Any

from tests.journey.house import House
from tests.journey.story import Story

_BEGUN = time.monotonic()


def say(line: str) -> None:
    """One line of progress, with the seconds since the beginning."""
    sys.stdout.write(f"{time.monotonic() - _BEGUN:6.1f} s  {line}\n")
    sys.stdout.flush()


def show(story: Story, house: House, trouble: str) -> bool:
    """Print all there is to know of a story; whether everything was as it must be."""
    lines = ["", f"  CR-{story.number} {story.scenario.cluster}: the look-alike's POST log"]
    lines += [f"    {_post(post)}" for post in story.posts()] or ["    nothing"]
    lines += ["  Audit"]
    lines += [f"    {_event(event)}" for event in house.audit(story.number)]
    run = house.run(story.number)
    lines += [f"  Final state: {run.get('status', 'no run')}, OCP's task {run.get('ocp_task_id')}"]
    if trouble:
        story.check(trouble, is_so=False)
    lines += ["  Checks"]
    lines += [f"    {'ok    ' if is_so else 'FAILED'}  {what}" for what, is_so in story.checks]
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()
    return all(is_so for _what, is_so in story.checks)


def show_sum(outcomes: dict[str, bool]) -> None:
    """One line for each story."""
    for name, is_well in outcomes.items():
        sys.stdout.write(f"{'ok    ' if is_well else 'FAILED'}  {name}\n")
    sys.stdout.flush()


def _post(post: dict[str, Any]) -> str:
    at = time.strftime("%H:%M:%S", time.gmtime(post["at"]))
    answered = "answered" if post["is_answered"] else "not answered"
    code = f" {post['code']}" if post["code"] else ""
    return f"{at} by {post['account']} {post['body']} -> {post['handled']}{code}, {answered}, task {post['task_id']}"


def _event(event: dict[str, Any]) -> str:
    reason = (event["reason"] or {}).get("code", "")
    before, after = event["before"].get("status", ""), event["after"].get("status", "")
    move = f"{before} -> {after}" if before and after else ""
    details = "  ".join(filter(None, (move, reason, "" if event["outcome"] == "done" else event["outcome"])))
    return f"{event['at']:%H:%M:%S.%f} {event['actor_name'] or 'system':10}{event['action']:28}{details}".rstrip()
