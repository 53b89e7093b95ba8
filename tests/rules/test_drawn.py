"""Fixed graphs are drawn as they were when somebody last looked at them."""

from difflib import unified_diff

from tests.rules.drawn import KEPT, drawn


def test_fixed_graphs_are_drawn_as_they_were():
    kept = KEPT.read_text(encoding="utf-8").splitlines()
    moved = list(unified_diff(kept, drawn().splitlines(), "drawn.txt", "now", lineterm="", n=0))
    assert not moved, "\n".join(["python -m tests.rules.drawn keeps what is meant:", *moved[:40]])
