"""A room that is crowded, or a file that is long, has more than one subject."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = [path.relative_to(ROOT) for top in ("sor", "tui", "scripts") for path in (ROOT / top).rglob("*.py")]


def test_no_room_has_more_than_sixteen_files() -> None:
    crowded = {str(room): count for room, count in Counter(path.parent for path in FILES).items() if count > 16}
    assert FILES
    assert crowded == {}


def test_no_file_has_more_than_four_hundred_lines() -> None:
    lines = {str(path): len((ROOT / path).read_text("utf-8").splitlines()) for path in FILES}
    assert {path: count for path, count in lines.items() if count > 400} == {}
