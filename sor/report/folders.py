"""Results of several symbols in one folder, each written once and whole, whoever writes: `DIR/RUN/SYMBOL/`.

Several processes share the folder. A result is made in a folder of its own beside its place and moved there in one
step; whoever comes second finds it taken. What was incomplete or failed is made again by the next process.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import quote

from sor.errors import SorError
from sor.report.files import REPORT
from sor.report.model import Report

FAILED = "failed.json"


class ResultFolders:
    """The folder of one run."""

    def __init__(self, folder: Path, run: str) -> None:
        self.folder = folder / _name(run)
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sor-", dir=self.folder) as now:
            self._began = os.stat(now).st_mtime  # by the clock of the files that it is compared with

    def place(self, symbol: str) -> Path:
        return self.folder / _name(symbol)

    def has(self, symbol: str) -> bool:
        """A result that is whole, or that was written since we began."""
        place = self.place(symbol)
        try:
            return self.problem(symbol) is None or place.stat().st_mtime >= self._began
        except OSError:
            return False

    def problem(self, symbol: str) -> str | None:
        """What is wrong with the result of a symbol, in words; None where it is whole. OSError where there is none."""
        place = self.place(symbol)
        try:
            complete = json.loads((place / REPORT).read_bytes())["stream"]["complete"]
        except FileNotFoundError:
            return str(json.loads((place / FAILED).read_bytes())["error"])
        return "the run is incomplete" if complete is False else None

    def write(self, symbol: str, report: Report) -> bool:
        """True if it is ours that is there now."""
        with tempfile.TemporaryDirectory(prefix=".sor-", dir=self.folder) as desk:
            report.write(Path(desk) / "result")
            return self._put(symbol, Path(desk))

    def write_failure(self, symbol: str, error: SorError) -> bool:
        with tempfile.TemporaryDirectory(prefix=".sor-", dir=self.folder) as desk:
            (Path(desk) / "result").mkdir()
            (Path(desk) / "result" / FAILED).write_text(json.dumps({"symbol": symbol, "error": str(error)}) + "\n")
            return self._put(symbol, Path(desk))

    def _put(self, symbol: str, desk: Path) -> bool:
        if self.has(symbol):
            return False
        place = self.place(symbol)
        if place.exists():  # of an earlier process, and not whole
            shutil.move(place, desk / "old")
        try:
            os.rename(desk / "result", place)
        except OSError:
            if not place.exists():
                raise
            return False  # another was first
        return True


def _name(text: str) -> str:
    """A name that every file system takes, and that can be read back."""
    name = quote(text, safe="+ @=,")
    return f"%2E{name[1:]}" if name.startswith(".") else name
