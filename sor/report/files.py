"""The folder that `--out` makes: the report, the fills and the pictures, all of them or none.

Everything is written beside its place first and moved there in the end, so that a full disk or an interrupted run
never leaves half a file, nor today's report beside yesterday's fills.
"""

from __future__ import annotations

import csv
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sor.core.units import format_time
from sor.errors import InputError, MissingExtraError, SorError

if TYPE_CHECKING:
    from sor.report.ledger import FillRecord
    from sor.report.model import Report

REPORT, FILLS_CSV, FILLS_PARQUET = "report.json", "fills.csv", "fills.parquet"
OVERVIEW, SEARCH = ("overview.png", "overview.svg"), ("search.png", "search.svg")
NAMES = (REPORT, FILLS_CSV, FILLS_PARQUET, *OVERVIEW, *SEARCH)
TIMES = ("ts", "decided", "joined")


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


def write(report: Report, folder: Path) -> list[Path]:
    """Write report.json, fills.csv, fills.parquet, overview and (after a search) search as .png and .svg.

    Returns what was written; of an earlier run's files in that folder, those that this run does not have are removed.
    The folder is made if need be. Without matplotlib the pictures are left out, with a line on standard error.
    InputError where the folder cannot be written to.
    """
    check_writable(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".sor-", dir=folder) as desk:
            made = [path for writer in (_report, _fills, _pictures) for path in writer(report, Path(desk))]
            for name in set(NAMES) - {path.name for path in made}:
                (folder / name).unlink(missing_ok=True)
            return [path.replace(folder / path.name) for path in made]
    except OSError as error:
        raise _failed(folder, error) from None


# -- what goes into the files ------------------------------------------------------------------------------------------


def _report(report: Report, desk: Path) -> Iterator[Path]:
    path = desk / REPORT
    path.write_bytes(report.to_json().encode())  # bytes: the same file on every system
    yield path


def _fills(report: Report, desk: Path) -> Iterator[Path]:
    path = desk / FILLS_CSV
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(_fill_columns())
        table.writerows([_text(name, fill) for name in _fill_columns()] for fill in report.fill_records)
    yield path
    yield _parquet(report.fill_records, desk / FILLS_PARQUET)


def _parquet(fills: tuple[FillRecord, ...], path: Path) -> Path:
    """Money as exact decimals, times as UTC timestamps with nanoseconds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "strategy": pa.string(),
        "kind": pa.string(),
        "px": pa.decimal128(38, 9),
        "mid": pa.decimal128(38, 10),
        "fee": pa.decimal128(38, 9),
        **dict.fromkeys(TIMES, pa.timestamp("ns", "UTC")),
    }
    schema = pa.schema([(name, types.get(name, pa.int64())) for name in _fill_columns()])
    table = pa.table({name: [getattr(f, name) for f in fills] for name in _fill_columns()}, schema=schema)
    pq.write_table(table, path, compression="zstd")
    return path


def _pictures(report: Report, desk: Path) -> Iterator[Path]:
    try:
        from sor.report.plots import overview, save
        from sor.report.search_map import has_search, search_map
    except MissingExtraError as error:
        print(f"no pictures: {error}", file=sys.stderr)
        return
    pictures = [(OVERVIEW, overview(report))]
    if has_search(report):
        pictures.append((SEARCH, search_map(report)))
    for names, figure in pictures:
        for name in names:
            save(figure, desk / name)
            yield desk / name


def _fill_columns() -> list[str]:
    from sor.report.ledger import FillRecord

    return [field.name for field in fields(FillRecord)]


def _text(name: str, fill: FillRecord) -> str:
    value: Any = getattr(fill, name)
    return "" if value is None else format_time(value) if name in TIMES else str(value)


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
    return repr(text if len(text) <= 100 else f"{text[:97]}...") if not text.isprintable() or len(text) > 100 else text


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
