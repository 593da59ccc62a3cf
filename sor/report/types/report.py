"""The report as one object: the order of the keys is the order of its sections."""

from typing import Annotated, Any, TypedDict

from msgspec import Meta

from sor.report.types.orders import OrdersSection
from sor.report.types.rules import RulesSection
from sor.report.types.run import OrderSection, StreamSection, TapeSection
from sor.report.types.savings import Baselines, HeadlineSection, OutOfSample, SavingsOnThisOrder
from sor.report.types.search import BestParameters, RouterSection, SearchSection
from sor.report.types.sensitivities import Sensitivities
from sor.report.types.strategies import StrategyEntry
from sor.report.types.tca import TcaSection
from sor.report.types.values import OPEN, Text, says

_ALWAYS_THERE = Meta(extra_json_schema={"required": ["best_ask", "twap", "vwap"]})


class ReportJson(TypedDict):
    """What `sor backtest --json` prints and `--out` writes as report.json. Money is an exact decimal number of
    dollars: read it with a parser that keeps decimals. Keys that are not described here may follow in later
    versions.
    """

    best_parameters: BestParameters
    optimized: Annotated[StrategyEntry, says("The chosen strategy (rules.strategy): a view of `strategies`.")]
    baselines: Baselines
    savings_vs_baselines_bps: SavingsOnThisOrder
    headline: HeadlineSection | None
    out_of_sample: OutOfSample
    search: SearchSection
    order: OrderSection
    tape: TapeSection
    stream: StreamSection
    strategies: Annotated[
        dict[str, StrategyEntry], _ALWAYS_THERE, says("Every strategy and benchmark that ran, by name.")
    ]
    router: RouterSection
    orders: OrdersSection
    tca: TcaSection
    sensitivities: Sensitivities
    rules: RulesSection
    warnings: Annotated[list[Text], says("What a reader must know before believing a figure, as plain sentences.")]
    version: Annotated[Text, says("The version of sor that made this report.")]
    request: Annotated[
        dict[str, Any], OPEN, says("The options as they were given; files without their folders. Empty in a sweep.")
    ]
