"""From snapshots to books: each venue's last quote carried forward, as dense arrays of oriented prices."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from sor.core.market.batch import Form, Ints, distinct
from sor.core.market.oriented import FAR, Flags, OrientedBatch
from sor.core.market.queue_events import QueueEvents, QueueEventsBuilder, Quotes, sales_by_venue
from sor.core.order import Liquidity
from sor.core.units import NO_PRICE


@dataclass(frozen=True, slots=True)
class LastTake:
    """The last best take quote: price, venue, displayed size, the venue's price run; stands: it is there still."""

    px: int
    venue: int
    sz: int
    run: int
    stands: bool


@dataclass(frozen=True)
class Book:
    """The state of K venues after each of n snapshots; row 0 repeats the last row of the batch before, if any.

    ts int64[n]; venues ascending, length K; take_px, take_sz, rest_px, rest_sz, run int64[n, K]; `run` numbers the
    uninterrupted prices of the take side of a venue: shares taken in one run are gone while it lasts. `fresh`
    bool[n]: this snapshot may offer something the one before did not. `new`: index of the first new snapshot.
    queue_events: the rest side venue by venue, where resting orders are simulated. `prior_take`: the last best take
    quote before row 0, if there ever was one. Quotes older than `max_quote_age` appear as no quote:
    in the rows as of their times, at any other time in `as_of`; `take_seen`, `rest_seen` int64[n, K] are when the
    venue sent that side's quote, where ages matter. form: what the tape shows; in the NBBO form a venue that is not
    shown has no quote, but its `run` goes on (sor.core.market.nbbo_book). displayed (by row) and
    opportunities: what executions have found in it, for all of them; not kept with the queue events, because they go on
    in them: a book is gone when nobody has it.
    """

    ts: Ints
    venues: tuple[int, ...]
    take_px: Ints
    take_sz: Ints
    rest_px: Ints
    rest_sz: Ints
    run: Ints
    fresh: Flags
    new: int
    events: OrientedBatch
    prior_take: LastTake | None
    prior_mid2: int | None
    take_seen: Ints | None = None
    rest_seen: Ints | None = None
    queue_events: tuple[QueueEvents, ...] = ()
    max_quote_age: int | None = None
    form: Form = Form.VENUE
    displayed: dict[int, Any] = field(default_factory=dict, init=False, repr=False)
    opportunities: dict[tuple[Any, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.ts)

    @cached_property
    def times(self) -> list[int]:
        """ts, to look up one time after the other."""
        times: list[int] = self.ts.tolist()
        return times

    @cached_property
    def best_take(self) -> Ints:
        best: Ints = self.take_px.min(axis=1, initial=FAR)
        return best

    @cached_property
    def best_rest(self) -> Ints:
        best: Ints = self.rest_px.max(axis=1, initial=-FAR)
        return best

    @cached_property
    def fresh_rows(self) -> list[int]:
        return np.flatnonzero(self.fresh).tolist()

    @cached_property
    def mid2(self) -> Ints:
        """Twice the national mid after each snapshot, the last one carried where a side is empty; NO_PRICE: none yet.

        FAR would not do for none: it is a mid of half that price, where NO_PRICE is above the sum of any two prices.
        """
        both = (self.best_take < FAR) & (self.best_rest > -FAR)
        last = np.maximum.accumulate(np.where(both, np.arange(len(self)), -1))
        mids = (self.best_take + self.best_rest)[np.maximum(last, 0)]
        return np.where(last >= 0, mids, NO_PRICE if self.prior_mid2 is None else self.prior_mid2)

    def mid2_at(self, row: int) -> int | None:
        value = int(self.mid2[row])
        return None if value == NO_PRICE else value

    def touch_at(self, row: int) -> int | None:
        """The national best price on the side to take from; None where there is no quote."""
        value = int(self.best_take[row])
        return None if value == FAR else value

    def last_take(self, row: int) -> LastTake | None:
        """The last best take quote at or before `row`, of the smallest venue that shows it."""
        if row >= 0 and self.best_take[row] < FAR:
            at = row
        else:
            rows = np.flatnonzero(self.best_take[: row + 1] < FAR)
            if not len(rows):
                return None if self.prior_take is None else replace(self.prior_take, stands=False)
            at = int(rows[-1])
        price = int(self.best_take[at])
        k = int(np.argmax(self.take_px[at] == price))
        return LastTake(price, self.venues[k], int(self.take_sz[at, k]), int(self.run[at, k]), at == row)

    def queue_events_at(self, venue: int) -> QueueEvents:
        """The queue events of a venue that this book has."""
        return self.queue_events[self.venues.index(venue)]

    def first_at(self, ts: int) -> int:
        """The first row whose time is ts or later; len(self) if there is none."""
        return bisect_left(self.times, ts)

    def last_at(self, ts: int) -> int:
        """The last row whose time is ts or earlier; -1 if there is none."""
        return bisect_right(self.times, ts) - 1

    def as_of(self, ts: int) -> tuple[Book, int]:
        """A book and its row that shows the state at `ts`, which no later row of this book reaches.

        That is the last row until `ts`, unless a quote grew too old since then: no snapshot says so when it happens.
        """
        row = self.last_at(ts)
        if self.max_quote_age is None or row < 0 or self.ts[row] == ts:
            return self, row
        columns = {name: getattr(self, name)[row : row + 1].copy() for name in _STATE}
        _expire(np.array([ts]), columns, self.max_quote_age)
        last = self.last_take(row)
        alone = replace(
            self,
            ts=np.array([ts]),
            **columns,
            fresh=self.fresh[row : row + 1],
            new=0,
            prior_take=last,
            prior_mid2=self.mid2_at(row),
        )
        return alone, 0


@dataclass(slots=True)
class _VenueState:
    """The last known state of one venue."""

    take_px: int = FAR
    take_sz: int = 0
    rest_px: int = -FAR
    rest_sz: int = 0
    take_seen: int = -FAR
    rest_seen: int = -FAR
    run: int = 0


@dataclass(slots=True)
class BookBuilder:
    """Carries every venue's last quote forward from batch to batch."""

    liquidity: Liquidity = Liquidity.CONSUME
    max_quote_age: int | None = None
    queues: bool = False
    form: ClassVar[Form] = Form.VENUE
    _queue_events: dict[int, QueueEventsBuilder] = field(default_factory=dict)
    _venues: dict[int, _VenueState] = field(default_factory=dict)
    _last_ts: int | None = None
    _snapshots: int = 0
    _prior_take: LastTake | None = None
    _prior_mid2: int | None = None

    def extend(self, events: OrientedBatch) -> Book:
        """The books after each snapshot of a non-empty batch, with the last state before it as row 0."""
        new = 0 if self._last_ts is None else 1
        ts = events.ts if self._last_ts is None else np.concatenate(([self._last_ts], events.ts))
        n = len(ts)
        snapshot_of_row = np.repeat(np.arange(new, n), np.diff(events.quote_end, prepend=0))
        venues, columns, fresh = self._columns(events, n, snapshot_of_row)
        self._apply_rules(ts, columns, fresh)
        book = Book(
            ts=ts,
            venues=venues,
            **columns,
            fresh=fresh,
            new=new,
            events=events,
            prior_take=self._prior_take,
            prior_mid2=self._prior_mid2,
            queue_events=self._extend_queues(venues, events, new, snapshot_of_row, columns) if self.queues else (),
            max_quote_age=self.max_quote_age,
            form=self.form,
        )
        self._remember(book)
        return book

    def forget_levels(self) -> None:
        """The queues remember nothing of before; what is displayed stays."""
        for builder in self._queue_events.values():
            builder.forget()

    def _columns(
        self, events: OrientedBatch, n: int, snapshot_of_row: Ints
    ) -> tuple[tuple[int, ...], dict[str, Ints], Flags]:
        """Venues, their states after each row of the book, and which rows may offer something new."""
        for venue in distinct(events.venue):
            self._venues.setdefault(venue, _VenueState())
        venues = tuple(sorted(self._venues))
        # A column is filled and compared venue by venue, so each venue's states are side by side in memory.
        names = _SHOWN if self.max_quote_age is None else _STATE
        columns = {name: np.empty((len(venues), n), np.int64).T for name in names}
        fresh = np.zeros(n, dtype=np.bool_)
        for k, venue in enumerate(venues):
            rows = np.flatnonzero(events.venue == venue) if len(venues) > 1 else slice(None)
            self._carry(k, self._venues[venue], events, rows, snapshot_of_row[rows], columns, fresh)
        return venues, columns, fresh

    def _carry(
        self,
        k: int,
        state: _VenueState,
        events: OrientedBatch,
        rows: Ints | slice,
        at: Ints,
        columns: dict[str, Ints],
        fresh: Flags,
    ) -> None:
        """Fill column k: the state before the batch, then each row's, carried forward to the next."""
        n = len(fresh)
        which = np.repeat(np.arange(len(at) + 1), np.diff(at, prepend=0, append=n))
        values = {name: np.concatenate(([getattr(state, name)], getattr(events, name)[rows])) for name in _QUOTE}
        if self.max_quote_age is not None:
            values["take_seen"] = np.concatenate(([state.take_seen], events.ts[at - (n - len(events.ts))]))
            values["rest_seen"] = values["take_seen"]
        changed = np.diff(values["take_px"]) != 0
        values["run"] = np.concatenate(([state.run], state.run + np.cumsum(changed)))
        for name, column in columns.items():
            column[:, k] = values[name][which]
            setattr(state, name, int(values[name][-1]))
        fresh[at] |= (values["take_sz"][1:] > 0) & (changed | (np.diff(values["take_sz"]) > 0))

    def _extend_queues(
        self,
        venues: tuple[int, ...],
        events: OrientedBatch,
        new: int,
        snapshot_of_row: Ints,
        columns: dict[str, Ints],
    ) -> tuple[QueueEvents, ...]:
        sales = sales_by_venue(events, new)
        found = []
        for k, venue in enumerate(venues):
            at = np.flatnonzero(events.venue == venue)
            rows = snapshot_of_row[at]
            quotes = Quotes(
                rows, events.rest_px[at], events.rest_sz[at], events.take_px[at], events.take_sz[at],
                columns["run"][rows, k],
            )  # fmt: skip
            builder = self._queue_events.setdefault(venue, QueueEventsBuilder())
            found.append(builder.extend(new, quotes, sales.get(venue, {})))
        return tuple(found)

    def _apply_rules(self, ts: Ints, columns: dict[str, Ints], fresh: Flags) -> None:
        if self.liquidity is Liquidity.REPLENISH:
            # Every snapshot is a price run of its own, so nothing taken before it counts.
            first = self._snapshots - (0 if self._last_ts is None else 1)
            columns["run"][:] = np.arange(first, first + len(ts))[:, None]
            fresh[:] = True
        if self.max_quote_age is not None:
            _expire(ts, columns, self.max_quote_age)
            # A stale quote that is confirmed unchanged offers shares again, without being larger or at a new price.
            fresh[:] = True

    def _remember(self, book: Book) -> None:
        self._snapshots += len(book) - book.new
        self._last_ts = int(book.ts[-1])
        last = book.last_take(len(book) - 1)
        self._prior_take = last
        self._prior_mid2 = book.mid2_at(len(book) - 1)


def _expire(ts: Ints, columns: dict[str, Ints], max_age: int) -> None:
    """Quotes that are older than `max_age` at the rows' times `ts` become no quote."""
    for side, none in (("take", FAR), ("rest", -FAR)):
        stale = ts[:, None] - columns[f"{side}_seen"] > max_age
        columns[f"{side}_px"][stale], columns[f"{side}_sz"][stale] = none, 0


_QUOTE = ("take_px", "take_sz", "rest_px", "rest_sz")
_SHOWN = (*_QUOTE, "run")
_STATE = (*_SHOWN, "take_seen", "rest_seen")
