"""The exchanges of US equities, from the bundled table: who a publisher, a MIC, a letter or a vendor's number is.

An exchange is one venue, whichever of its feeds a tape came from: its name, its id and its fee are the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Any

from sor.core.fees import Period, VenueFee
from sor.files.exact_json import millionths, nanodollars, read_exact
from sor.paths import venue_table


@dataclass(frozen=True, slots=True)
class Publisher:
    """One feed of an exchange at Databento. quotes is False where the feed has trades only."""

    publisher_id: int
    dataset: str
    quotes: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A participant letter of the CTA and UTP plans, and the days on which it meant this exchange (ends included)."""

    letter: str
    first: date | None
    last: date | None

    def holds(self, day: date | None) -> bool:
        """Whether the letter had this meaning on that day; None asks for today's meaning."""
        if day is None:
            return self.last is None
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A row of the table.

    venue_id: the smallest publisher_id with quotes of this exchange, else one from 60000 up. mics: its market
    identifier codes, the one to show first. consolidated: a quote made of other exchanges' quotes, in one dataset.
    off_exchange: a trade reporting facility, whose prints happened at no exchange. fee: the first schedule that is
    known, None where none is; periods: later ones, from their first day on.
    """

    venue_id: int
    mic: str
    name: str
    mics: tuple[str, ...]
    publishers: tuple[Publisher, ...]
    letters: tuple[Letter, ...]
    massive_ids: tuple[int, ...]
    consolidated: bool
    off_exchange: bool
    fee: VenueFee | None
    periods: tuple[Period, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """Every number that a tape may give this exchange: its publishers', and its venue id."""
        return tuple(sorted({self.venue_id, *(publisher.publisher_id for publisher in self.publishers)}))


@cache
def exchanges() -> tuple[Exchange, ...]:
    """All exchanges, consolidated feeds and trade reporting facilities of the table, by venue_id."""
    table = read_exact(venue_table())
    return tuple(_exchange(row, table["caps"]) for row in table["exchanges"])


def exchange_of_publisher(publisher_id: int) -> Exchange | None:
    """By a Databento publisher_id, or by a venue_id from 60000 up."""
    return _by_id().get(publisher_id)


def exchange_of_mic(mic: str) -> Exchange | None:
    """By a market identifier code in any case. A consolidated feed is no exchange and has none."""
    return _by_mic().get(mic.upper())


def exchange_of_letter(letter: str, day: date | None = None) -> Exchange | None:
    """By a participant letter of the CTA and UTP plans, as it was used on that day (None: today)."""
    for exchange in exchanges():
        if any(known.letter == letter and known.holds(day) for known in exchange.letters):
            return exchange
    return None


def exchange_of_massive_id(number: int) -> Exchange | None:
    """By Massive's (formerly Polygon's) number of an exchange, or of a trade reporting facility."""
    return _by_massive_id().get(number)


def publisher(publisher_id: int) -> Publisher | None:
    """The feed behind a publisher_id: its dataset, and whether it has quotes."""
    exchange = exchange_of_publisher(publisher_id)
    feeds = exchange.publishers if exchange else ()
    return next((feed for feed in feeds if feed.publisher_id == publisher_id), None)


@cache
def _by_id() -> dict[int, Exchange]:
    return {number: exchange for exchange in exchanges() for number in exchange.ids}


@cache
def _by_mic() -> dict[str, Exchange]:
    return {mic: exchange for exchange in exchanges() if not exchange.consolidated for mic in exchange.mics}


@cache
def _by_massive_id() -> dict[int, Exchange]:
    return {number: exchange for exchange in exchanges() for number in exchange.massive_ids}


def _exchange(row: dict[str, Any], caps: list[dict[str, Any]]) -> Exchange:
    first, *later = [_fee(period) for period in row["fees"]] if "fees" in row else [None]
    days = [date.fromisoformat(period["from"]) for period in row.get("fees", ())[1:]]
    periods = [(day, fee) for day, fee in zip(days, later, strict=True) if fee is not None]
    return Exchange(
        venue_id=int(row["venue_id"]),
        mic=row["mic"],
        name=row["name"],
        mics=(row["mic"], *row.get("also", ())),
        publishers=tuple(
            Publisher(int(feed["id"]), feed["dataset"], quotes=feed.get("holds") != "trades")
            for feed in row["publishers"]
        ),
        letters=tuple(
            Letter(known["letter"], _day(known.get("from")), _day(known.get("until")))
            for known in row.get("letters", ())
        ),
        massive_ids=tuple(int(number) for number in row.get("massive", ())),
        consolidated=row.get("consolidated", False),
        off_exchange=row.get("off_exchange", False),
        fee=first,
        periods=_capped(first, periods, caps),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _fee(period: dict[str, Any]) -> VenueFee:
    below = [millionths(period[name]["share"]) for name in ("take_below", "make_below")]
    return VenueFee(nanodollars(period["take"]["usd"]), nanodollars(period["make"]["usd"]), *below)


def _capped(first: VenueFee | None, periods: list[Period], caps: list[dict[str, Any]]) -> tuple[Period, ...]:
    """The periods, and one for each day on which a lower cap of Rule 610(c) begins to bind."""
    for cap in caps:
        day, most, below = date.fromisoformat(cap["from"]), nanodollars(cap["usd"]), millionths(cap["share"])
        current = next((fee for begun, fee in reversed(periods) if begun <= day), first)
        if current is not None and current.take_below is not None:
            capped = replace(current, take=min(current.take, most), take_below=min(current.take_below, below))
            periods = [*periods, (day, capped)] if capped != current else periods
    return tuple(periods)
