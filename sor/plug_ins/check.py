"""Checks a strategy of one's own on hard tapes: no look-ahead, the same answers twice, legal plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from random import Random
from typing import Any

from sor.core.backtest.plugged import plugged
from sor.core.market.batch import Quote, Snapshot, SnapshotBatch, Trade, batch_of
from sor.core.order import ParentOrder, Side
from sor.core.spec import Spec
from sor.core.strategies.plug_in import PlugIn
from sor.core.units import NANO, NO_PRICE, format_time
from sor.errors import StrategyError

START = 1_717_421_400 * NANO
SECONDS = 60
CENT = NANO // 100
VENUES = (2, 6, 8, 15, 43)
Transcript = list[tuple[int, str]]  # when it was asked, and what it said


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found. problems: each one sentence; decisions: how many, of both sides' first orders."""

    problems: tuple[str, ...]
    decisions: int


@dataclass(slots=True)
class _Recorder:
    """Passes calls on to the strategy, and keeps when and what it answered."""

    inner: Any
    log: Transcript
    allocate: Callable[..., Any] = field(init=False)
    decide: Callable[..., Any] = field(init=False)
    target: Callable[..., Any] = field(init=False)

    def __post_init__(self) -> None:
        for name in ("allocate", "decide", "target"):
            if hasattr(self.inner, name):
                setattr(self, name, self._recorded(getattr(self.inner, name)))

    def begin(self, setting: Any) -> None:
        if hasattr(self.inner, "begin"):
            self.inner.begin(setting)

    def _recorded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def ask(view: Any, *more: Any) -> Any:
            answer = function(view, *more)
            self.log.append((view.ts, repr(answer)))
            return answer

        return ask


def check_strategy(plug_in: PlugIn) -> Checked:
    """Work an order of each side over a hard tape, again, and again with another future."""
    problems: list[str] = []
    decisions = 0
    for seed, side in enumerate(Side):
        try:
            decisions += _check_side(plug_in, side, hard_tape(seed), problems)
        except StrategyError as error:
            problems.append(str(error))
    return Checked(tuple(problems), decisions)


def _check_side(plug_in: PlugIn, side: Side, tape: Sequence[Snapshot], problems: list[str]) -> int:
    first = _decisions(plug_in, side, tape)
    if not first:
        problems.append(f"{side}: it was never asked: its first plan wakes too late")
        return 0
    if _decisions(plug_in, side, tape) != first:
        problems.append(f"{side}: it does not answer the same twice: seed everything that is random in it")
        return len(first)
    for part, rise in product((1, 2, 3), (-5, 5)):
        cut = START + SECONDS * NANO * part // 4
        mixed = [s for s in tape if s.ts <= cut] + [s for s in hard_tape(100 + part, rise) if s.ts > cut]
        expected = [entry for entry in first if entry[0] <= cut]
        found = [entry for entry in _decisions(plug_in, side, mixed) if entry[0] <= cut]
        if found != expected:
            at = next((a[0] for a, b in zip(expected, found, strict=False) if a != b), cut)
            problems.append(f"{side}: its answer at {format_time(at)} changes with what comes after {format_time(cut)}")
            break
    return len(first)


def _decisions(plug_in: PlugIn, side: Side, tape: Sequence[Snapshot]) -> Transcript:
    logs: list[Transcript] = []

    def make() -> Any:
        logs.append([])
        return _Recorder(plug_in.make(), logs[-1])

    order = ParentOrder(side, 1_200, START, START + SECONDS * NANO)
    spec = Spec(
        side=side,
        quantity=order.quantity,
        strategy=plug_in.name,
        plug_in=replace(plug_in, make=make),
        router_interval=NANO,
    )
    batch = batch_of(tape)

    def stream() -> Iterator[SnapshotBatch]:
        yield batch

    assert spec.plug_in is not None
    plugged(stream, spec, spec.plug_in, order, None, confirm=False)
    return logs[0]


def hard_tape(seed: int, rise: int = 0) -> list[Snapshot]:
    """A minute of five venues that lock, cross, empty, fall silent and trade through, `rise` dollars above the others:
    made from `seed` alone."""
    rng = Random(seed)
    mid = (100 + rise) * NANO
    snapshots = []
    ts = START - NANO
    while ts < START + SECONDS * NANO:
        mid += rng.choice((-1, 0, 0, 0, 1)) * CENT
        quotes = tuple(_quote(rng, venue, mid) for venue in VENUES if rng.random() < 0.6)
        trades = tuple(
            Trade(rng.choice(VENUES), mid + rng.choice((-2, -1, 0, 1)) * CENT, rng.choice((1, 30, 100, 400)), side)
            for side in rng.choices("ABN", k=rng.choice((0, 0, 1, 2)))
        )
        snapshots.append(Snapshot(ts, quotes, trades))
        ts += rng.choice((NANO // 100, NANO // 10, NANO // 3, 2 * NANO if rng.random() < 0.05 else NANO // 20))
    return snapshots


def _quote(rng: Random, venue: int, mid: int) -> Quote:
    bid, ask = mid - rng.choice((0, 1, 1, 2)) * CENT, mid + rng.choice((0, 1, 1, 2)) * CENT
    if rng.random() < 0.05:
        bid, ask = bid + 2 * CENT, ask - CENT
    has_bid, has_ask = rng.random() < 0.97, rng.random() < 0.97
    return Quote(
        venue,
        bid if has_bid else NO_PRICE,
        rng.choice((1, 50, 100, 300)) if has_bid else 0,
        ask if has_ask else NO_PRICE,
        rng.choice((1, 50, 100, 300)) if has_ask else 0,
    )
