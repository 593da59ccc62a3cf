"""What a screen shows while a session runs: frozen views of it, which sor.core.backtest.live_view_builder makes.

Figures only: who shows them loads nothing of the machine that found them.

Prices are as on the tape (a sell is turned back); money in nanodollars.
"""

from __future__ import annotations

from dataclasses import dataclass

from sor.core.order import Side

POINTS = 300  # of the paths: more than a terminal's chart has dots


@dataclass(frozen=True, slots=True)
class VenueLine:
    """One venue's quote as displayed; None where that side has none; best_*: it is part of the NBBO."""

    venue: int
    bid_px: int | None
    bid_sz: int
    ask_px: int | None
    ask_sz: int
    best_bid: bool
    best_ask: bool


@dataclass(frozen=True, slots=True)
class StrategyLine:
    """One strategy so far. cost: paid beyond (done + forced) x arrival mid, fees and rebates included; None without.

    timing, placement, fees: the parts of `cost`, as the report splits it; the first two None where a mid is not known.
    path, shares_path: `cost` and the shares it is of at evenly spaced times of the window, as far as the stream is.
    """

    name: str
    done: int
    forced: int
    made: int
    fills: int
    average: int | None
    cost: int | None
    timing: int | None
    placement: int | None
    fees: int
    path: tuple[int, ...]
    shares_path: tuple[int, ...]

    @property
    def shares(self) -> int:
        return self.done + self.forced


@dataclass(frozen=True, slots=True)
class SliceLine:
    """What the router decided at the start of a slice, and what of it was filled since: by venue, made shares."""

    index: int
    ts: int
    market: int
    px: int
    limits: tuple[tuple[int, int], ...]
    made: tuple[tuple[int, int], ...]
    taken: int
    reason: str


@dataclass(frozen=True, slots=True)
class RestingLine:
    """A child order in a queue: `ahead` shares stand in front of it (None: not known); it is cancelled at `ends`."""

    venue: int
    px: int
    qty: int
    filled: int
    ahead: int | None
    ends: int


@dataclass(frozen=True, slots=True)
class FillLine:
    """kind: "take", "make" or "forced"; reason: of sor.core.order.FillReason; volume, in_front: as of a Fill."""

    ts: int
    venue: int
    px: int
    qty: int
    kind: str
    reason: str
    volume: int
    in_front: int


@dataclass(frozen=True, slots=True)
class MarkLine:
    """All fills between two points of the paths that were alike: their average price."""

    point: int
    maker: bool
    px: int


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """Where the shown strategy's schedule stands: slice `index` of `slices`, to be done by its end: `target`.

    due: what the slices before were to have done; following: shares of the next slice, 0 in the last one.
    """

    index: int
    slices: int
    begins: int
    ends: int
    due: int
    target: int
    following: int


@dataclass(frozen=True, slots=True)
class LiveView:
    """The state after the last snapshot of a batch. `fills` are those of `shown` since the last look, oldest first.

    band: the national best bid and ask at the same times as the paths; marks: where `shown` traded, by point.
    """

    ts: int
    start: int
    end: int
    side: Side
    quantity: int
    snapshots: int
    arrival: int | None
    shown: str
    venues: tuple[VenueLine, ...]
    strategies: tuple[StrategyLine, ...]
    schedule: ScheduleLine | None
    slices: tuple[SliceLine, ...]
    resting: tuple[RestingLine, ...]
    fills: tuple[FillLine, ...]
    band: tuple[tuple[int | None, int | None], ...] = ()
    marks: tuple[MarkLine, ...] = ()

    @property
    def national(self) -> tuple[int | None, int | None]:
        """The national best bid and ask at this moment."""
        bid = next((v.bid_px for v in self.venues if v.best_bid), None)
        return bid, next((v.ask_px for v in self.venues if v.best_ask), None)

    @property
    def strategy(self) -> StrategyLine:
        """The line of the strategy that is shown."""
        return next(line for line in self.strategies if line.name == self.shown)
