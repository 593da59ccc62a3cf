"""The report object: frozen values, and the ways to look at them. Everything heavy is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sor.core.path import PathPoint
from sor.core.search import SearchResult
from sor.report.ledger import FillRecord, Ledger

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Report:
    """`data` is the JSON object of DESIGN section 10 with Decimals for money; the rest is for tables and pictures.

    `path`: the market over the window (prices as on the tape: `take` is the ask for a buy, the bid for a sell).
    """

    data: Mapping[str, Any]
    ledger: Ledger
    path: tuple[PathPoint, ...]
    search: SearchResult

    @cached_property
    def fill_records(self) -> tuple[FillRecord, ...]:
        """Every fill of every strategy, in exact dollars."""
        return self.ledger.records()

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

    def plot(self) -> Figure:
        """Cumulative cost against the market, fills on the price path, shares by venue, and the split of the cost."""
        from sor.report.plots import overview

        return overview(self)

    def write(self, folder: Path | str) -> list[Path]:
        """report.json, fills as CSV and Parquet, and plots, into a folder that is made if need be."""
        from sor.report.files import write

        return write(self, Path(folder))
