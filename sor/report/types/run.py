"""What was asked and what was read: the order, the tape, the stream."""

from decimal import Decimal
from typing import Annotated, NotRequired, TypedDict

from sor.report.types.strategies import VenueName
from sor.report.types.values import Count, NotNegative, Positive, Time, one_of, says


class AskedWindow(TypedDict):
    """The window that was asked for, where it was clipped to the tape. Null: it is the one worked."""

    start: Annotated[Time, says("Start of the window asked for.")]
    end: Annotated[Time, says("End of the window asked for.")]


class OrderWindow(TypedDict):
    """What is to be done, and when."""

    side: Annotated[str, one_of("buy", "sell"), says("Buy or sell.")]
    quantity: Annotated[Positive, says("Shares.")]
    start: Annotated[Time, says("Start of the closed window; the arrival price is that of this moment.")]
    end: Annotated[Time, says("End of the closed window: the deadline.")]


class OrderSection(OrderWindow):
    """The parent order."""

    asked: AskedWindow | None
    limit_price: Annotated[Decimal | None, says("Dollars; nothing trades beyond it. Null without a limit.")]
    arrival_px: Annotated[
        Decimal | None,
        says("Mid of the national best bid and offer at the start, in dollars, exact. Null where there never was one."),
    ]
    participation: Annotated[
        NotNegative | None, says("quantity / volume traded in the window, to 1e-6. Null without trades.")
    ]


class TapeFile(TypedDict):
    """One file of the tape."""

    name: Annotated[str, says("Without folders.")]
    rows: Annotated[Count, says("Rows of the symbol.")]
    first: Annotated[Time | None, says("Time of the first row. Null where there is none.")]
    last: Annotated[Time | None, says("Time of the last row.")]


class OffExchange(TypedDict):
    """Trades that trade reporting facilities reported, over the whole tape: they happened at no exchange and are in
    no other figure.
    """

    trades: Annotated[Count, says("Trades.")]
    shares: Annotated[Count, says("Their shares.")]


# Values of a tape that an analysis of one's own executions shows as well.
TapeName = Annotated[
    str | None, says("The files' names without folders and endings. Null for a stream that does not say.")
]
Symbol = Annotated[str | None, says("The instrument.")]
TapeRows = Annotated[Count | None, says("Rows of the tape.")]


class TapeSection(TypedDict):
    """What was read."""

    name: TapeName
    form: Annotated[
        str,
        one_of("venue", "nbbo"),
        says("What the tape shows: every venue's own best quote, or only the national best."),
    ]
    files: Annotated[
        list[TapeFile],
        says(
            "The files of the tape, by the order in which they count at equal times. Empty for a stream that "
            "does not say."
        ),
    ]
    symbol: Symbol
    rows: TapeRows
    bad_rows: Annotated[Count | None, says("Rows that could not be read and were left out.")]
    out_of_order: Annotated[Count | None, says("Rows that were before the row above them in time; they were sorted.")]
    snapshots: Annotated[Count, says("Snapshots on the tape: distinct times.")]
    snapshots_in_window: Annotated[Count, says("Snapshots in the window.")]
    quotes: Annotated[
        Count, says("Quotes that all snapshots brought, one for each venue that sent a row at that time.")
    ]
    first: Annotated[Time | None, says("Time of the first snapshot.")]
    last: Annotated[Time | None, says("Time of the last snapshot.")]
    venues: Annotated[list[VenueName], says("The venues on the tape, ascending.")]
    trades_in_window: Annotated[Count, says("Trades in the window.")]
    volume_in_window: Annotated[Count, says("Shares traded in the window.")]
    round_lot: NotRequired[
        Annotated[
            Positive,
            says(
                "Shares in a round lot, where the tape's sizes are in lots of another size than 100: fills of fewer "
                "are odd lots."
            ),
        ]
    ]
    off_exchange: OffExchange


class StreamSection(TypedDict):
    """Proof of completeness. For a file, expected equals received."""

    expected: Annotated[
        Count | None, says("Snapshots that the end marker promised. Null where there was no end marker.")
    ]
    received: Annotated[Count, says("Distinct snapshots that arrived.")]
    duplicates: Annotated[Count, says("Snapshots that arrived again and were dropped.")]
    gaps: Annotated[Count, says("Snapshots that are missing.")]
    rejected: Annotated[Count, says("Messages that could not be read and went to the dead letter topic.")]
    complete: NotRequired[
        Annotated[
            bool | None,
            says(
                "False where something is known to be missing; null where a stream without headers and end marker "
                "cannot prove it."
            ),
        ]
    ]
