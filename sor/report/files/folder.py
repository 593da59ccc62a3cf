"""The folder that `--out` makes: the report, its page, fills, child orders and pictures, all of them or none.

Everything is written beside its place first and moved there in the end, so that a full disk or an interrupted run
never leaves half a file, nor today's report beside yesterday's fills.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sor.errors import InputError, MissingExtraError, SorError
from sor.report.encode import encode
from sor.report.files.records import record_files
from sor.report.model import ReportData
from sor.text import quoted, say

REPORT, PAGE, FILLS_CSV, FILLS_PARQUET = "report.json", "report.html", "fills.csv", "fills.parquet"
ORDERS_CSV, ORDERS_PARQUET = "orders.csv", "orders.parquet"
OVERVIEW, SEARCH = ("overview.png", "overview.svg"), ("search.png", "search.svg")
NAMES = (REPORT, PAGE, FILLS_CSV, FILLS_PARQUET, ORDERS_CSV, ORDERS_PARQUET, *OVERVIEW, *SEARCH)


def check_writable(folder: Path) -> None:
    """InputError in one line if `write` could not write there. Leaves nothing behind."""
    try:
        above = _nearest(folder)
        if not above.is_dir():
            raise InputError(f"--out {folder}: {above} is in the way and is not a folder; choose another folder")
        with tempfile.TemporaryDirectory(prefix=".sor-", dir=above):
            pass
        if folder.is_dir():
            _check_places(folder)
        elif above != folder:
            _check_names(folder, above)
    except (OSError, ValueError) as error:
        raise _unwritable(folder, error) from None


def write(report: ReportData, folder: Path, *, pictures: bool = True) -> list[Path]:
    """Write report.json, report.html, fills and orders as .csv and .parquet, overview and (after a search) search as
    .png and .svg.

    Returns what was written; of an earlier run's files in that folder, those that this run does not have are removed.
    The folder is made if need be. Without matplotlib the pictures are left out, with a line on standard error; with
    `pictures=False` without one. InputError where the folder cannot be written to.
    """
    check_writable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sor-", dir=folder) as desk:
            writers = (_report, _page, _records, *([_pictures] if pictures else []))
            made = [path for writer in writers for path in writer(report, Path(desk))]
            for name in set(NAMES) - {path.name for path in made}:
                (folder / name).unlink(missing_ok=True)
            return [path.replace(folder / path.name) for path in made]
    except OSError as error:
        raise _failed(folder, error) from None


# -- what goes into the files ------------------------------------------------------------------------------------------


def _report(report: ReportData, desk: Path) -> Iterator[Path]:
    path = desk / REPORT
    path.write_bytes(encode(report.data).encode())  # bytes: the same file on every system
    yield path


def _page(report: ReportData, desk: Path) -> Iterator[Path]:
    from sor.report.pages.report_page import PageContent, page

    path = desk / PAGE
    path.write_bytes(page(PageContent(report.data, report.fill_records, report.path)).encode())
    yield path


def _records(report: ReportData, desk: Path) -> Iterator[Path]:
    from sor.report.ledger import FillRecord, OrderRecord

    yield from record_files(FillRecord, report.fill_records, desk / FILLS_CSV, desk / FILLS_PARQUET)
    yield from record_files(OrderRecord, report.order_records, desk / ORDERS_CSV, desk / ORDERS_PARQUET)


def _pictures(report: ReportData, desk: Path) -> Iterator[Path]:
    try:
        from sor.report.pictures.overview import overview
        from sor.report.pictures.search_map import has_search, search_map
        from sor.report.pictures.style import save
    except MissingExtraError as error:
        say(f"no pictures: {error}")
        return
    pictures = [(OVERVIEW, overview(report))]
    if has_search(report):
        pictures.append((SEARCH, search_map(report)))
    for names, figure in pictures:
        for name in names:
            save(figure, desk / name)
            yield desk / name


# -- what may be in the way --------------------------------------------------------------------------------------------


def _nearest(folder: Path) -> Path:
    """The folder itself or the lowest thing above it that exists."""
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if os.path.lexists(path))


def _check_places(folder: Path) -> None:
    for name in NAMES:
        if (folder / name).is_dir():
            raise InputError(f"--out {folder}: {name} is a folder there, and a file of that name is to be written")


def _check_names(folder: Path, above: Path) -> None:
    """Names that the file system refuses: make the missing folders in a place that is thrown away."""
    with tempfile.TemporaryDirectory(prefix=".sor-", dir=above) as trial:
        (Path(trial) / folder.absolute().relative_to(above)).mkdir(parents=True)


def _unwritable(folder: Path, error: OSError | ValueError) -> InputError:
    return InputError(f"--out {_shown(folder)}: cannot write there ({_reason(error)}); choose another folder")


def _failed(folder: Path, error: OSError) -> SorError:
    return SorError(
        f"--out {_shown(folder)}: writing failed ({_reason(error)}); the files that were there are as before"
    )


def _shown(folder: Path) -> str:
    text = str(folder)
    return text if text.isprintable() and len(text) <= 100 else quoted(text)


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
