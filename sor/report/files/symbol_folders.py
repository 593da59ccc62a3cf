"""Results of several symbols in one folder, each written once and whole by one of many processes: `DIR/RUN/SYMBOL/`.

Several processes share the folder. A result is made in a folder of its own beside its place and moved there in one
step; any process that comes second finds it taken. What was incomplete or failed is made again by the next process.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from sor.errors import InputError, SorError
from sor.files.writing import file_name
from sor.report.files.folder import NAMES, REPORT, write
from sor.report.model import ReportData

FAILED = "failed.json"

# What a result is worth. One of a run whose end marker had not come is replaced by whatever is made after it, else the
# other members would wait for that for ever: a failure, and an incomplete one, are final where the end has come.
NOTHING, BEFORE_END, FINAL, WHOLE = range(4)


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
        """A result that is whole, or that was written since we began; and where nobody can write one."""
        place = self.place(symbol)
        try:
            problem = self.problem(symbol)
            return problem is None or _is_in_the_way(place) or place.stat().st_mtime >= self._began
        except OSError:
            return False

    def problem(self, symbol: str) -> str | None:
        """What is wrong with the result of a symbol, in words; None where it is whole. OSError where there is none."""
        place = self.place(symbol)
        try:
            found = self._problem(symbol)
        except OSError:
            if not _is_in_the_way(place):
                raise
            return _in_the_way(place)
        return _in_the_way(place) if found and _is_in_the_way(place) else found

    def _problem(self, symbol: str) -> str | None:
        try:
            try:
                complete = self._stream(symbol)["complete"]
            except FileNotFoundError:
                return str(json.loads((self.place(symbol) / FAILED).read_bytes())["error"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return "its result is damaged"
        return "the run is incomplete" if complete is False else None

    def made_before_end(self, symbol: str) -> bool:
        """Whether a result that is there was made of a run whose end marker had not come yet."""
        try:
            return self._stream(symbol)["expected"] is None and not _is_in_the_way(self.place(symbol))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return False

    def _stream(self, symbol: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.place(symbol) / REPORT).read_bytes())["stream"]
        return found

    def write(self, symbol: str, report: ReportData) -> bool:
        """True if it is ours that is there now. Without pictures: to draw them takes longer than all of the rest, and
        the page has its own drawings."""
        with tempfile.TemporaryDirectory(prefix=".sor-", dir=self.folder) as desk:
            write(report, Path(desk) / "result", pictures=False)
            return self._put(symbol, Path(desk), _worth_of(report.data["stream"]))

    def write_failure(self, symbol: str, error: SorError) -> bool:
        with tempfile.TemporaryDirectory(prefix=".sor-", dir=self.folder) as desk:
            (Path(desk) / "result").mkdir()
            (Path(desk) / "result" / FAILED).write_text(json.dumps({"symbol": symbol, "error": str(error)}) + "\n")
            return self._put(symbol, Path(desk), FINAL)

    def _put(self, symbol: str, desk: Path, worth: int) -> bool:
        if self.has(symbol) and worth <= self._worth(symbol):
            return False  # the first result is kept, unless this one is worth more
        place = self.place(symbol)
        if os.path.lexists(place):  # of an earlier process, and not whole
            if not _is_ours(place):
                raise InputError(_in_the_way(place))
            shutil.move(place, desk / "old")
        try:
            os.rename(desk / "result", place)
        except OSError:
            if not place.exists():
                raise
            return False  # another was first
        return True

    def _worth(self, symbol: str) -> int:
        if self.problem(symbol) is None:
            return WHOLE
        if _is_in_the_way(self.place(symbol)):
            return NOTHING
        return BEFORE_END if self.made_before_end(symbol) else FINAL


def _worth_of(stream: dict[str, Any]) -> int:
    if stream["complete"] is not False:
        return WHOLE
    return BEFORE_END if stream["expected"] is None else FINAL


def _is_in_the_way(place: Path) -> bool:
    """Twice, as another member may just be putting a better result into this place."""
    return os.path.lexists(place) and not _is_ours(place) and os.path.lexists(place)


def _in_the_way(place: Path) -> str:
    return f"{place} is in the way and was not made by sor: move it, or choose another --out"


def _is_ours(place: Path) -> bool:
    """A folder that holds a result and nothing else. Anything else is neither moved nor deleted."""
    if place.is_symlink() or not place.is_dir():
        return False
    names = {path.name for path in place.iterdir()}
    return bool(names & {REPORT, FAILED}) and names <= {*NAMES, FAILED}


def _name(text: str) -> str:
    if not text:
        raise InputError("a run or a symbol without a name has no folder")
    return file_name(text, safe="+ @=,")
