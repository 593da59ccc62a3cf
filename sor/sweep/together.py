"""Which of a sweep's files are one tape: a sweep has many tapes, and vendors deliver one file a venue.

Files belong together if they begin on the same day, share a stock by name, and no exchange is on two of them; trades of
their own go with the quotes of their stock and day. Every other file is a tape of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from sor.core.units import NANO
from sor.errors import SorError
from sor.sweep.locations import is_remote
from sor.tapes.merge.inputs import said_of
from sor.tapes.open import several_files
from sor.tapes.options import AS_IT_IS, ReadOptions
from sor.tapes.rows import Kind
from sor.venues import exchange_of_publisher

_DAY = 86_400 * NANO


@dataclass(frozen=True, slots=True)
class _Begin:
    """What the first rows of a file say."""

    name: str
    day: int
    stocks: frozenset[str] | None  # None: the one that is asked for, whatever it is called here
    venues: frozenset[int]
    is_trades: bool

    def goes_with(self, other: _Begin) -> bool:
        alike = self.stocks is None or other.stocks is None or bool(self.stocks & other.stocks)
        return self.day == other.day and alike and (self.is_trades != other.is_trades or not self.venues & other.venues)


def together(
    names: Sequence[str], options: ReadOptions = AS_IT_IS, symbol_in: Sequence[str] = ()
) -> list[tuple[str, ...]]:
    """The files of each tape, in the order of the names. Files elsewhere (s3://...) are tapes of their own."""
    if len(names) == 1:
        return [(names[0],)]
    groups: list[list[_Begin | str]] = []
    for name in names:
        begin = None if is_remote(name) else _begin(name, options, symbol_in)
        home = None if begin is None else next((group for group in groups if _fits(begin, group)), None)
        if home is None:
            groups.append([begin or name])
        elif begin is not None:
            home.append(begin)
    return [tuple(sorted(one if isinstance(one, str) else one.name for one in group)) for group in groups]


def _fits(begin: _Begin, group: Sequence[_Begin | str]) -> bool:
    return all(isinstance(one, _Begin) and begin.goes_with(one) for one in group)


def _begin(name: str, options: ReadOptions, symbol_in: Sequence[str]) -> _Begin | None:
    """None for a file that cannot be read (which will be a failed cell), or that names no stock."""
    try:
        is_said = bool(said_of([name], symbol_in))
        files = several_files(name, options=options)
        with ExitStack() as stack:
            readers, _ = files.open(stack, files.inputs)
            reader = readers[0][1]
            rows = next(iter(reader.chunks()), None)
            names_stocks = reader.has_names and None not in reader.symbols
            if rows is None or len(readers) > 1 or not (names_stocks or is_said):
                return None
            numbers = {files.inputs[0].venue or number for number in set(rows.venue.tolist())}
            exchanges = ((number, exchange_of_publisher(number)) for number in numbers)
            venues = frozenset(known.venue_id if known else number for number, known in exchanges)
            stocks = None if is_said else frozenset(str(symbol) for symbol in reader.symbols)
            return _Begin(name, int(rows.ts[0]) // _DAY, stocks, venues, reader.kind is Kind.TRADES)
    except (SorError, OSError):
        return None
