"""Reports side by side: the JSON object, from which tables and the page are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import sor
from sor.comparison.given import GivenReport, given
from sor.comparison.judge import JudgedRouter
from sor.comparison.options import name_routers
from sor.comparison.order import check, day_of, order_words
from sor.comparison.samples import baselines_apart, over_days, over_slices
from sor.core.statistics import BLOCK, RESAMPLES, MeanEstimate
from sor.report.files.saved import DAMAGE, damaged
from sor.report.model import ReportData
from sor.report.sections.figures import figure
from sor.report.sections.savings import CHEAPER, DEARER, UNKNOWN

if TYPE_CHECKING:
    import pandas as pd

    from sor.comparison.types.comparison import ComparisonJson, ComparisonMethod, ReportRow, RouterRow
    from sor.report.types.savings import SavingsOnThisOrder


@dataclass(frozen=True, slots=True)
class Comparison:
    """What `compare` found; `data` is the JSON object (sor/comparison/schema.json), with Decimals."""

    data: Mapping[str, Any]

    def __repr__(self) -> str:
        return f"<Comparison: {self.data['order']}, {len(self.data['routers'])} routers, {len(self.data['days'])} days>"

    def _repr_html_(self) -> str:
        from sor.comparison.page import fragment

        return fragment(self.data)

    def to_json(self) -> str:
        """The object as indented JSON, as `sor compare --json` prints it."""
        from sor.report.encode import encode

        return encode(self.data)

    def to_frame(self) -> pd.DataFrame:
        """One row a router: its mean, interval, p-value, verdict, chance of being the best, distance from the best."""
        import pandas as pd

        return pd.DataFrame(self.data["routers"]).set_index("router")

    def write_html(self, path: Path | str) -> None:
        """The page, self-contained. SorError in one line where it cannot be written."""
        from sor.comparison.page import page
        from sor.report.pages.write import write_page

        write_page(page(self.data), Path(path))


def compare(*reports: ReportData | Path | str) -> Comparison:
    """Reports of one order side by side, over routers, options or days.

    Takes reports, files, and folders (each with all the reports in it). InputError in one line where they cannot be
    compared: another order, another tape on the same day, fewer than two.
    """
    found = given(reports)
    try:
        check(found)
        return Comparison(_whole(found))
    except DAMAGE as error:
        raise damaged(Path(", ".join(one.name for one in found)), error) from None


def _whole(reports: Sequence[GivenReport]) -> ComparisonJson:
    routers, differ = name_routers(reports)
    days = sorted({day_of(one.data) for one in reports})
    judged, said = (over_days if len(days) > 1 else over_slices)(reports, routers)
    over = "days" if len(days) > 1 else "slices"
    return {
        "order": order_words(reports[0].data),
        "days": days,
        "over": over,
        "routers": [_router(one) for one in judged],
        "reports": [_report(one, router) for one, router in zip(reports, routers, strict=True)],
        "options": differ,
        "method": _method(over),
        "warnings": [*said, *baselines_apart(reports)],
        "version": sor.__version__,
    }


def _router(one: JudgedRouter) -> RouterRow:
    found, behind = one.estimate, one.behind
    return {
        "router": one.name,
        "days": one.days,
        "mean_savings_bps": None if found is None else _bps(found.mean),
        "ci95": _interval(found),
        "p_value": None if found is None or found.p_value is None else figure(found.p_value),
        "verdict": _verdict(one),
        "chance_of_best": None if one.chance is None else figure(one.chance),
        "behind_best_bps": None if behind is None else _bps(behind.mean),
        "behind_best_ci95": _interval(behind),
    }


def _report(one: GivenReport, router: str) -> ReportRow:
    best, found = one.data["optimized"], one.data.get("headline") or {}
    return {
        "report": one.name,
        "day": day_of(one.data),
        "router": router,
        "savings_vs_X_M_bps": found.get("mean_savings_bps"),
        "ci95": found.get("ci95"),
        "avg_fill_px": best.get("avg_fill_px"),
        "slippage_bps": best.get("slippage_bps"),
        "implementation_shortfall_bps": best.get("implementation_shortfall_bps"),
        "making_share": best.get("making_share"),
        "fills": best.get("fills"),
        "forced": best.get("forced"),
        "leaves": best.get("leaves"),
        "savings_on_this_order_bps": cast("SavingsOnThisOrder", dict(one.data["savings_vs_baselines_bps"])),
    }


def _verdict(one: JudgedRouter) -> str | None:
    if one.estimate is None:
        return None
    return UNKNOWN if not one.certain else CHEAPER if one.estimate.mean > 0 else DEARER


def _bps(value: Fraction) -> Decimal:
    return figure(value / 10**6)


def _interval(found: MeanEstimate | None) -> list[Decimal] | None:
    if found is None or found.low is None or found.high is None:
        return None
    return [_bps(found.low), _bps(found.high)]


def _method(over: str) -> ComparisonMethod:
    blocks = f"circular blocks of {BLOCK} slices" if over == "slices" else "days"
    return {
        "against_X_M": f"bootstrap-t over {blocks}, {RESAMPLES:,} resamples; Holm's correction over the routers",
        "chance_of_best": f"share of {RESAMPLES:,} resamples of {blocks}, alike for all routers, where it saves most",
        "behind_best": "what the router that saved most saved more, pair by pair; that one was chosen after the fact",
    }
