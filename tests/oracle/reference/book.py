"""Each venue's last quote carried forward, its price runs, and what an order may still take there."""

from __future__ import annotations

from dataclasses import dataclass, field

from reference.market import Level, Quote, Snapshot


@dataclass(slots=True)
class Venue:
    """The last quote of one venue, and what the order did to the present run of its ask."""

    id: int
    bid: Level | None = None
    ask: Level | None = None
    seen: int = 0
    run: int = 0  # counts the uninterrupted ask prices; no quote is another price
    taken: int = 0  # shares of this run that the order has had, by taking or by resting
    sent: int = 0  # shares of this run that takes on their way ask for


@dataclass(slots=True)
class Book:
    """The market of one buyer."""

    max_quote_age: int | None
    replenish: bool
    now: int = 0
    venues: dict[int, Venue] = field(default_factory=dict)
    spoke: set[int] = field(default_factory=set)  # venues with a row at the present snapshot

    def apply(self, snapshot: Snapshot) -> None:
        self.now = snapshot.ts
        self.spoke = {q.venue for q in snapshot.quotes}
        if self.replenish:
            for venue in self.venues.values():
                _new_run(venue)
        for quote in snapshot.quotes:
            self._apply(quote)

    def _apply(self, quote: Quote) -> None:
        venue = self.venues.setdefault(quote.venue, Venue(quote.venue))
        before = None if venue.ask is None else venue.ask.px
        after = None if quote.ask is None else quote.ask.px
        if before != after:
            _new_run(venue)
        venue.bid, venue.ask, venue.seen = quote.bid, quote.ask, self.now

    # --- what takes part, quotes that are too old left out --------------------------------------------------------

    def fresh(self, venue: Venue) -> bool:
        return self.max_quote_age is None or self.now - venue.seen <= self.max_quote_age

    def taking_part(self) -> list[Venue]:
        """Venues with a quote of at least one side, by id."""
        shown = [v for v in self.venues.values() if self.fresh(v) and (v.bid is not None or v.ask is not None)]
        return sorted(shown, key=lambda v: v.id)

    def best_bid(self) -> int | None:
        return max((v.bid.px for v in self.taking_part() if v.bid is not None), default=None)

    def best_ask(self) -> tuple[int, int] | None:
        """(price, venue) of the national best ask, the smallest id among equals."""
        return min(((v.ask.px, v.id) for v in self.taking_part() if v.ask is not None), default=None)

    def mid2(self) -> int | None:
        """Twice the national mid."""
        bid, ask = self.best_bid(), self.best_ask()
        return None if bid is None or ask is None else bid + ask[0]

    def available(self, venue: Venue) -> int:
        """Shares that can still be asked for at this venue's ask."""
        if venue.ask is None or not self.fresh(venue):
            return 0
        return max(0, venue.ask.sz - venue.taken - venue.sent)

    def left_there(self, venue: Venue, px: int) -> int:
        """Shares that a take with the limit `px` finds when it arrives."""
        if venue.ask is None or not self.fresh(venue) or venue.ask.px > px:
            return 0
        return max(0, venue.ask.sz - venue.taken)


def _new_run(venue: Venue) -> None:
    venue.run += 1
    venue.taken = venue.sent = 0
