"""Which reader a file needs, and which source its rows make: the content tells, not the name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sor.source import Source
from sor.tapes.blocks import ByteTape, Progress
from sor.tapes.rows import Reader
from sor.tapes.snapshots import SnapshotRule
from sor.tapes.source import choose_symbol, read_tape, refuse_bad_rows

_PARQUET, _DBN = b"PAR1", b"DBN"


@contextmanager
def open_reader(path: Path, progress: Progress | None = None) -> Iterator[Reader]:
    """The rows of a tape of any format. InputError for a file that is none."""
    with ByteTape(path, progress) as tape:
        if _is_parquet(tape):
            from sor.tapes.parquet import ParquetReader

            yield ParquetReader(path, progress)
        else:
            yield _streaming_reader(tape)


def symbols_on(path: Path) -> tuple[str | None, ...]:
    """The symbols of a tape, sorted; one that names none has the symbol None."""
    with open_reader(path) as reader:
        if not reader.symbols:  # known at once in a Parquet tape only
            for _ in reader.chunks():
                pass
        return tuple(sorted(reader.symbols, key=str))


def open_source(
    path: Path,
    symbol: str | None,
    rule: SnapshotRule,
    strict: bool,
    batch_snapshots: int,
    progress: Progress | None,
    window: tuple[int, int] | None = None,
) -> Source:
    """See `open_tape`."""
    with ByteTape(path, progress) as tape:
        if not _is_parquet(tape):
            return read_tape(_streaming_reader(tape), path, symbol, rule, strict, batch_snapshots)
    from sor.tapes.parquet import ParquetReader, ParquetTape

    reader = ParquetReader(path, progress)
    refuse_bad_rows(reader, path, strict)
    whole = ParquetTape(reader, choose_symbol(reader.symbols, symbol, path), rule, batch_snapshots)
    return whole if window is None else whole.window(*window)


def _is_parquet(tape: ByteTape) -> bool:
    return not tape.is_compressed and tape.peek(4) == _PARQUET


def _streaming_reader(tape: ByteTape) -> Reader:
    # Each format's module only when it is needed: they load different packages.
    if tape.peek(3) == _DBN:
        from sor.tapes.dbn_tape import DbnReader

        return DbnReader(tape)
    from sor.tapes.csv_tape import CsvReader

    return CsvReader(tape)
