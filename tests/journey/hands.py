"""Two ways to use a page: by mouse, and by keyboard alone."""

from typing import Protocol

from playwright.sync_api import Locator, Page

# No page of ours has more places to stop at.
MOST_STOPS = 400

HAS_FOCUS = "element => document.activeElement === element"
# Whoever uses the keyboard alone has to see where it is.
IS_SEEN = """element => {
  const style = getComputedStyle(element);
  return element.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
}"""
IS_IN_SAME_GROUP = """element => {
  const here = document.activeElement;
  return here && here.type === 'radio' && here.name === element.name && here.form === element.form;
}"""


class Hands(Protocol):
    """What a person does to a page."""

    def press(self, target: Locator) -> None:
        """Press a button or follow a link."""

    def write(self, target: Locator, text: str) -> None:
        """Put text into a field."""

    def choose(self, target: Locator) -> None:
        """Choose a radio button or tick a box."""


class Mouse:
    """Clicks; text is typed after a click into the field."""

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.click()
        target.fill(text)

    def choose(self, target: Locator) -> None:
        target.check()


class Keys:
    """Tab, Space, Enter and the arrows; the mouse stays where it is."""

    def __init__(self, page: Page) -> None:
        self._keyboard = page.keyboard

    def press(self, target: Locator) -> None:
        self._go_to(target)
        self._keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        self._go_to(target)
        self._keyboard.press("ControlOrMeta+A")
        self._keyboard.insert_text(text)

    def choose(self, target: Locator) -> None:
        if target.get_attribute("type") == "radio":
            self._go_to_radio(target)
        else:
            self._go_to(target)
        if not target.is_checked():
            self._keyboard.press("Space")

    def _go_to(self, target: Locator) -> None:
        target.wait_for()
        for _ in range(MOST_STOPS):
            if target.evaluate(HAS_FOCUS):
                assert target.evaluate(IS_SEEN), f"nothing shows the focus on {target}"
                return
            self._keyboard.press("Tab")
        raise AssertionError(f"Tab does not reach {target}")

    def _go_to_radio(self, target: Locator) -> None:
        """Tab stops once in a group of radio buttons; arrows go through it."""
        target.wait_for()
        for _ in range(MOST_STOPS):
            if target.evaluate(HAS_FOCUS):
                return
            self._keyboard.press("ArrowDown" if target.evaluate(IS_IN_SAME_GROUP) else "Tab")
        raise AssertionError(f"the keyboard does not reach {target}")
