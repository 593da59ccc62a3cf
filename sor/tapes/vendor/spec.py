"""What a format says, as values: see docs/formats.md for the meaning of every key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from sor.core.market.batch import Form
from sor.core.units import NANO
from sor.errors import InputError

Holds = Literal["quotes", "trades", "both"]
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class TimeSpec:
    """Columns of a time, joined by a blank, and how it is written. plus: (column, is it optional), further ns."""

    read: tuple[str, ...]
    written: str
    since_midnight: bool = False
    date: str | None = None
    plus: tuple[str, bool] | None = None

    @property
    def is_clock(self) -> bool:
        """A time of day, which needs a date from elsewhere."""
        return self.since_midnight or self.written in ("HHMMSSf", "HH:MM:SS.f")


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows are left out unless their text is one of `unless`, or made of `unless_within`; `clears`: see docs."""

    column: str
    split: str | None = None  # letters, list, hex
    unless: frozenset[str] = frozenset()
    within: frozenset[str] = frozenset()
    clears: frozenset[str] = frozenset()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be said of rows with this text in a column: they stay on the tape, and are counted."""

    column: str
    text: str
    says: str


@dataclass(frozen=True, slots=True)
class VenueSpec:
    """Where a row's venue stands (one column, or one for each side), and what its names mean."""

    column: str | None = None
    bid: str | None = None
    ask: str | None = None
    fixed: str | None = None
    names: str | Mapping[str, str | int] = "any"
    off_exchange: Rule | None = None


@dataclass(frozen=True, slots=True)
class QuoteSpec:
    """silent: price and size both this, the row does not speak of the side; none: prices that mean no quote."""

    bid: str
    bid_size: str
    ask: str
    ask_size: str
    silent: str | None = None
    none: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class TradeSpec:
    """when, hidden: (column, texts) that make a row a trade, or one against an order that was not displayed.

    resting_side: (column, text of a buyer, text of a seller).
    """

    price: str
    size: str
    side: str | None = None
    when: tuple[str, frozenset[str]] | None = None
    hidden: tuple[str, frozenset[str]] | None = None
    resting_side: tuple[str, str, str] | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Footer:
    """A last line that is no row. date, rows: which of its fields say the day and the count of rows."""

    starts: str
    date: int | None = None
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """A format. lots: (first day on which it no longer holds, shares in a unit), the last without a day.

    price_unit: dollars in a unit, None where the file tells. prints_late: ns.
    """

    name: str
    about: str
    holds: Holds
    event: TimeSpec
    venue: VenueSpec
    form: Form = Form.VENUE
    made_from: str | None = None
    header: tuple[str, ...] = ()
    not_header: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    file: str | None = None
    footer: Footer | None = None
    zone: str = "UTC"
    recv: TimeSpec | None = None
    order: tuple[str, ...] = ()
    symbol: tuple[str, ...] = ()
    symbol_else: tuple[str, ...] = ()
    price_unit: Decimal | None = Decimal(1)
    lots: tuple[tuple[date | None, int], ...] = ((None, 1),)
    quote: QuoteSpec | None = None
    trade: TradeSpec | None = None
    leave_out: tuple[Rule, ...] = ()
    remarks: tuple[Remark, ...] = ()
    beside: tuple[str, str, tuple[str, ...]] | None = None
    prints_late: int = 0
    has_venues: bool = True

    def without_venues(self) -> FormatSpec | None:
        """The format of files whose rows do not say their venue, which is 0 then; None where there are no such."""
        venue = self.venue
        if venue.column is None or venue.bid is not None or venue.off_exchange is not None or not self.header:
            return None
        header = tuple(name for name in self.header if name != venue.column)
        return replace(self, header=header, venue=VenueSpec(fixed="0"), has_venues=False)

    def by_receipt(self, path: Path) -> FormatSpec:
        """The format read by the time of receipt. In NBBO form the instant is the consolidator's by either clock."""
        if self.form is Form.NBBO:
            return self
        if self.recv is None:
            raise InputError(
                f"{path}: the format {self.name} has no time of receipt, which --clock recv needs: leave --clock out"
            )
        return replace(self, event=self.recv)

    def needed(self) -> list[str]:
        """The columns without which no row can be read, as the format spells them."""
        venue, quote, trade = self.venue, self.quote, self.trade
        names: list[str | None] = [*self.header, *self.event.read, self.event.date, venue.bid, venue.ask]
        if venue.column and not (venue.bid and trade and trade.optional):
            names.append(venue.column)
        if quote is not None:
            names += [quote.bid, quote.bid_size, quote.ask, quote.ask_size]
        if trade is not None and not trade.optional:
            names += [trade.price, trade.size, trade.when[0] if trade.when else None]
        names += [rule.column for rule in self.leave_out if not rule.optional]
        names += [remark.column for remark in self.remarks]
        return list(dict.fromkeys(name for name in names if name is not None))


def spec_of(name: str, keys: Mapping[str, Any]) -> FormatSpec:
    """A format from keys that its schema allows. ValueError says what does not go together."""
    if "holds" not in keys or "event" not in keys or "venue" not in keys:
        raise ValueError("the keys holds, event and venue are needed (or like = a format that has them)")
    holds: Holds = keys["holds"]
    for wanted, key in (("trades", "quote"), ("quotes", "trade")):
        if holds != wanted and key not in keys:
            raise ValueError(f"holds = {holds!r} needs the key {key}")
        if holds == wanted and key in keys:
            raise ValueError(f"holds = {holds!r} has no use for the key {key}")
    if ("header" in keys) == ("columns" in keys):
        raise ValueError("one of the keys header (names that the header has) and columns (no header) is needed")
    form = Form(keys.get("form", "venue"))
    return FormatSpec(
        name=name,
        about=keys.get("about", ""),
        made_from=keys.get("made_from"),
        holds=holds,
        form=form,
        header=tuple(keys.get("header", ())),
        not_header=tuple(keys.get("not_header", ())),
        columns=tuple(keys.get("columns", ())),
        delimiter=keys.get("delimiter", ","),
        file=keys.get("file"),
        footer=Footer(**keys["footer"]) if "footer" in keys else None,
        zone=keys.get("zone", "UTC"),
        event=_time(keys["event"]),
        recv=_time(keys["recv"]) if "recv" in keys else None,
        order=_order(keys),
        symbol=tuple(keys.get("symbol", ())),
        symbol_else=tuple(keys.get("symbol_else", ())),
        venue=_venue(keys["venue"], form, holds),
        price_unit=None if keys.get("price") == AUTO else Decimal(str(keys.get("price", 1))),
        lots=_lots(keys.get("size", 1)),
        quote=_quote(keys["quote"]) if "quote" in keys else None,
        trade=_trade(keys["trade"]) if "trade" in keys else None,
        leave_out=tuple(map(_rule, keys.get("leave_out", ()))),
        remarks=tuple(Remark(one["column"], one["is"], one["says"]) for one in keys.get("remarks", ())),
        beside=(*keys["beside"]["replace"], tuple(keys["beside"]["columns"])) if "beside" in keys else None,
        prints_late=round(keys.get("prints_late", 0) * NANO),
    )


def _time(keys: Mapping[str, Any]) -> TimeSpec:
    plus = keys.get("plus")
    found = TimeSpec(
        read=tuple(keys["read"]),
        written=keys["as"],
        since_midnight="since" in keys,
        date=keys.get("date"),
        plus=(plus["column"], plus.get("optional", False)) if plus else None,
    )
    if found.since_midnight and found.written not in ("ns", "us", "ms", "s"):
        raise ValueError(f"event.since goes with as = ns, us, ms or s, not {found.written}")
    if found.date is not None and not found.is_clock:
        raise ValueError(f"event.date goes with a time of day, not with as = {found.written}")
    if len(found.read) > 1 and found.written not in ("iso", "auto"):
        raise ValueError("event.read names two columns: that goes with as = iso")
    return found


def _order(keys: Mapping[str, Any]) -> tuple[str, ...]:
    order = keys.get("order", ())
    names = (order,) if isinstance(order, str) else tuple(order)
    return tuple(name for name in names if name not in keys["event"]["read"])


def _venue(keys: Mapping[str, Any], form: Form, holds: Holds) -> VenueSpec:
    has_sides = "bid" in keys or "ask" in keys
    if has_sides and (form is Form.VENUE or not ("bid" in keys and "ask" in keys)):
        raise ValueError('venue.bid and venue.ask go together, in form = "nbbo"')
    if not has_sides and ("column" in keys) == ("is" in keys):
        raise ValueError("venue needs one of column (where the venue stands) and is (the venue of all rows)")
    rule = keys.get("off_exchange")
    fixed = keys.get("is")
    return VenueSpec(
        column=keys.get("column"),
        bid=keys.get("bid"),
        ask=keys.get("ask"),
        fixed=fixed,
        names=keys.get("names", "any"),
        off_exchange=_rule(rule) if rule else None,
    )


def _lots(size: int | list[dict[str, Any]]) -> tuple[tuple[date | None, int], ...]:
    if isinstance(size, int):
        return ((None, size),)
    steps = tuple((date.fromisoformat(step["until"]) if "until" in step else None, step["lot"]) for step in size)
    days = [day for day, _ in steps]
    if days[-1] is not None or None in days[:-1] or sorted(filter(None, days)) != days[:-1]:
        raise ValueError("size: steps ascend by `until`, and the last one has none")
    return steps


def _quote(keys: Mapping[str, Any]) -> QuoteSpec:
    return QuoteSpec(**{**keys, "none": frozenset(map(str, keys.get("none", ())))})


def _trade(keys: Mapping[str, Any]) -> TradeSpec:
    resting = keys.get("resting_side")
    return TradeSpec(
        price=keys["price"],
        size=keys["size"],
        side=keys.get("side"),
        when=_when(keys.get("when")),
        hidden=_when(keys.get("hidden")),
        resting_side=(resting["column"], resting["buy"], resting["sell"]) if resting else None,
        optional=keys.get("optional", False),
    )


def _when(keys: Mapping[str, Any] | None) -> tuple[str, frozenset[str]] | None:
    if keys is None:
        return None
    ((column, texts),) = keys.items()
    return column, frozenset(map(str, texts))


def _rule(keys: Mapping[str, Any]) -> Rule:
    if ("unless" in keys) == ("unless_within" in keys):
        raise ValueError(f"the rule on {keys['column']!r} needs one of unless and unless_within")
    split = keys.get("as")
    within = [str(text) for text in keys.get("unless_within", ())]
    if split == "hex":
        try:
            within = [str(int(text, 0)) for text in within]
        except ValueError:
            raise ValueError(f"the rule on {keys['column']!r}: unless_within has numbers such as 0x20") from None
    return Rule(
        column=keys["column"],
        split=split,
        unless=frozenset(map(str, keys.get("unless", ()))),
        within=frozenset(within),
        clears=frozenset(map(str, keys.get("clears", ()))),
        optional=keys.get("optional", False),
    )
