"""Rows of one symbol, read to their end into a spool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from sor.core.market.batch import Form
from sor.errors import InputError
from sor.sources.source import TapeFacts
from sor.tapes.merge.tape_rows import SeveralFiles, TapeRows
from sor.tapes.snapshots import SnapshotRule
from sor.tapes.spool.sorter import SnapshotSorter
from sor.tapes.spool.tape import SpooledTape


def read_tape(tape: SeveralFiles, rule: SnapshotRule, batch_snapshots: int) -> SpooledTape:
    """Read a tape to its end. InputError where it has no such symbol, or several and none was named."""

    def consume(rows: TapeRows) -> Callable[[], SpooledTape]:
        if rows.form is Form.NBBO:
            check_national(rule, rows.where)
        sorter = SnapshotSorter(rule, batch_snapshots, rows.form)
        for chunk in rows.chunks(sorter.on_late_rows):
            if len(rows.symbols) == 1:
                sorter.on_rows(chunk)
        return partial(_spooled, rows, sorter, tape.wanted)

    return tape.read(consume)


def check_national(rule: SnapshotRule, where: str) -> None:
    """InputError where a tape in NBBO form would be read by a rule that it does not know."""
    if rule == "first":
        raise InputError(
            f"{where}: a tape in NBBO form is read by the last row of an instant: leave --snapshot-rule out"
        )


def _spooled(rows: TapeRows, sorter: SnapshotSorter, wanted: str | None) -> SpooledTape:
    symbol = choose_symbol(rows.symbols, rows.on_files, wanted, rows.where)
    spool = sorter.sorted_snapshots()
    if not len(spool):
        raise InputError(f"{rows.where}: no row of it is left: {' '.join(rows.notes)}")
    return SpooledTape(spool, sorter.index.index(rows.stated), facts_of(rows, symbol), rows.form, rows.prints_late)


def facts_of(rows: TapeRows, symbol: str | None) -> TapeFacts:
    """What was learned of one symbol of a tape that has been read."""
    code = rows.symbols.index(symbol)
    trades, shares = rows.off_exchange(code)
    return TapeFacts(
        name=rows.name,
        symbol=symbol,
        rows=rows.rows(code),
        bad_rows=rows.bad_rows,
        first_bad=rows.first_bad,
        out_of_order=rows.out_of_order(code),
        files=rows.files(code),
        off_exchange_trades=trades,
        off_exchange=shares,
        notes=rows.notes,
        doubled=rows.doubled(code),
        round_lot=rows.round_lot,
    )


def choose_symbol(
    symbols: Sequence[str | None], on_files: Sequence[str | None], wanted: str | None, where: str
) -> str | None:
    """The symbol that is read, of those of the tape. InputError lists what is on its files."""
    if len(symbols) == 1:
        return symbols[0]
    names = sorted(str(symbol) for symbol in on_files if symbol is not None)
    listed = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    if wanted is None:
        raise InputError(f"{where}: there are {len(symbols)} symbols on this tape: name one with --symbol: {listed}")
    there = f"it has {listed}" if names else "it names no symbols, so leave --symbol out"
    raise InputError(f"{where}: symbol {wanted!r} is not on this tape: {there}")
