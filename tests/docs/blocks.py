"""Code blocks of pages, in order, and what a page says about those that are not to be run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
_FENCE = re.compile(
    r"^(?P<said><!-- (?P<skip>not run here: )?[^\n]*-->\n)?```(?P<kind>sh|python)\n(?P<code>.*?)^```$", re.M | re.S
)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, its text, and whether the page says why it is not run."""

    kind: str
    code: str
    skipped: bool


def blocks(page: Path) -> list[Block]:
    """The `sh` and `python` blocks of a page, in order."""
    found = _FENCE.finditer(page.read_text("utf-8"))
    return [Block(one["kind"], one["code"], one["skip"] is not None) for one in found]
