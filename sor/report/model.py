"""The data of a report: what tables, frames, pictures and files are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sor.core.market.nbbo_path import PathPoint
from sor.core.router.search_result import SearchResult
from sor.report.ledger import FillRecord, Ledger, OrderRecord


@dataclass(frozen=True, repr=False)
class ReportData:
    """`data` is the JSON object (sor/report/schema.json) with Decimals for money; the rest is for tables and pictures.

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

    @cached_property
    def order_records(self) -> tuple[OrderRecord, ...]:
        """Every child order of every strategy, in exact dollars."""
        return tuple(self.ledger.orders())
