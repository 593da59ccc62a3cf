"""From snapshots to books: each venue's last quote carried forward, as dense arrays of oriented prices."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from sor.core.market.batch import Form, Ints, differs, distinct
from sor.core.market.oriented import FAR, Flags, OrientedBatch
from sor.core.market.queue_events import QueueEvents, QueueEventsBuilder, Quotes, sales_by_venue
from sor.core.market.standing_quotes import StandingQuotes
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

    ts int64[n]; venues ascending, length K; `quotes`: what they show, of which take_px, take_sz, rest_px, rest_sz, run
    int64[n, K] are made where somebody wants them; `run` numbers the
    uninterrupted prices of the take side of a venue: shares taken in one run are gone while it lasts. `fresh`
    bool[n]: this snapshot may offer something the one before did not. `new`: index of the first new snapshot.
    queue_events: the rest side venue by venue, where resting orders are simulated. `prior_take`: the last best take
    quote before row 0, if there ever was one. Quotes older than `max_quote_age` appear as no quote:
    in the rows as of their times, at any other time in `as_of`; of `quotes`, take_seen and rest_seen are when the
    venue sent that side's quote, where ages matter. form: what the tape shows; in the NBBO form a venue that is not
    shown has no quote, but its `run` goes on (sor.core.market.nbbo_book). displayed (by row) and
    opportunities: what executions have found in it, for all of them; not kept with the queue events, because they go on
    in them: a book is gone when nobody has it.
    """

    ts: Ints
    venues: tuple[int, ...]
    quotes: StandingQuotes
    fresh: Flags
    new: int
    events: OrientedBatch
    prior_take: LastTake | None
    prior_mid2: int | None
    queue_events: tuple[QueueEvents, ...] = ()
    max_quote_age: int | None = None
    form: Form = Form.VENUE
    displayed: dict[int, Any] = field(default_factory=dict, init=False, repr=False)
    opportunities: dict[tuple[Any, ...], Any] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.ts)

    @cached_property
    def times(self) -> Sequence[int]:
        """ts, to look up one time after the other."""
        return self.ts.data

    @cached_property
    def take_px(self) -> Ints:
        return self.quotes.dense("take_px")

    @cached_property
    def take_sz(self) -> Ints:
        return self.quotes.dense("take_sz")

    @cached_property
    def rest_px(self) -> Ints:
        return self.quotes.dense("rest_px")

    @cached_property
    def rest_sz(self) -> Ints:
        return self.quotes.dense("rest_sz")

    @cached_property
    def run(self) -> Ints:
        return self.quotes.dense("run")

    @cached_property
    def best_take(self) -> Ints:
        return self.quotes.best("take_px", np.minimum, FAR)

    @cached_property
    def best_rest(self) -> Ints:
        return self.quotes.best("rest_px", np.maximum, -FAR)

    @cached_property
    def fresh_rows(self) -> Sequence[int]:
        return np.flatnonzero(self.fresh).data

    @cached_property
    def mid2(self) -> Ints:
        """Twice the national mid after each snapshot, the last one carried where a side is empty; NO_PRICE: none yet.

        FAR would not do for none: it is a mid of half that price, where NO_PRICE is above the sum of any two prices.
        """
        both = (self.best_take < FAR) & (self.best_rest > -FAR)
        if both.all():
            return self.best_take + self.best_rest
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
        price, shown = int(self.best_take[at]), self.quotes.in_row(at).columns
        k = int(np.argmax(shown["take_px"] == price))
        return LastTake(price, self.venues[k], int(shown["take_sz"][k]), int(shown["run"][k]), at == row)

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
        quotes = self.quotes.in_row(row)
        _expire(np.array([ts]), quotes, self.max_quote_age)
        last = self.last_take(row)
        alone = replace(
            self,
            ts=np.array([ts]),
            quotes=quotes,
            fresh=self.fresh[row : row + 1],
            new=0,
            prior_take=last,
            prior_mid2=self.mid2_at(row),
        )
        return alone, 0


class _VenueState(NamedTuple):
    """The last known state of one venue."""

    take_px: int = FAR
    take_sz: int = 0
    rest_px: int = -FAR
    rest_sz: int = 0
    run: int = 0
    seen: int = -FAR


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
        row_of_quote = np.repeat(np.arange(new, len(ts)), np.diff(events.quote_end, prepend=0))
        venues, sent, fresh = self._sent(events, len(ts), row_of_quote)
        if self.liquidity is Liquidity.REPLENISH:
            # Every snapshot is a price run of its own, so nothing taken before it counts.
            run = self._snapshots - new
            sent, quotes = sent.with_runs(run), sent.in_every_row().with_runs(run)
            fresh[:] = True
        else:
            quotes = sent
        if self.max_quote_age is not None:
            quotes = quotes.in_every_row()
            _expire(ts[quotes.row], quotes, self.max_quote_age)
            # A stale quote that is confirmed unchanged offers shares again, without being larger or at a new price.
            fresh[:] = True
        book = Book(
            ts=ts,
            venues=venues,
            quotes=quotes,
            fresh=fresh,
            new=new,
            events=events,
            prior_take=self._prior_take,
            prior_mid2=self._prior_mid2,
            queue_events=self._extend_queues(venues, events, new, row_of_quote, sent) if self.queues else (),
            max_quote_age=self.max_quote_age,
            form=self.form,
        )
        self._remember(book)
        return book

    def forget_levels(self) -> None:
        """The queues remember nothing of before; what is displayed stays."""
        for builder in self._queue_events.values():
            builder.forget()

    def _sent(self, events: OrientedBatch, n: int, row_of_quote: Ints) -> tuple[tuple[int, ...], StandingQuotes, Flags]:
        """Venues, what each sent after what it showed before, and which rows may offer something new."""
        sent = {venue: np.flatnonzero(events.venue == venue) for venue in self._venues}
        if sum(map(len, sent.values())) < len(events.venue):
            for venue in distinct(events.venue):
                self._venues.setdefault(venue, _VenueState())
                sent[venue] = np.flatnonzero(events.venue == venue)
        venues = tuple(sorted(self._venues))
        before = [self._venues[venue] for venue in venues]
        count, ends = len(venues), np.cumsum([1 + len(sent[venue]) for venue in venues], dtype=np.int64)
        first, last = np.concatenate(([0], ends)), ends - 1
        # Of each venue its place in `before`, then those of its quotes behind it.
        order: Ints | slice = slice(None)  # as they are, of one venue
        if count > 1:
            order = np.concatenate([part for k, venue in enumerate(venues) for part in ([k], count + sent[venue])])

        def in_order(of_before: Sequence[int], of_quotes: Ints) -> Ints:
            ordered: Ints = np.concatenate((np.array(of_before, np.int64), of_quotes))[order]
            return ordered

        row = in_order([0] * count, row_of_quote)
        columns = {name: in_order([getattr(one, name) for one in before], getattr(events, name)) for name in _QUOTE}
        px, sz = columns["take_px"], columns["take_sz"]
        changed = differs(px)
        changed[first[:-1]] = False
        begun = np.cumsum(changed, dtype=np.int64)
        runs = np.array([one.run for one in before], np.int64)
        columns["run"] = begun + np.repeat(runs - begun[first[:-1]], np.diff(first))
        fresh = np.zeros(n, np.bool_)
        offers = sz > 0
        offers[1:] &= changed[1:] | (sz[1:] > sz[:-1])
        offers[first[:-1]] = False
        fresh[row[offers]] = True
        seen = [one.seen for one in before]
        if self.max_quote_age is not None:
            columns["take_seen"] = in_order(seen, events.ts[row_of_quote - (n - len(events.ts))])
            columns["rest_seen"] = columns["take_seen"]
            seen = columns["take_seen"][last].tolist()
        after = zip(*(columns[name][last].tolist() for name in _SHOWN), seen, strict=True)
        self._venues.update(zip(venues, map(_VenueState._make, after), strict=True))
        return venues, StandingQuotes(n, first, row, columns), fresh

    def _extend_queues(
        self, venues: tuple[int, ...], events: OrientedBatch, new: int, row_of_quote: Ints, sent: StandingQuotes
    ) -> tuple[QueueEvents, ...]:
        sales = sales_by_venue(events, new)
        found = []
        for k, venue in enumerate(venues):
            mine = slice(sent.first[k] + 1, sent.first[k + 1])
            columns = (sent.columns[name][mine] for name in ("rest_px", "rest_sz", "take_px", "take_sz", "run"))
            builder = self._queue_events.setdefault(venue, QueueEventsBuilder())
            found.append(builder.extend(new, Quotes(sent.row[mine], *columns), sales.get(venue, {})))
        return tuple(found)

    def _remember(self, book: Book) -> None:
        self._snapshots += len(book) - book.new
        self._last_ts = int(book.ts[-1])
        last = book.last_take(len(book) - 1)
        self._prior_take = last
        self._prior_mid2 = book.mid2_at(len(book) - 1)


def _expire(ts: Ints, quotes: StandingQuotes, max_age: int) -> None:
    """Quotes that are older than `max_age` at the times `ts` become no quote."""
    columns = quotes.columns
    for side, none in (("take", FAR), ("rest", -FAR)):
        stale = ts - columns[f"{side}_seen"] > max_age
        columns[f"{side}_px"][stale], columns[f"{side}_sz"][stale] = none, 0


_QUOTE = ("take_px", "take_sz", "rest_px", "rest_sz")
_SHOWN = (*_QUOTE, "run")
