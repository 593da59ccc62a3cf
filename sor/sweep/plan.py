"""From request to cells: every combination of tape, symbol, order, parameters and strategy, numbered.

A cell is one backtest and one row of the table. Cells are done in chunks of one tape and symbol, so that a tape is
opened once and a scheduler has little to do. Plan and chunks depend on the request and the tapes alone: who works
them out, and how many, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from itertools import islice, product
from math import prod
from pathlib import Path
from typing import Any, Literal

from sor.core.market.timeline import Timeline
from sor.core.spec import STRATEGIES, Spec, When
from sor.errors import InputError, SorError
from sor.options.option_values import one_of, seconds, whole
from sor.options.windows import asked_span
from sor.plug_ins.find import is_reference
from sor.request import BacktestRequest
from sor.sweep.locations import expand, local_copy, size_of
from sor.sweep.request import ALL, AXES, PARAMETERS, SweepRequest
from sor.sweep.together import together
from sor.tapes.merge.inputs import said_of
from sor.tapes.open import symbols_on
from sor.tapes.options import AS_IT_IS, ReadOptions
from sor.tapes.vendor.shipped import choose

# Cells of a chunk: enough to forget a scheduler's cost, few enough to share among workers and to lose. More in large
# sweeps, so that neither a scheduler nor a file system has more than some thousands to keep.
LEAST, MOST, CHUNKS = 8, 256, 4_000
_SPEC_NAMES = {"latency_us": "latency"}  # where an axis is not named as in Spec
Noticed = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class OrderTimes:
    """When orders happen: the span of them all is that of `spec`; every, horizon in ns. Nothing given: one order over
    the whole tape."""

    spec: Spec
    every: int | None
    horizon: int | None

    @classmethod
    def from_request(cls, request: SweepRequest, spec: Spec) -> OrderTimes:
        start, end = spec.start, spec.end
        every, horizon = (
            None if t is None else seconds(n, t) for n, t in (("every", request.every), ("horizon", request.horizon))
        )
        if start is not None and end is not None and start.of_day == end.of_day and end.ns < start.ns:
            raise InputError(f"the orders' end {request.end!r} is before their start {request.start!r}")
        return cls(spec, every, horizon)

    def count(self, tape: Timeline | None) -> int:
        """How many orders fit; 1 where the tape's timeline is needed and not known."""
        if self.every is None:
            return 1
        start, end = self.spec.start, self.spec.end
        if tape is not None:
            first, last = asked_span(self.spec, tape)
        elif start is not None and end is not None and start.of_day == end.of_day:
            first, last = start.ns, end.ns
        else:
            return 1
        return max(1, (last - first - self._length) // self.every + 1)

    @property
    def needs_tape(self) -> bool:
        """Whether the number of orders depends on where the tape begins and ends."""
        start, end = self.spec.start, self.spec.end
        both = start is not None and end is not None and start.of_day == end.of_day
        return self.every is not None and not both

    @property
    def _length(self) -> int:
        return self.horizon if self.horizon is not None else self.every or 0

    def window(self, number: int, tape: Timeline) -> tuple[int, int]:
        """Start and end of an order on a tape."""
        start, end = asked_span(self.spec, tape)
        start += number * (self.every or 0)
        return start, start + self._length if self._length else end


@dataclass(frozen=True, slots=True)
class Cell:
    """One backtest. `files` of the tape; `words`: the values of the axes as they were typed, None for a default."""

    index: int
    tape: str
    files: tuple[str, ...]
    symbol: str | None
    number: int
    times: OrderTimes
    spec: Spec
    words: tuple[tuple[str, str | None], ...]
    rule: Literal["last", "first"]
    strict: bool
    lookback: int | None
    read: ReadOptions = AS_IT_IS
    symbol_in: tuple[str, ...] = ()
    param: tuple[tuple[str, str], ...] = ()  # of a plug-in, which `reference` names

    @property
    def reference(self) -> str | None:
        """What was typed for the strategy."""
        return dict(self.words)["strategy"]

    def on(self, tape: Timeline) -> Spec:
        """What is to be done on a tape: its order's window as instants."""
        start, end = self.times.window(self.number, tape)
        found = BacktestRequest(strategy=self.reference, param=dict(self.param), fees="none").spec().plug_in
        return replace(self.spec, start=When(start), end=When(end), day=None, plug_in=found)

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
    """A tape as the plan knows it. symbol_in: the texts FILE=ID that are about its files.

    timelines: None where the plan does not need them, or the tape could not be read.
    """

    files: tuple[str, ...]
    size: int | None
    symbols: tuple[str | None, ...]
    timelines: tuple[Timeline | None, ...]
    symbol_in: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return "+".join(self.files)


@dataclass(frozen=True, slots=True)
class SweepPlan:
    """The cells of a sweep, made again whenever they are wanted."""

    request: SweepRequest
    tapes: tuple[Tape, ...]
    base: Spec
    times: OrderTimes
    axes: tuple[tuple[tuple[str | None, Any], ...], ...]
    rule: Literal["last", "first"]
    lookback: int | None
    read: ReadOptions
    param: Mapping[str, tuple[tuple[str, str], ...]]  # by strategy

    @property
    def per_order(self) -> int:
        """Cells of one order time."""
        return prod(map(len, self.axes))

    def __len__(self) -> int:
        return self.per_order * sum(self.times.count(line) for tape in self.tapes for line in tape.timelines)

    def chunks(self) -> Iterator[Chunk]:
        done, size = 0, min(MOST, max(LEAST, len(self) // CHUNKS))
        for tape in self.tapes:
            for symbol, line in zip(tape.symbols, tape.timelines, strict=True):
                cells = self._cells(tape, symbol, self.times.count(line), done)
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
                    tape.files,
                    symbol,
                    number,
                    self.times,
                    replace(self.base, **spec),
                    words,
                    self.rule,
                    self.request.strict,
                    self.lookback,
                    self.read,
                    tape.symbol_in,
                    self.param.get(str(spec["strategy"]), ()),
                )
                index += 1

    def identity(self) -> dict[str, Any]:
        """What must be equal for two plans to give the same table, as JSON has it."""
        import sor

        fees = {str(venue): astuple(fee) for venue, fee in sorted(self.base.fees.venues.items())}
        tapes = [[tape.name, tape.size, list(tape.symbols)] for tape in self.tapes]
        asked = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self.request).items()}
        return {"version": sor.__version__, "wishes": asked, "fees": fees, "tapes": tapes, "cells": len(self)}


def plan(request: SweepRequest, noticed: Noticed | None = None) -> SweepPlan:
    """The plan of a sweep. InputError, before anything is run, where a value is wrong or a name finds no tape.

    Where the number of orders or the symbols depend on them, the tapes are opened; one that cannot be read gets one
    order, which will fail with its reason. `noticed` is called with (tapes looked at, tapes).
    """
    shared = ("start", "end", "day", "tz", "clip", "stale_crossed", "fees", "snapshot_rule", "seed")
    base = BacktestRequest(**{name: getattr(request, name) for name in shared})
    spec = base.spec()
    times = OrderTimes.from_request(request, spec)
    param = strategy_parameters(request)
    axes = tuple(_axis(axis, getattr(request, axis)) for axis in AXES[:-1])
    names = tuple((text, _strategy_name(text, param)) for text in (request.strategy or (None,)))
    doubles = [name for at, (_, name) in enumerate(names) if name in [one for _, one in names[:at]]]
    if doubles:
        raise InputError(f"strategy {doubles[0]} is there twice: strategies are told apart by their names")
    by_name = {name: tuple(sorted(_given(text, param).items())) for text, name in names}
    lookback = None if request.lookback is None else seconds("lookback", request.lookback)
    read = _read_options(request)
    found = together(expand(request.tape), read, request.symbol_in)
    _check_symbol_in(request, found)
    tapes = []
    for done, files in enumerate(found):
        if noticed is not None:
            noticed(done, len(found))
        tapes.append(_tape(files, request, times, read))
    return SweepPlan(request, tuple(tapes), spec, times, (*axes, names), base.rule(), lookback, read, by_name)


def _read_options(request: SweepRequest) -> ReadOptions:
    """How the tapes are to be read. InputError for a format that there is not."""
    clock = one_of("clock", request.clock or "event", ("event", "recv"))
    lot = None if request.lot is None else whole("lot", request.lot, least=1, most=1_000_000, unit="shares")
    if request.format is not None:
        choose(request.format)
    return ReadOptions(request.format, lot, "recv" if clock == "recv" else "event")


def _check_symbol_in(request: SweepRequest, tapes: Sequence[tuple[str, ...]]) -> None:
    if not request.symbol_in:
        return
    if len(request.symbol) > 1 or ALL in request.symbol:
        raise InputError("symbol-in says which rows of a file are the stock: sweep one symbol at a time")
    said = {text for files in tapes for text in said_of(files, request.symbol_in)}
    unknown = [text for text in request.symbol_in if text not in said]
    if unknown:
        raise InputError(f"symbol-in {unknown[0]!r}: write FILE=ID with a file of the sweep, such as XNAS.csv=38")


Given = Mapping[str, Mapping[str, str]]  # parameters by the name of the strategy, "" for all


def strategy_parameters(request: SweepRequest) -> Given:
    """NAME.KEY=VALUE by its name, KEY=VALUE for all that take parameters. InputError for what no strategy takes."""
    found: dict[str, dict[str, str]] = {}
    for text in request.param:
        key, equals, value = text.partition("=")
        name, dot, own = key.strip().rpartition(".")
        if not equals or not own.isidentifier() or (dot and not name):
            raise InputError(f"param {text!r} is not KEY=VALUE or NAME.KEY=VALUE")
        found.setdefault(name, {})[own] = value.strip()
    names = {name_of(text) for text in request.strategy if text not in STRATEGIES}
    unknown = sorted(name for name in found if name and name not in names)
    if unknown:
        raise InputError(f"param {unknown[0]}.{next(iter(found[unknown[0]]))}: no strategy of that name is swept")
    if found and not names:
        raise InputError("param: no strategy of this sweep takes parameters: name one with --strategy")
    return found


def name_of(text: str) -> str:
    """A strategy's name: of FILE.py:NAME the last part."""
    return text.rpartition(":")[2] if is_reference(text) else text


def _given(text: str | None, param: Given) -> dict[str, str]:
    if text is None or text in STRATEGIES:
        return {}
    return {**param.get("", {}), **param.get(name_of(text), {})}


def _strategy_name(text: str | None, param: Given) -> str:
    """In the report. InputError where there is no such strategy, or it does not take its parameters."""
    return BacktestRequest(strategy=text, param=_given(text, param), fees="none").spec().strategy


def _axis(axis: str, texts: Sequence[str]) -> tuple[tuple[str | None, Any], ...]:
    """The values of an axis: as typed, and in a Spec."""
    return tuple((text, _value(axis, text)) for text in (texts or (None,)))


def _value(axis: str, text: str | None) -> Any:
    if axis == "adverse_selection":
        if text not in (None, "true", "false"):
            raise InputError(f"adverse-selection {text!r} must be true or false")
        return text == "true"
    options: dict[str, Any] = {axis: text, "fees": "none"}
    return getattr(BacktestRequest(**options).spec(), _SPEC_NAMES.get(axis, axis))


def _tape(files: tuple[str, ...], request: SweepRequest, times: OrderTimes, read: ReadOptions) -> Tape:
    sizes = [size_of(name) for name in files]
    size = None if None in sizes else sum(one or 0 for one in sizes)
    said = said_of(files, request.symbol_in)
    if ALL not in request.symbol and not times.needs_tape:
        symbols: tuple[str | None, ...] = request.symbol or (None,)
        return Tape(files, size, symbols, (None,) * len(symbols), said)
    try:
        paths = [local_copy(name) for name in files]
        symbols = symbols_on(paths, options=read) if ALL in request.symbol else request.symbol or (None,)
        lines = tuple(_timeline(paths, symbol, said, times, read) for symbol in symbols)
        return Tape(files, size, symbols, lines, said)
    except (SorError, OSError):
        symbols = tuple(None if symbol == ALL else symbol for symbol in request.symbol) or (None,)
        return Tape(files, size, symbols, (None,) * len(symbols), said)


def _timeline(
    paths: list[Path], symbol: str | None, symbol_in: tuple[str, ...], times: OrderTimes, read: ReadOptions
) -> Timeline | None:
    if not times.needs_tape:
        return None
    from sor.tapes import open_tape

    try:
        return open_tape(paths, symbol=symbol, symbol_in=symbol_in, **asdict(read)).timeline()
    except (SorError, OSError):
        return None
