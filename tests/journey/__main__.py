"""python -m tests.journey [--answer lost ...] [--fail STEP] [--lying] [--silence]
[--unlucky retried ...]; without options every story."""

import argparse
import os
import shutil
import sys

from playwright.sync_api import Browser, Error, sync_playwright

from tests.journey import report, scenarios
from tests.journey.house import House
from tests.journey.scenarios import Scenario
from tests.journey.story import SPEED
from tests.journey.unlucky import UnluckyStory


def chosen() -> list[Scenario]:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="make journey ARGS=...", description=__doc__)
    parser.add_argument("--answer", action="append", choices=scenarios.ANSWERS, help="how OCP answers the upgrade")
    parser.add_argument("--fail", metavar="STEP", help=f'a step that fails once, such as "{scenarios.STEP}"')
    parser.add_argument("--lying", action="store_true", help="OCP says SUCCESSFUL, one server stays old")
    parser.add_argument("--silence", action="store_true", help="OCP is silent for a while")
    parser.add_argument("--unlucky", action="append", choices=scenarios.UNLUCKY, help="what people do about a failure")
    asked = parser.parse_args()
    found = [scenarios.ANSWERS[name] for name in asked.answer or ()]
    found += [scenarios.failing(asked.fail)] if asked.fail else []
    found += [scenarios.LYING] if asked.lying else []
    found += [scenarios.SILENCE] if asked.silence else []
    found += [scenarios.UNLUCKY[name] for name in asked.unlucky or ()]
    return found or list(scenarios.ALL)


def play(scenario: Scenario, house: House, browser: Browser) -> bool:
    """One story, printed; whether everything was as it must be."""
    report.say(f"--- {scenario.name}: {scenario.about}")
    story = UnluckyStory(scenario, house, browser, report.say)
    trouble = ""
    try:
        story.play()
    except (AssertionError, Error, OSError) as error:
        trouble = str(error)
    finally:
        house.control("DELETE", "/faults")
    return report.show(story, house, trouble)


def main() -> int:
    """Play the stories one after another; 1 where a check failed."""
    stories = chosen()
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    report.say("starting the demo's processes")
    with House(speed=SPEED) as house, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        report.say(f"ocpdash is at {house.url}, the look-alike's control port at {house.control_url}")
        outcomes = {scenario.name: play(scenario, house, browser) for scenario in stories}
        browser.close()
    report.show_sum(outcomes)
    return 0 if all(outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
