"""The book of the NBBO form: a tape that shows only the national best, with the venue of each side.

A venue that is not shown offers nothing to take and is no place to rest, but what it had may well stand there still.
So its price runs go on while it is hidden: one ends when the venue is shown at another price, when the national price
of that side is worse than the run's (what stood there is gone), or when there is no national quote. Shares taken at a
venue therefore stay taken while the tape flips to another venue at the same price and back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from sor.core.market.batch import NO_VENUE, Form, Ints
from sor.core.market.book import BookBuilder
from sor.core.market.nbbo_queues import HiddenQueues
from sor.core.market.oriented import FAR, Flags, OrientedBatch
from sor.core.market.queue_events import QueueEvents, sales_by_venue
from sor.core.market.standing_quotes import StandingQuotes


@dataclass(slots=True)
class PriceRuns:
    """The price runs of one side, by venue. Prices are such that a larger one is worse.

    live: venue -> price of the run that goes on; number: venue -> how many runs have begun there.
    """

    live: dict[int, int] = field(default_factory=dict)
    number: dict[int, int] = field(default_factory=dict)

    def show(self, venue: int, px: int) -> list[int]:
        """The national best is now `px` at `venue`, FAR where there is none; the venues whose run ended."""
        ended = [other for other, price in self.live.items() if price < px]
        for other in ended:
            del self.live[other]
        if px < FAR and self.live.get(venue) != px:
            if venue in self.live:
                ended.append(venue)
            self.live[venue] = px
            self.number[venue] = self.number.get(venue, -1) + 1
        return ended


@dataclass(slots=True)
class _NationalSide:
    """One side of the national book: the last row that spoke of it. px as on the oriented tape."""

    nothing: int
    venue: int = NO_VENUE
    px: int = 0
    sz: int = 0
    seen: int = -FAR

    def __post_init__(self) -> None:
        self.px = self.nothing


@dataclass(slots=True)
class NbboBookBuilder(BookBuilder):
    """Carries the national best forward from batch to batch, with every venue's price runs behind it."""

    form: ClassVar[Form] = Form.NBBO
    prints_late: int = 0
    _take: _NationalSide = field(default_factory=lambda: _NationalSide(FAR))
    _rest: _NationalSide = field(default_factory=lambda: _NationalSide(-FAR))
    _runs: PriceRuns = field(default_factory=PriceRuns)
    _known: set[int] = field(default_factory=set)
    _queues: HiddenQueues | None = None

    def _sent(self, events: OrientedBatch, n: int, row_of_quote: Ints) -> tuple[tuple[int, ...], StandingQuotes, Flags]:
        self._known.update(venue for venue in set(events.venue.tolist()) if venue != NO_VENUE)
        venues = tuple(sorted(self._known))
        # A trade may be at a venue that has never been shown: nobody has rested there.
        before = dict(self._runs.number)
        spoken = np.flatnonzero(events.take_spoken)
        began = [
            (row, venue)
            for row, venue, px in zip(
                row_of_quote[spoken].tolist(),
                events.venue[spoken].tolist(),
                events.take_px[spoken].tolist(),
                strict=True,
            )
            for number in [self._runs.number.get(venue)]
            if self._runs.show(venue, px) is not None and self._runs.number.get(venue) != number
        ]
        columns = {"run": _carried_runs(n, venues, before, began)}
        fresh = np.zeros(n, np.bool_)
        fresh[row_of_quote[spoken]] = events.take_sz[spoken] > 0
        for name, side, rows in (
            ("take", self._take, spoken),
            ("rest", self._rest, np.flatnonzero(events.rest_spoken)),
        ):
            at = row_of_quote[rows]
            columns |= _laid_out(name, side, n, venues, at, events, rows)
        return venues, StandingQuotes.of_rows(columns), fresh

    def _extend_queues(
        self, venues: tuple[int, ...], events: OrientedBatch, new: int, row_of_quote: Ints, sent: StandingQuotes
    ) -> tuple[QueueEvents, ...]:
        if self._queues is None:
            self._queues = HiddenQueues(self.prints_late)
        sales = sales_by_venue(events, new)
        return self._queues.extend(venues, events, new, row_of_quote, sent.dense("run"), sales)


def _carried_runs(n: int, venues: tuple[int, ...], before: dict[int, int], began: list[tuple[int, int]]) -> Ints:
    """int64[n, K]: the number of each venue's last run after each row; began: (row, venue) of the runs that begin."""
    run = np.empty((n, len(venues)), np.int64)
    for k, venue in enumerate(venues):
        rows = [row for row, other in began if other == venue]
        run[:, k] = before.get(venue, -1) + np.searchsorted(rows, np.arange(n), side="right")
    return run


def _laid_out(
    name: str, side: _NationalSide, n: int, venues: tuple[int, ...], at: Ints, events: OrientedBatch, rows: Ints
) -> dict[str, Ints]:
    """The national state of one side as a matrix with one quote a row, carried forward; brings `side` up to date."""
    which = np.zeros(n, np.int64)
    which[at] = 1
    which = np.cumsum(which)
    values = {
        "venue": (side.venue, events.venue),
        "px": (side.px, getattr(events, f"{name}_px")),
        "sz": (side.sz, getattr(events, f"{name}_sz")),
        "seen": (side.seen, np.repeat(events.ts, np.diff(events.quote_end, prepend=0))),
    }
    carried = {key: np.concatenate(([first], column[rows]))[which] for key, (first, column) in values.items()}
    for key, column in carried.items():
        setattr(side, key, int(column[-1]))
    shown = (carried["venue"][:, None] == np.array(venues, np.int64)) & (carried["px"][:, None] != side.nothing)
    return {
        f"{name}_px": np.where(shown, carried["px"][:, None], side.nothing),
        f"{name}_sz": np.where(shown, carried["sz"][:, None], 0),
        f"{name}_seen": np.where(shown, carried["seen"][:, None], -FAR),
    }
