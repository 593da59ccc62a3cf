"""Completes the path that is being typed: what is proposed stands behind the cursor, and the right arrow takes it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from textual.suggester import Suggester

LOOKED_AT = 2_000  # entries of a folder


class PathSuggester(Suggester):
    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """Of the last of several paths: the first entry of its folder, by name, that begins like it."""
        before, space, last = value.rpartition(" ")
        head, slash, start = last.rpartition("/")
        if not start or set("*?[=") & set(last):
            return None
        folder = Path(f"{head}{slash}" or ".").expanduser()
        try:
            names = sorted(one.name + "/" * one.is_dir() for one in islice(folder.iterdir(), LOOKED_AT))
        except OSError:
            return None
        found = next((name for name in names if name.startswith(start) and name != start), None)
        return None if found is None else f"{before}{space}{head}{slash}{found}"
