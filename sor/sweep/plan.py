"""From wishes to cells: every combination of tape, symbol, order, parameters and strategy, numbered.

A cell is one backtest and one row of the table. Cells are done in chunks of one tape and symbol, so that a tape is
opened once and a scheduler has little to do. Plan and chunks depend on the wishes and the tapes alone: who works
them out, and how many, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice, product
from math import prod
from pathlib import Path
from typing import Any, Literal

from sor.core.order import ParentOrder
from sor.core.spec import Spec, When
from sor.errors import InputError, SorError
from sor.request import Request, seconds, when
from sor.sweep.files import expand, local_copy, size_of
from sor.sweep.wishes import ALL, AXES, PARAMETERS, Wishes
from sor.tapes.reading import symbols_on

# Cells of a chunk: enough to forget a scheduler's cost, few enough to share among workers and to lose. More in large
# sweeps, so that neither a scheduler nor a file system has more than some thousands to keep.
LEAST, MOST, CHUNKS = 8, 256, 4_000
_SPEC_NAMES = {"latency_us": "latency"}  # where an axis is not named as in Spec
Noticed = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Times:
    """When orders happen, in ns. Nothing given: one order over the whole tape."""

    start: When | None
    end: When | None
    every: int | None
    horizon: int | None

    @classmethod
    def of(cls, wishes: Wishes) -> Times:
        start, end = (None if t is None else when(n, t) for n, t in (("start", wishes.start), ("end", wishes.end)))
        every, horizon = (
            None if t is None else seconds(n, t) for n, t in (("every", wishes.every), ("horizon", wishes.horizon))
        )
        if start is not None and end is not None and start.of_day == end.of_day and end.ns < start.ns:
            raise InputError(f"the orders' end {wishes.end!r} is before their start {wishes.start!r}")
        return cls(start, end, every, horizon)

    def count(self, bounds: tuple[int, int] | None) -> int:
        """How many orders fit; 1 where the tape's bounds are needed and not known."""
        if self.every is None:
            return 1
        if bounds is not None:
            first, last = self.span(*bounds)
        elif self.start is not None and self.end is not None and self.start.of_day == self.end.of_day:
            first, last = self.start.ns, self.end.ns
        else:
            return 1
        return max(1, (last - first - self._length) // self.every + 1)

    @property
    def needs_bounds(self) -> bool:
        """Whether the number of orders depends on where the tape begins and ends."""
        both = self.start is not None and self.end is not None and self.start.of_day == self.end.of_day
        return self.every is not None and not both

    @property
    def _length(self) -> int:
        return self.horizon if self.horizon is not None else self.every or 0

    def span(self, first: int, last: int) -> tuple[int, int]:
        start = first if self.start is None else self.start.resolve(first)
        return start, last if self.end is None else self.end.resolve(first)

    def window(self, number: int, first: int, last: int) -> tuple[int, int]:
        """Start and end of an order on a tape with these bounds."""
        start, end = self.span(first, last)
        start += number * (self.every or 0)
        return start, start + self._length if self._length else end


@dataclass(frozen=True, slots=True)
class Cell:
    """One backtest. `words`: the values of the axes as they were typed, None for a default."""

    index: int
    tape: str
    symbol: str | None
    number: int
    times: Times
    spec: Spec
    words: tuple[tuple[str, str | None], ...]
    rule: Literal["last", "first"]
    strict: bool
    lookback: int | None

    def order(self, first: int, last: int) -> ParentOrder:
        start, end = self.times.window(self.number, first, last)
        return ParentOrder(self.spec.side, self.spec.quantity, start, end, self.spec.limit_price)

    def parameters(self) -> dict[str, str | None]:
        """The parameters that were asked for."""
        return {name: value for name, value in self.words if name in PARAMETERS}


@dataclass(frozen=True, slots=True)
class Chunk:
    """Cells of one tape and symbol that are done in one go; `name` is that of their file."""

    cells: tuple[Cell, ...]

    @property
    def name(self) -> str:
        return f"cells-{self.cells[0].index:08d}"


@dataclass(frozen=True, slots=True)
class Tape:
    """A tape as the plan knows it. bounds: None where the plan has no need of them, or the tape could not be read."""

    name: str
    size: int | None
    symbols: tuple[str | None, ...]
    bounds: tuple[tuple[int, int] | None, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """The cells of a sweep, made anew whenever they are wanted."""

    wishes: Wishes
    tapes: tuple[Tape, ...]
    base: Spec
    times: Times
    axes: tuple[tuple[tuple[str | None, Any], ...], ...]
    rule: Literal["last", "first"]
    lookback: int | None

    @property
    def per_order(self) -> int:
        """Cells of one order time."""
        return prod(map(len, self.axes))

    def __len__(self) -> int:
        return self.per_order * sum(self.times.count(bounds) for tape in self.tapes for bounds in tape.bounds)

    def chunks(self) -> Iterator[Chunk]:
        done, size = 0, min(MOST, max(LEAST, len(self) // CHUNKS))
        for tape in self.tapes:
            for symbol, bounds in zip(tape.symbols, tape.bounds, strict=True):
                cells = self._cells(tape, symbol, self.times.count(bounds), done)
                while part := tuple(islice(cells, size)):
                    done += len(part)
                    yield Chunk(part)

    def _cells(self, tape: Tape, symbol: str | None, count: int, first: int) -> Iterator[Cell]:
        index = first
        for number in range(count):
            for values in product(*self.axes):
                spec = {_SPEC_NAMES.get(axis, axis): value for axis, (_, value) in zip(AXES, values, strict=True)}
                words = tuple((axis, word) for axis, (word, _) in zip(AXES, values, strict=True))
                yield Cell(
                    index,
                    tape.name,
                    symbol,
                    number,
                    self.times,
                    replace(self.base, **spec),
                    words,
                    self.rule,
                    self.wishes.strict,
                    self.lookback,
                )
                index += 1

    def identity(self) -> dict[str, Any]:
        """What must be equal for two plans to give the same table, as JSON has it."""
        import sor

        fees = {str(venue): [fee.take, fee.make] for venue, fee in sorted(self.base.fees.venues.items())}
        tapes = [[tape.name, tape.size, list(tape.symbols)] for tape in self.tapes]
        wishes = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self.wishes).items()}
        return {"version": sor.__version__, "wishes": wishes, "fees": fees, "tapes": tapes, "cells": len(self)}


def plan(wishes: Wishes, noticed: Noticed | None = None) -> Plan:
    """The plan of a sweep. InputError, before anything is run, where a value is wrong or a name finds no tape.

    Where the number of orders or the symbols depend on them, the tapes are opened; one that cannot be read gets one
    order, which will fail with its reason. `noticed` is called with (tapes looked at, tapes).
    """
    base = Request(fees=wishes.fees, snapshot_rule=wishes.snapshot_rule, seed=wishes.seed)
    spec, times = base.spec(), Times.of(wishes)
    axes = tuple(_axis(axis, getattr(wishes, axis)) for axis in AXES)
    lookback = None if wishes.lookback is None else seconds("lookback", wishes.lookback)
    names = expand(wishes.tape)
    tapes = []
    for done, name in enumerate(names):
        if noticed is not None:
            noticed(done, len(names))
        tapes.append(_tape(name, wishes, times))
    return Plan(wishes, tuple(tapes), spec, times, axes, base.rule(), lookback)


def _axis(axis: str, texts: Sequence[str]) -> tuple[tuple[str | None, Any], ...]:
    """The values of an axis: as typed, and in a Spec."""
    return tuple((text, _value(axis, text)) for text in (texts or (None,)))


def _value(axis: str, text: str | None) -> Any:
    if axis == "adverse_selection":
        if text not in (None, "true", "false"):
            raise InputError(f"adverse-selection {text!r} must be true or false")
        return text == "true"
    wish: dict[str, Any] = {axis: text, "fees": "none"}
    return getattr(Request(**wish).spec(), _SPEC_NAMES.get(axis, axis))


def _tape(name: str, wishes: Wishes, times: Times) -> Tape:
    size = size_of(name)
    if ALL not in wishes.symbol and not times.needs_bounds:
        symbols: tuple[str | None, ...] = wishes.symbol or (None,)
        return Tape(name, size, symbols, (None,) * len(symbols))
    try:
        path = local_copy(name)
        symbols = symbols_on(path) if ALL in wishes.symbol else wishes.symbol or (None,)
        return Tape(name, size, symbols, tuple(_bounds(path, symbol, times) for symbol in symbols))
    except (SorError, OSError):
        symbols = tuple(None if symbol == ALL else symbol for symbol in wishes.symbol) or (None,)
        return Tape(name, size, symbols, (None,) * len(symbols))


def _bounds(path: Path, symbol: str | None, times: Times) -> tuple[int, int] | None:
    if not times.needs_bounds:
        return None
    from sor.tapes import open_tape

    try:
        return open_tape(path, symbol=symbol).bounds()
    except (SorError, OSError):
        return None
