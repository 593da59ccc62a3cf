"""From what a backtest found to its report: the JSON object section by section, the ledger, the market's path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import sor
from sor.core.backtest.sessions import BacktestResult
from sor.core.market.batch import Form
from sor.core.market.nbbo_path import PathPoint
from sor.core.order import Side
from sor.core.spec import Spec
from sor.report.ledger import Ledger
from sor.report.report import Report
from sor.report.sections.run import order_section, rules_section, stream_section, tape_section
from sor.report.sections.savings import (
    BASELINES,
    headline_section,
    out_of_sample,
    over_orders,
    savings_on_this_order,
)
from sor.report.sections.search import choices_section, parameters, router_section, search_section
from sor.report.sections.sensitivities import sensitivities
from sor.report.sections.strategies import strategy_entries, views
from sor.report.tca.section import tca_section
from sor.report.warnings import warnings
from sor.sources.source import StreamFacts, TapeFacts

if TYPE_CHECKING:
    from sor.report.types.report import ReportJson
    from sor.report.types.savings import Baselines, SavingsOnThisOrder


def build(
    spec: Spec,
    found: BacktestResult,
    tape: TapeFacts,
    stream: StreamFacts,
    form: Form = Form.VENUE,
    request: Mapping[str, Any] | None = None,
) -> Report:
    """The report of one backtest. form: of the source; request: the options as they were given."""
    outcome, search = found.outcome, found.search
    results = outcome.results
    entries = strategy_entries(outcome, tape.round_lot)
    data: ReportJson = {
        "best_parameters": parameters(search),
        "optimized": entries[spec.strategy],
        "baselines": cast("Baselines", views(entries, BASELINES)),
        "savings_vs_baselines_bps": cast("SavingsOnThisOrder", savings_on_this_order(results[spec.strategy], results)),
        "out_of_sample": out_of_sample(found),
        "search": search_section(search) if found.choices is None else choices_section(found.choices),
        "order": order_section(found),
        "tape": tape_section(tape, form, outcome),
        "stream": stream_section(stream),
        "headline": headline_section(found.headline),
        "strategies": entries,
        "router": router_section(spec, found),
        "orders": over_orders(spec, found),
        "sensitivities": sensitivities(spec, found),
        "tca": tca_section(outcome, spec.fees),
        "rules": rules_section(spec),
        "warnings": warnings(spec, found, tape, stream),
        "request": dict(request or {}),
        "version": sor.__version__,
    }
    return Report(data, Ledger(spec.side, spec.fees, results), _path(spec.side, outcome.path), search)


def _path(side: Side, oriented: tuple[PathPoint, ...]) -> tuple[PathPoint, ...]:
    if side is Side.BUY:
        return oriented

    def turn(price: int | None) -> int | None:
        return None if price is None else -price

    return tuple(PathPoint(point.ts, turn(point.take), turn(point.rest)) for point in oriented)
