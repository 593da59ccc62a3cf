"""What a fill looks like, wherever one is shown: hollow where we rested, solid where we took."""

from __future__ import annotations

from textual.content import Content

from tui.widgets.panel import GOOD, WARN, line

MAKER, TAKER, FORCED = ("○", GOOD), ("●", WARN), ("!", WARN)
OF_KIND = {"make": MAKER, "take": TAKER, "forced": FORCED}
NAMES = {"make": "maker", "take": "taker", "forced": "forced"}


def legend() -> Content:
    return line(MAKER, " maker  ", TAKER, " taker")
