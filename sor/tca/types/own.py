"""An analysis of one's own executions as one object, as `sor tca --json` prints it."""

from decimal import Decimal
from typing import Annotated, Any, TypedDict

from sor.report.types.run import OrderWindow, Symbol, TapeName, TapeRows
from sor.report.types.strategies import StrategyEntry, VenueName
from sor.report.types.tca import ExecutionCosts, MarketPrices, StrategyMinutes, WindowMinutes
from sor.report.types.tca_venues import ExecutedAtVenue
from sor.report.types.values import OPEN, Positive, Text, Time, says

_NotKnown = Annotated[None, says("Null: what an order sent and never filled is not in the file.")]


class FillsFile(TypedDict):
    """The file of executions."""

    name: Annotated[Text, says("Without folders.")]
    rows: Annotated[Positive, says("Its executions, those of other orders than --only too.")]
    simulated: Annotated[
        bool,
        says("Whether it is a backtest's own fills.csv, whose executions left no trace on the tape."),
    ]


class OwnTape(TypedDict):
    """The tape that they are set against."""

    name: TapeName
    symbol: Symbol
    rows: TapeRows


class ImpossibleFill(TypedDict):
    """An execution that the tape cannot have given."""

    row: Annotated[Positive, says("Its row in the file, from 1 after the header.")]
    time: Annotated[Time, says("When.")]
    venue: Annotated[VenueName, says("Where.")]
    price: Annotated[Decimal, says("Dollars.")]
    size: Annotated[Positive, says("Shares.")]
    reason: Annotated[Text, says("Why it cannot be, in words.")]


class _NotRouted(VenueName):
    shares_routed: _NotKnown
    shares_routed_ioc: _NotKnown
    shares_further_routable: _NotKnown
    average_order_size: _NotKnown


class OwnHandlingRow(_NotRouted, ExecutedAtVenue):
    """A row of the table of Rule 606(b)(3), as far as executions show it."""


class OwnMinutes(WindowMinutes, StrategyMinutes):
    """The order's window by minute: the market's volume, and what the order did."""


class _MarketAndMinutes(TypedDict):
    benchmarks: MarketPrices
    minutes: OwnMinutes


class OwnTca(_MarketAndMinutes, ExecutionCosts):
    """Transaction cost analysis (docs/tca.md)."""

    venues_606: Annotated[
        list[OwnHandlingRow],
        says("The venue table of SEC Rule 606(b)(3), with null for what was routed."),
    ]


class _Saved(TypedDict):
    savings_bps: Annotated[
        Decimal | None,
        says(
            "What the own executions saved against it, in basis points, leaves included: positive where they were "
            "cheaper. Null where one of the two has no price."
        ),
    ]


class AgainstStrategy(_Saved, StrategyEntry):
    """A strategy that worked the same quantity over the same window."""


class _OrderName(TypedDict):
    order: Annotated[str, says("Its name in the file; empty where the file names none.")]


class OwnOrderRow(_OrderName, OrderWindow, StrategyEntry):
    """One parent order as it was executed."""

    against: Annotated[
        dict[str, AgainstStrategy],
        says("By name: X_M, twap and the router, its parameters tuned on the past only. Empty with --alone."),
    ]
    impossible: Annotated[list[ImpossibleFill], says("Executions that the tape cannot have given; they still count.")]
    tca: OwnTca


class OwnReportJson(TypedDict):
    """What `sor tca --json` prints and `--out` writes as tca.json. Money is an exact decimal number of dollars: read
    it with a parser that keeps decimals. Keys that are not described here may follow in later versions.
    """

    fills: FillsFile
    tape: OwnTape
    orders: Annotated[list[OwnOrderRow], says("The parent orders of the file.")]
    request: Annotated[dict[str, Any], OPEN, says("The options as they were given; files without their folders.")]
    version: Annotated[Text, says("The version of sor that made this analysis.")]
