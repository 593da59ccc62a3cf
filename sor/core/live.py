"""What a screen shows while a session runs: frozen views of it, which sor.core.follower makes.

Figures only: who shows them loads nothing of the machine that found them.

Prices are as on the tape (a sell is turned back); money in nanodollars.
"""

from __future__ import annotations

from dataclasses import dataclass

from sor.core.order import Side

POINTS = 240  # of the cost path: more than a terminal has columns


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

    path: `cost` at evenly spaced times of the window, as far as the stream has come.
    """

    name: str
    done: int
    forced: int
    made: int
    fills: int
    average: int | None
    cost: int | None
    path: tuple[int, ...]


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
    """A child order in a queue: `ahead` shares stand in front of it."""

    venue: int
    px: int
    qty: int
    filled: int
    ahead: int


@dataclass(frozen=True, slots=True)
class FillLine:
    ts: int
    venue: int
    px: int
    qty: int
    kind: str  # "take", "make" or "forced"


@dataclass(frozen=True, slots=True)
class ScheduleLine:
    """Where the shown strategy's schedule stands: slice `index` of `slices`, to be done by its end: `target`."""

    index: int
    slices: int
    begins: int
    ends: int
    target: int


@dataclass(frozen=True, slots=True)
class LiveView:
    """The state after the last snapshot of a batch. `fills` are those of `shown` since the last look, oldest first."""

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

    @property
    def strategy(self) -> StrategyLine:
        """The line of the strategy that is shown."""
        return next(line for line in self.strategies if line.name == self.shown)
