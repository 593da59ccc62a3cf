"""The reports that are to be compared, from files, folders or reports in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sor.errors import InputError
from sor.report.files.saved import REPORT, read_saved
from sor.report.model import ReportData


@dataclass(frozen=True, slots=True)
class GivenReport:
    """One report and what it was called."""

    name: str
    data: Mapping[str, Any]


def given(places: Iterable[ReportData | Path | str]) -> list[GivenReport]:
    """Every report, folders opened. InputError in one line where there are fewer than two, or one cannot be read."""
    found = [one for at, place in enumerate(places, 1) for one in _opened(place, at)]
    if len(found) < 2:
        raise InputError("compare at least two reports: sor compare A.json B.json, or a folder that holds several")
    return found


def _opened(place: ReportData | Path | str, at: int) -> Iterator[GivenReport]:
    if isinstance(place, ReportData):
        yield GivenReport(f"report {at}", place.data)
        return
    path = Path(place)
    if not path.is_dir() or (path / REPORT).exists():
        yield GivenReport(str(place), read_saved(path, with_fills=False).data)
        return
    within = sorted(path.rglob(REPORT))
    if not within:
        raise InputError(f"{place}: there is no {REPORT} in this folder")
    for file in within:
        yield GivenReport(str(file.parent), read_saved(file, with_fills=False).data)
