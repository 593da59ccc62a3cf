"""The report object: its data, and the ways to look at it. Everything heavy is imported when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sor.report.format import price, signed
from sor.report.model import ReportData

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


class Report(ReportData):
    """What a backtest reports; `data` is the JSON object."""

    def __repr__(self) -> str:
        """One line: the order, what the chosen strategy paid, and the headline."""
        order, best, name = self.data["order"], self.data["optimized"], self.data["rules"]["strategy"]
        what = f"{order['side']} {order['quantity']} {self.data['tape']['symbol'] or 'shares'}"
        found = self.data["headline"]
        saved = "" if found is None else f", {signed(found['mean_savings_bps'])} bps against {found['against']}"
        return f"<Report: {what}, {name} at {price(best['avg_fill_px'])}{saved}>"

    def _repr_html_(self) -> str:
        """Headline, baselines, strategies and warnings as on the report's page, for notebooks."""
        from sor.report.pages.report_page import fragment

        return fragment(self.data)

    def to_json(self) -> str:
        """The report as JSON, indented, with a final newline: the bytes that `sor backtest --json` prints."""
        from sor.report.encode import encode

        return encode(self.data)

    def to_frame(self) -> pd.DataFrame:
        """One row a strategy: the report's `strategies` without the tables by venue, and the savings of it."""
        from sor.report.frames import strategies_frame

        return strategies_frame(self)

    @property
    def fills(self) -> pd.DataFrame:
        """One row a fill of every strategy, in time order within each."""
        from sor.report.frames import fills_frame

        return fills_frame(self)

    @property
    def orders(self) -> pd.DataFrame:
        """One row a child order of every strategy, in the order in which they were sent within each."""
        from sor.report.frames import orders_frame

        return orders_frame(self)

    def plot(self) -> Figure:
        """Cumulative cost against the market, fills on the price path, shares by venue, and the split of the cost."""
        from sor.report.pictures.overview import overview

        return overview(self)

    def write(self, folder: Path | str) -> list[Path]:
        """report.json, child orders and fills as CSV and Parquet, and plots, into a folder that is made if need be."""
        from sor.report.files.folder import write

        return write(self, Path(folder))
