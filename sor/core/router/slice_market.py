"""What the allocations of one slice cost, worked out together: Execution's rules, where orders act at once.

All of them rest at one price behind one queue, and begin to take in one snapshot. So what comes to a slice comes to
all of them: offers to take, trades that get through a queue, quotes that come to its price. The market order is a
venue that always fills, as in the model: X = (M, L_1..L_K) has of each source the first X_j shares, and of those the
first S. What is missing once the passive phase is over is swept from there on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sor.core.execution.fast_take import Consumed, sweep
from sor.core.execution.resting import Opportunities
from sor.core.fees import FeeSchedule
from sor.core.market.book import Book
from sor.core.order import ParentOrder, QueueModel

NEAR = 16  # rows that are looked at first: most sweeps end in them


@dataclass(frozen=True, slots=True)
class SliceCost:
    """A slice that is over. cost: cash and what the leaves would cost, oriented nanodollars; forced: shares that were
    done at one price at its end, whatever was displayed there."""

    cost: int
    forced: int


class OfferedShares(NamedTuple):
    """Shares for X at one row of the book. turn: its place among the offers of that row; source: whose shares, as a
    place in X; price: a share with its fee or rebate; column: of the venue in the book, if the shares count as taken
    from a price run that stands when the passive phase is over; quoted: an opposite quote has come to an order."""

    row: int
    turn: tuple[int, int, int]
    source: int
    shares: int
    price: int
    column: int | None = None
    quoted: bool = False


class SweptShares(NamedTuple):
    row: int
    column: int
    shares: int
    price: int


@dataclass(slots=True)
class SliceMarket:
    """One slice in one book that holds the whole of it, and a snapshot after it. row: where it is decided; px, venues,
    rests_until: of the resting orders of every X, which end before the slice does."""

    order: ParentOrder
    fees: FeeSchedule
    model: QueueModel
    book: Book
    row: int
    rests_until: int
    px: int
    venues: Sequence[int]
    _over: int = field(init=False)  # the row of the decision that sweeps what is missing, or _stop
    _stop: int = field(init=False)
    _offers: list[OfferedShares] = field(init=False)
    _completions: dict[tuple[int, ...], list[SweptShares]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._over, self._stop = self.book.first_at(self.rests_until), self.book.last_at(self.order.end) + 1
        offers = self._to_take()
        if self.px <= self.order.limit:
            for source, venue in enumerate(self.venues, 1):
                offers += self._to_rest(source, venue)
        self._offers = sorted(offers)

    def worked(self, x: Sequence[int]) -> SliceCost | None:
        """The slice as X works it; None where a quote comes to an order while M is still being swept: then each has
        less of what the other took."""
        left, missing, cost = list(x), self.order.quantity, 0
        gone = [0] * len(self.book.venues)
        for offer in self._offers:
            shares = min(offer.shares, left[offer.source], missing)
            if not shares:
                continue
            if offer.quoted and left[0]:
                return None
            left[offer.source] -= shares
            missing -= shares
            cost += shares * offer.price
            if offer.column is not None:
                gone[offer.column] += shares
        for take in self._completion(tuple(gone)) if missing else ():
            shares = min(take.shares, missing)
            missing -= shares
            cost += shares * take.price
        forced = missing if self.order.limit_price is None else 0
        return SliceCost(cost + missing * self._left_px if missing else cost, forced)

    # -- what is there ---------------------------------------------------------------------------------------------

    @property
    def _left_px(self) -> int:
        last = self.book.last_take(self._stop - 1)
        assert last is not None  # a slice with a problem began with an opposite quote
        return last.px + self.fees.take(last.venue, last.px)

    def _to_take(self) -> list[OfferedShares]:
        return [
            OfferedShares(take.row, (2, turn, 0), 0, take.shares, take.price, self._stands(take.row, take.column))
            for turn, take in enumerate(self._sweep(self.row, self._over, {}))
        ]

    def _to_rest(self, source: int, venue: int) -> Iterator[OfferedShares]:
        """What would fill an order at a venue, of which nobody has more than all S shares."""
        book = self.book
        found = Opportunities.on_joining(
            book, venue, self.row, self.px, self.model, book.last_at(self.rests_until), at_once=True
        )
        price = self.px - self.fees.make(venue, self.px)
        for hit in found.hits(self.order.quantity):
            yield OfferedShares(hit.row, (0, hit.position, source), source, hit.qty, price)
        k, used, left = book.venues.index(venue), Consumed(), self.order.quantity
        for row in found.quoted:
            if left <= 0:
                break
            run = int(book.run[row, k])
            shares = int(book.take_sz[row, k]) - used.in_run(run)
            if shares > 0:
                used.consume(run, shares)
                left -= shares
                yield OfferedShares(row, (1, venue, 0), source, shares, price, self._stands(row, k), quoted=True)

    def _stands(self, row: int, k: int) -> int | None:
        """The column, if its price run is that of the decision to complete."""
        run = self.book.run
        return k if run[row, k] == run[self._over, k] else None

    def _completion(self, gone: tuple[int, ...]) -> list[SweptShares]:
        """What can be taken once the passive phase is over, of each venue's price run so many shares less."""
        if gone not in self._completions:
            over, book = self._over, self.book
            used = {
                venue: Consumed(int(book.run[over, k]), shares)
                for k, (venue, shares) in enumerate(zip(book.venues, gone, strict=True))
                if shares
            }
            self._completions[gone] = self._sweep(over, self._stop, used)
        return self._completions[gone]

    def _sweep(self, row: int, stop: int, used: dict[int, Consumed]) -> list[SweptShares]:
        """All S shares, as far as they are offered in rows row:stop."""
        found, left, backlog = list[SweptShares](), self.order.quantity, True
        near = min(row + NEAR, stop)
        for first, last, few in ((row, near, True), (near, stop, False)):
            if first < last and left:
                swept = sweep(self.book, first, last, left, self.order.limit, used, backlog, few=few)
                left, backlog = swept.left, swept.backlog
                for at, venue, px, shares in zip(*(column.tolist() for column in swept.takes), strict=True):
                    column = self.book.venues.index(venue)
                    found.append(SweptShares(at, column, shares, px + self.fees.take(venue, px)))
        return found
