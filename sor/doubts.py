"""What a tape has that figures should not be built on, as plain sentences: in `sor data info` and in every report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from sor.core.market.health import Health
from sor.core.units import NANO, dollars
from sor.venues import exchange_of_publisher

WIDE = Fraction(5, 100)  # of the mid: a wider arrival book is no market
SILENT_SHARE, LEAST_SILENCE = Fraction(1, 2), 60 * NANO  # of the window, and at least
CROSSED_SHARE, LOCKED_SHARE = Fraction(1, 1000), Fraction(1, 100)  # of the window: less is what feeds' delays make
DOUBLED_SHARE = 0.01


def market_doubts(health: Health, what: str = "the window") -> list[str]:
    """Of the market in a window; `what` it is called."""
    return [*_touching(health, what), *_arrival(health), *_silent(health, what), *_prices(health)]


def fee_doubts(venues: tuple[int, ...], fees: Mapping[int, Any]) -> list[str]:
    """Venues whose fee is not known; none where the run has no fees at all."""
    missing = [venue for venue in venues if venue not in fees]
    if not missing or not fees:
        return []
    return [f"No fee is known for {listed(missing)}: taken as 0, which no venue charges; give one with --fees."]


def doubled_doubts(doubled: int | None, rows: int | None) -> list[str]:
    """Rows that stand there twice, where they are more than chance makes."""
    if not doubled or not rows or doubled < rows * DOUBLED_SHARE:
        return []
    return [
        f"{doubled:,} of the {rows:,} rows stand on the tape twice: volume, trades and queues may count double "
        "(a file joined to itself, or a download written twice)."
    ]


def listed(venues: list[int]) -> str:
    """Venues with their names: venue 2 (Nasdaq) and venue 8 (Cboe EDGX)."""
    words = [_named(venue) for venue in venues]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _named(venue: int) -> str:
    exchange = exchange_of_publisher(venue)
    return f"venue {venue}" if exchange is None else f"venue {venue} ({exchange.name})"


def _touching(health: Health, what: str) -> Iterator[str]:
    pair = health.worst_pair
    if pair is None or not health.window:
        return
    who = f"one venue, {_named(pair[0])}" if pair[0] == pair[1] else listed(sorted(pair))
    times = (health.crossed, "crossed", CROSSED_SHARE), (health.locked, "locked", LOCKED_SHARE)
    for time, word, least in times:
        if time >= least * health.window:
            yield (
                f"The national book is {word} for {_share(time, health.window)} of {what}, most of all between "
                f"{who}: no market is like that for long, a quote may be stale (--max-quote-age, --stale-crossed)."
            )


def _arrival(health: Health) -> Iterator[str]:
    if health.arrival is None:
        return
    take, rest = health.arrival
    spread, mid = take - rest, Fraction(abs(take + rest), 2)
    if spread > mid * WIDE:
        low, high = sorted((abs(take), abs(rest)))
        yield (
            f"The book at the start is {dollars(low)} to {dollars(high)}, a spread of {_percent(spread / mid)} of the "
            "mid: that is no market, and costs against its mid mean nothing."
        )


def _silent(health: Health, what: str) -> Iterator[str]:
    if len(health.silence) < 2:
        return
    for venue, time in health.silence.items():
        if time >= LEAST_SILENCE and time >= health.active * SILENT_SHARE:
            yield (
                f"V{_named(venue)[1:]} sends nothing for {_share(time, health.active)} of {what} while "
                "others quote: its last quote is carried all that time (--max-quote-age)."
            )


def _prices(health: Health) -> Iterator[str]:
    if health.lowest is not None and health.lowest < NANO:
        yield (
            f"Prices go below one dollar ({dollars(health.lowest)}): there fees are a share of value, and minimum "
            "price increments are finer."
        )
    if health.whole_dollars and health.lowest is not None:
        yield (
            f"All prices are whole dollars, from {dollars(health.lowest)} on: they look scaled (as integers of "
            "1/100 or 1/10000 dollar), and every amount with them."
        )


def _share(part: int, whole: int) -> str:
    return _percent(Fraction(part, whole)) if whole else "all"


def _percent(share: Fraction) -> str:
    if share >= 1:
        return f"{float(share):.0%}"
    return "less than 0.1 %" if share < Fraction(1, 1000) else f"{float(share):.1%}"
