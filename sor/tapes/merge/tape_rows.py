"""The rows of all files of a tape in the order of time, in memory that does not grow with the tape.

At equal times rows are ordered by venue, then files of trades alone go before quotes, then the file whose first
instant is earlier, then the place in the file. The rows of one file stay in its order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from sor.core.feed import ROUND_LOT
from sor.core.market.batch import Form
from sor.errors import InputError
from sor.sources.source import FileFacts
from sor.tapes.merge.choice import choose
from sor.tapes.merge.file_rows import FileRows, Late, Settled, Symbols
from sor.tapes.merge.inputs import TapeInput
from sor.tapes.merge.names import check_names, tape_name
from sor.tapes.merge.symbols import Spelling, one_spelling
from sor.tapes.rows import Kind, RowChunk, RowReader, concat_rows
from sor.tapes.sorting import merge_runs

T = TypeVar("T")


class TapeRows:
    """One pass over a tape. What it says of the tape holds after the last chunk."""

    def __init__(
        self,
        files: Sequence[tuple[TapeInput, RowReader]],
        skipped: Sequence[str],
        wanted: Spelling,
        settled: Settled,
        strict: bool,
    ) -> None:
        self._symbols = Symbols()
        self._wanted, self._settled, self._strict, self._skipped = wanted, settled, strict, tuple(skipped)
        self._late: Late = _no_late
        self._files = [
            FileRows(one, reader, self._symbols, wanted, settled, lambda rows: self._late(rows))
            for one, reader in files
        ]
        self.name = tape_name([one for one, _ in files], [reader for _, reader in files])
        self.where = ", ".join(str(one.path) for one, _ in files[:3]) + (" ..." if len(files) > 3 else "")

    def chunks(self, late: Late) -> Iterator[RowChunk]:
        """Rows in the order of time; those that come too late in their file go to `late` instead. May be empty."""
        self._late = late
        runs = [(file, self._checked(file)) for file in self._files]
        if len(runs) == 1:
            yield from runs[0][1]
            return
        begun = [(file, next((rows for rows in run if len(rows)), None), run) for file, run in runs]
        self._files.sort(key=lambda file: file.place)
        ordered = sorted((one for one in begun if one[1] is not None), key=lambda one: one[0].place)
        # A national row is two, one for each side's venue, and their order says which of them came last.
        order = _by_time if self.form is Form.NBBO else _by_time_and_venue
        merged = merge_runs([_again(first, run) for _, first, run in ordered if first is not None], concat_rows)
        yield from map(order, merged)

    def _checked(self, file: FileRows) -> Iterator[RowChunk]:
        for rows in file.on_time():
            self._refuse_bad_rows(file)
            yield rows
        self._refuse_bad_rows(file)

    def _refuse_bad_rows(self, file: FileRows) -> None:
        if self._strict and file.reader.first_bad is not None:
            raise InputError(
                f"{file.one.path}: {file.reader.first_bad} (without --strict such rows are counted and left out)"
            )

    def settle(self) -> Settled:
        """What this pass has found that it should have known. InputError where files do not go together."""
        names = [file.reader.symbols for file in self._files if not file.one.ids]
        check_names([(file.one, file.reader, file.numbers) for file in self._files])
        spelling = one_spelling(names) if self._wanted is None else {}
        named = {spelling.get(name, name) for symbols in names for name in symbols if name is not None}
        asked = any(file.one.ids for file in self._files) and len(named) == 1
        stock = self._wanted if self._wanted is not None or not asked else next(iter(named))
        return Settled(choose([found for file in self._files for found in file.found()]), spelling, stock)

    @property
    def symbols(self) -> list[Spelling]:
        return self._symbols.names

    @property
    def on_files(self) -> list[Spelling]:
        """All symbols that could have been chosen."""
        found: list[Spelling] = []
        for file in self._files:
            found += [symbol for symbol in file.reader.symbols if symbol not in found]
        return found

    @property
    def form(self) -> Form:
        forms = {file.reader.form for file in self._files if file.reader.kind is not Kind.TRADES}
        return Form.NBBO if Form.NBBO in forms else Form.VENUE

    @property
    def prints_late(self) -> int:
        return max(file.reader.prints_late for file in self._files)

    @property
    def kind(self) -> Kind:
        """Of all rows, as far as it matters when the tape becomes one of several files."""
        kinds = {file.reader.kind for file in self._files}
        return next(iter(kinds)) if len(kinds) == 1 else Kind.MBP_1

    @property
    def has_names(self) -> bool:
        return all(file.reader.has_names or bool(file.one.ids) for file in self._files)

    @property
    def stated(self) -> tuple[int, int] | None:
        """From the earliest time that a file says it covers to the latest; None where none says it."""
        stated = [file.reader.stated for file in self._files if file.reader.stated is not None]
        return (min(first for first, _ in stated), max(last for _, last in stated)) if stated else None

    @property
    def bad_rows(self) -> int:
        return sum(file.reader.bad_rows for file in self._files)

    @property
    def first_bad(self) -> str | None:
        for file in self._files:
            if file.reader.first_bad is not None:
                return file.reader.first_bad if len(self._files) == 1 else f"{file.one.name}: {file.reader.first_bad}"
        return None

    @property
    def round_lot(self) -> int:
        """The largest of the files with quotes that have lots of their own."""
        lots = {file.reader.round_lot for file in self._files if file.reader.kind is not Kind.TRADES}
        return max(lots - {ROUND_LOT}, default=ROUND_LOT)

    @property
    def notes(self) -> tuple[str, ...]:
        several = len(self._files) > 1
        before = [f"{file.one.name}: {note}" if several else note for file in self._files for note in file.notes]
        return tuple(dict.fromkeys((*before, *self._settled.choice.notes, *self._skipped)))

    def rows(self, code: int) -> int:
        """Of a symbol, as all of the following."""
        return sum(file.rows for file in self.files(code))

    def out_of_order(self, code: int) -> int:
        return sum(file.fallen(code) for file in self._files)

    def doubled(self, code: int) -> int:
        """Rows that are the repetition of another, of any file."""
        counted = self._symbols.doubled[code].count() if code in self._symbols.doubled else 0
        return counted + sum(symbol.doubled for file in self._files for symbol in file.remembered(code))

    def files(self, code: int) -> tuple[FileFacts, ...]:
        """A Parquet tape that was made from other files is these files."""
        before = [file for symbol in self._files[0].remembered(code) for file in symbol.files]
        if len(self._files) == 1 and before:
            return tuple(before)
        facts: dict[TapeInput, FileFacts] = {}
        for file in self._files:
            # A live capture has a reader for each kind of its records, and is one file.
            found = file.facts(code)
            facts[file.one] = facts[file.one].joined(found) if file.one in facts else found
        return tuple(facts.values())

    def off_exchange(self, code: int) -> tuple[int, int]:
        """Trades and shares that were reported by trade reporting facilities."""
        reported = [file.reported(code) for file in self._files]
        return sum(trades for trades, _ in reported), sum(shares for _, shares in reported)


@dataclass(frozen=True, slots=True)
class SeveralFiles:
    """A tape that can be passed over: its files and how they are opened."""

    inputs: tuple[TapeInput, ...]
    open: Callable[[ExitStack, Sequence[TapeInput]], tuple[list[tuple[TapeInput, RowReader]], list[str]]]
    wanted: Spelling = None
    strict: bool = False

    def read(self, consume: Callable[[TapeRows], Callable[[], T]]) -> T:
        """What is made of the rows: `consume` takes them all, and what it returns is called once they are known to be
        the right ones."""
        settled = Settled(stock=self.wanted)
        while True:
            with ExitStack() as stack:
                rows = TapeRows(*self.open(stack, self.inputs), self.wanted, settled, self.strict)
                finish = consume(rows)
                found = rows.settle()
                if found == settled:
                    return finish()
                settled = found


def _no_late(rows: RowChunk) -> None:
    raise AssertionError("rows come from chunks() only")


def _again(first: RowChunk, rest: Iterator[RowChunk]) -> Iterator[RowChunk]:
    yield first
    yield from rest


def _by_time(rows: RowChunk) -> RowChunk:
    return rows.take(np.argsort(rows.ts, kind="stable"))


def _by_time_and_venue(rows: RowChunk) -> RowChunk:
    return rows.take(np.lexsort((rows.venue, rows.ts)))
