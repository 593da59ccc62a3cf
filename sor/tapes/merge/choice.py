"""What of several publishers counts: pure rules over what was found on the files of a tape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sor.core.market.batch import Form
from sor.core.units import NANO, format_time
from sor.errors import InputError
from sor.tapes.rows import Kind
from sor.venues import Exchange, exchange_of_publisher, publisher

TOGETHER = NANO  # feeds of one exchange may overlap by so much: files of successive days often do

# The first that is there gives a publisher's quotes, and its trades.
QUOTE_KINDS = (Kind.MBP_1, Kind.MBP_10, Kind.MBO, Kind.CMBP_1, Kind.QUOTES, Kind.BBO, Kind.TBBO)
TRADE_KINDS = (Kind.MBP_1, Kind.MBP_10, Kind.MBO, Kind.CMBP_1, Kind.TBBO, Kind.TRADES)


@dataclass(frozen=True, slots=True)
class FoundPublisher:
    """Rows of one publisher in one file: what they are, and the first and last time (ns)."""

    file: str
    form: Form
    kind: Kind
    publisher: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is left out: publishers, and of some of them the quotes or the trades of a kind of file."""

    publishers: frozenset[int] = frozenset()
    quotes: frozenset[tuple[Kind, int]] = frozenset()
    trades: frozenset[tuple[Kind, int]] = frozenset()
    notes: tuple[str, ...] = ()


def choose(found: Sequence[FoundPublisher]) -> LeftOut:
    """What counts of all that was found. InputError where the user has to say it."""
    one_form(found)
    # The national best is a consolidated feed by nature, and its rows say which venue has each side.
    left_out = dict(_consolidated([one for one in found if one.form is not Form.NBBO]))
    kept = [one for one in found if one.publisher not in left_out]
    quotes, trades = _doubled(kept, QUOTE_KINDS), _doubled(kept, TRADE_KINDS)
    _check_exchanges(kept, quotes, trades)
    notes = (*left_out.values(), *_kind_notes(quotes, trades))
    return LeftOut(frozenset(left_out), frozenset(quotes), frozenset(trades), notes)


def one_form(found: Sequence[FoundPublisher]) -> Form:
    """The form of a tape. InputError where its files do not go together."""
    quoting = [one for one in found if one.kind is not Kind.TRADES]
    national = {one.file: one for one in quoting if one.form is Form.NBBO}
    others = sorted({one.file for one in quoting if one.form is not Form.NBBO})
    if national and others:
        raise InputError(
            f"{min(national)} shows only the national best, and {others[0]} shows a venue's own quotes: "
            "a tape has one form, so choose one of the two"
        )
    spans = [(file, *_span([one for one in quoting if one.file == file])) for file in sorted(national)]
    for (one, first, last), (other, start, end) in combinations(spans, 2):
        if min(last, end) - max(first, start) > TOGETHER:
            raise InputError(f"{one} and {other} both show the national best at the same time: choose one of them")
    return Form.NBBO if national else Form.VENUE


def _span(found: Sequence[FoundPublisher]) -> tuple[int, int]:
    return min(one.first for one in found), max(one.last for one in found)


def _consolidated(found: Sequence[FoundPublisher]) -> Iterator[tuple[int, str]]:
    """Publishers that are made of other publishers' quotes, and why they are left out."""
    present = {one.publisher: exchange_of_publisher(one.publisher) for one in found}
    sums = {number: known for number, known in sorted(present.items()) if known is not None and known.consolidated}
    venues = [number for number, known in sorted(present.items()) if known is None or not _is_sum_or_report(known)]
    for number, exchange in sums.items():
        components = [venue for venue in venues if _dataset(venue) == _dataset(number)]
        others = venues or [other for other in sums if other != number]
        if others and not components:
            raise InputError(
                f"publisher {number} ({exchange.name}) is made of other venues' quotes, and {_names(others)} of other "
                "data sets are on the tape as well: give the one or the others, so that no share is there twice"
            )
        if components:
            yield (
                number,
                f"Publisher {number} ({exchange.name}) is the sum of venues that are on the tape "
                f"({_names(components)}): its rows are left out.",
            )


def _is_sum_or_report(exchange: Exchange) -> bool:
    return exchange.consolidated or exchange.off_exchange


def _dataset(number: int) -> str | None:
    feed = publisher(number)
    return None if feed is None else feed.dataset


def _names(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers[:6])) + (f" and {len(numbers) - 6} more" if len(numbers) > 6 else "")


def _doubled(found: Sequence[FoundPublisher], order: Sequence[Kind]) -> set[tuple[Kind, int]]:
    """Kinds of a publisher that another kind goes before."""
    kinds: dict[int, set[Kind]] = {}
    for one in found:
        if one.kind in order:
            kinds.setdefault(one.publisher, set()).add(one.kind)
    return {(kind, number) for number, there in kinds.items() for kind in sorted(there, key=order.index)[1:]}


def _kind_notes(quotes: set[tuple[Kind, int]], trades: set[tuple[Kind, int]]) -> Iterator[str]:
    for what, doubled in (("quotes", quotes), ("trades", trades)):
        for kind in sorted({kind for kind, _ in doubled}):
            numbers = sorted(number for other, number in doubled if other is kind)
            yield (
                f"The {what} of {kind} files are left out for publisher{'s' * (len(numbers) != 1)} {_names(numbers)}: "
                "a fuller record of the same is on the tape."
            )


def _check_exchanges(
    found: Sequence[FoundPublisher], quotes: set[tuple[Kind, int]], trades: set[tuple[Kind, int]]
) -> None:
    """Two publishers of one exchange at the same time would double its shares."""
    used = [
        one
        for one in found
        if (one.kind in QUOTE_KINDS and (one.kind, one.publisher) not in quotes)
        or (one.kind in TRADE_KINDS and (one.kind, one.publisher) not in trades)
    ]
    by_exchange: dict[int, tuple[Exchange, list[FoundPublisher]]] = {}
    for one in used:
        exchange = exchange_of_publisher(one.publisher)
        if exchange is not None and not exchange.off_exchange:
            by_exchange.setdefault(exchange.venue_id, (exchange, []))[1].append(one)
    for exchange, feeds in by_exchange.values():
        for one, other in combinations(sorted(feeds, key=lambda feed: (feed.publisher, feed.file)), 2):
            start, end = max(one.first, other.first), min(one.last, other.last)
            if one.publisher != other.publisher and end - start > TOGETHER:
                raise InputError(
                    f"publishers {one.publisher} and {other.publisher} are both {exchange.name} ({exchange.mic}), and "
                    f"both are on the tape from {format_time(start)} to {format_time(end)}: leave out one of "
                    f"{_files(one, other)}"
                )


def _files(one: FoundPublisher, other: FoundPublisher) -> str:
    if one.file == other.file:
        return f"them ({one.file} holds both)"
    return f"{one.file} and {other.file}"
