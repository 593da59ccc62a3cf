"""Which reader a file needs, and which source the rows of a tape's files make: the content tells, not the name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from sor.errors import InputError, MissingExtraError
from sor.sources.source import TimelineSource
from sor.tapes.bytes.byte_blocks import ByteTape, Progress, total_progress
from sor.tapes.merge.inputs import TapeInput, inputs_of
from sor.tapes.merge.tape_rows import SeveralFiles, TapeRows
from sor.tapes.options import AS_IT_IS, ReadOptions
from sor.tapes.rows import RowReader
from sor.tapes.snapshots import SnapshotRule
from sor.tapes.spool.read import choose_symbol, read_tape

if TYPE_CHECKING:
    from sor.tapes.parquet.reader import ParquetReader

_PARQUET, _DBN = b"PAR1", b"DBN"


def several_files(
    tape: Any,
    symbol: str | None = None,
    symbol_in: Sequence[str] = (),
    options: ReadOptions = AS_IT_IS,
    strict: bool = False,
    progress: Progress | None = None,
) -> SeveralFiles:
    """The files that a user names as a tape, to be read as one; see `open_tape`."""
    return SeveralFiles(inputs_of(tape, symbol_in), partial(_open_all, options, progress), symbol, strict)


def symbols_on(tape: Any, symbol_in: Sequence[str] = (), options: ReadOptions = AS_IT_IS) -> tuple[str | None, ...]:
    """The symbols of a tape, sorted; one that names none has the symbol None."""
    files = several_files(tape, None, symbol_in, options)
    with ExitStack() as stack:
        readers, _ = files.open(stack, files.inputs)
        if len(readers) == 1 and is_our_parquet(readers[0][1]):  # known at once there
            return tuple(sorted(readers[0][1].symbols, key=str))

    def consume(rows: TapeRows) -> Callable[[], tuple[str | None, ...]]:
        for _ in rows.chunks(lambda late: None):
            pass
        return lambda: tuple(sorted(rows.symbols, key=str))

    return files.read(consume)


def open_source(
    files: SeveralFiles,
    rule: SnapshotRule,
    batch_snapshots: int,
    window: tuple[int, int] | None = None,
    *,
    keep: bool = False,
) -> TimelineSource:
    """See `open_tape`."""
    reader = parquet_alone(files)
    if reader is None:
        return read_tape(files, rule, batch_snapshots)
    from sor.tapes.parquet.source import ParquetTape

    one = files.inputs[0]
    check_strict(files, reader)
    symbols = reader.symbols if files.wanted is None else [s for s in reader.symbols if s == files.wanted]
    symbol = choose_symbol(symbols, reader.symbols, files.wanted, str(one.path))
    whole = ParquetTape(reader, symbol, rule, batch_snapshots, keep)
    return whole if window is None else whole.window(*window, whole.bounds()[0])


def check_strict(files: SeveralFiles, reader: ParquetReader) -> None:
    """InputError where a bad row is one: such a tape was made of files that had some."""
    if files.strict and reader.first_bad is not None:
        path = files.inputs[0].path
        raise InputError(f"{path}: {reader.first_bad} (without --strict such rows are counted and left out)")


def is_our_parquet(reader: RowReader) -> bool:
    return hasattr(reader, "facts")


def parquet_alone(files: SeveralFiles) -> ParquetReader | None:
    """The reader of a tape that is one file of our Parquet form, of which parts can be read."""
    one = files.inputs[0]
    if len(files.inputs) > 1 or one.table is not None or one.venue is not None or not one.path.is_file():
        return None
    with ByteTape(one.path) as tape:
        if not _is_parquet(tape):
            return None
    with ExitStack() as stack:
        readers, _ = files.open(stack, files.inputs)
        reader = readers[0][1]
    from sor.tapes.parquet.reader import ParquetReader

    return reader if isinstance(reader, ParquetReader) else None


def _open_all(
    options: ReadOptions, progress: Progress | None, stack: ExitStack, inputs: Sequence[TapeInput]
) -> tuple[list[tuple[TapeInput, RowReader]], list[str]]:
    """A reader of each file that is a tape; of folders and globs the others are skipped, and said."""
    shares = total_progress([one.path for one in inputs], progress)
    readers: list[tuple[TapeInput, RowReader]] = []
    skipped = []
    for one, share in zip(inputs, shares, strict=True):
        try:
            readers += [(one, reader) for reader in _open(options, stack, one, share)]
        except MissingExtraError:
            raise
        except InputError as error:
            if not one.is_listed:
                raise
            skipped.append(f"{one.name} is no tape and is skipped: {str(error).removeprefix(f'{one.path}: ')}.")
    if not readers:
        raise InputError(f"none of the {len(inputs)} files is a tape; {skipped[0]}")
    _refuse_idle_options(options, readers)
    return readers, skipped


def _open(options: ReadOptions, stack: ExitStack, one: TapeInput, progress: Progress | None) -> Sequence[RowReader]:
    """The readers of a file: one, or of a live capture one for each kind of records."""
    # Each format's module only when it is needed: they load different packages.
    if one.table is not None:
        from sor.tapes.table import table_tape

        return [_text_reader(stack.enter_context(table_tape(one.table, one.path)), options)]
    tape = stack.enter_context(ByteTape(one.path, progress))
    if _is_parquet(tape):
        from sor.tapes.parquet.reader import ParquetReader, is_ours

        if not is_ours(one.path):
            from sor.tapes.table import parquet_tape

            return [_text_reader(stack.enter_context(parquet_tape(one.path, progress)), options)]
        _refuse_clock(options, one)
        return [ParquetReader(one.path, progress)]
    if tape.peek(3) == _DBN:
        from sor.tapes.dbn.kinds import MBO
        from sor.tapes.dbn.reader import DbnReader, readable, rtypes_on

        kinds = readable(one.path, rtypes_on(tape))
        tapes = [stack.enter_context(ByteTape(one.path, progress)) for _ in kinds]
        from sor.tapes.dbn.mbo import MboReader

        readers = [MboReader if MBO in kind else DbnReader for kind in kinds]
        return [read(tape, kind, clock=options.clock) for read, tape, kind in zip(readers, tapes, kinds, strict=True)]
    from sor.tapes.symbols.named import named

    return [named(_text_reader(tape, options), one.path)]


def _text_reader(tape: ByteTape, options: ReadOptions) -> RowReader:
    from sor.tapes.csv.form import is_databento
    from sor.tapes.csv.reader import CsvReader

    if options.format is None and is_databento(tape):
        return CsvReader(tape, clock=options.clock, lot=options.lot)
    from sor.tapes.vendor.recognise import PLAIN, recognise

    spec = recognise(tape, options)
    if spec.name == PLAIN and options.format in (None, PLAIN):
        return CsvReader(tape, clock=options.clock, lot=options.lot)
    from sor.tapes.vendor.layout import layout_of
    from sor.tapes.vendor.reader import FormatReader

    if options.clock == "recv":
        spec = spec.by_receipt(tape.path)
    return FormatReader(tape, layout_of(tape, spec), options.lot)


def _refuse_idle_options(options: ReadOptions, readers: Sequence[tuple[TapeInput, RowReader]]) -> None:
    """InputError where a format or a lot is given for a tape of which no file is read by them."""
    given = [name for name in ("format", "lot") if getattr(options, name) is not None]
    if not given:
        return
    from sor.tapes.csv.reader import CsvReader
    from sor.tapes.symbols.named import NamedReader
    from sor.tapes.vendor.reader import FormatReader

    if not any(isinstance(reader, CsvReader | FormatReader | NamedReader) for _, reader in readers):
        raise InputError(
            f"{readers[0][0].path}: this form of file says itself what is in it and in which unit: "
            f"leave {' and '.join(f'--{name}' for name in given)} out"
        )


def _refuse_clock(options: ReadOptions, one: TapeInput) -> None:
    if options.clock == "recv":
        raise InputError(
            f"{one.path}: it has no time of receipt (ts_recv), which --clock recv needs: leave --clock out"
        )


def _is_parquet(tape: ByteTape) -> bool:
    return not tape.is_compressed and tape.peek(4) == _PARQUET
