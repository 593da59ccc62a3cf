"""Where the rows of a format were: the venue of a trade, and of either side of a national quote."""

from __future__ import annotations

from typing import Any

import numpy as np

from sor.core.market.batch import NO_VENUE, Ints
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.errors import InputError
from sor.tapes.rows import Mask
from sor.tapes.vendor.decode.text_fields import TextFields
from sor.tapes.vendor.layout import Layout
from sor.tapes.vendor.rules import left_out
from sor.tapes.vendor.venues import VenueNames, off_exchange_id


class VenueColumns:
    """Reads the venues of rows."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._venue = layout, layout.spec.venue
        self._names = VenueNames(layout.spec.venue.names)

    def read(self, fields: TextFields, quotes: dict[str, Any], day: Ints, is_trade: Mask) -> dict[str, Ints]:
        """`venue`, and `bid_venue` and `ask_venue` where the format has them. quotes: see QuoteColumns.read."""
        venue = self._venue
        columns = {}
        if venue.bid is None or venue.ask is None:
            columns["venue"] = self._column(fields, venue.column, day, None)
        else:
            for side, name in (("bid", venue.bid), ("ask", venue.ask)):
                px, sz = quotes[f"{side}_px"], quotes[f"{side}_sz"]
                is_quote = (px > 0) & (px != NO_PRICE) & (px != UNSPOKEN) & (sz > 0)
                columns[f"{side}_venue"] = self._column(fields, name, day, is_quote)
            has_own = self._layout.has(venue.column)
            nowhere = np.zeros(fields.n, np.int64)
            columns["venue"] = self._column(fields, venue.column, day, is_trade) if has_own else nowhere
        rule = venue.off_exchange
        if rule is not None and self._layout.has(rule.column):
            off, _ = left_out(fields.coded(rule.column), rule)
            columns["venue"] = np.where(off, off_exchange_id(), columns["venue"])
        return columns

    def _column(self, fields: TextFields, column: str | None, day: Ints, among: Mask | None) -> Ints:
        if column is None:
            return np.full(fields.n, self._fixed(), np.int64)
        venues, missing = self._names.column(fields.coded(column), day)
        fields.refuse(column, missing if among is None else missing & among, self._names.reason)
        return venues if among is None else np.where(among, venues, NO_VENUE)

    def _fixed(self) -> int:
        """The one venue of a format without a column of venues."""
        fixed = self._venue.fixed or ""
        number = VenueNames("any").id_of(fixed, 0)
        if number is None:
            name = self._layout.spec.name
            raise InputError(f"the format {name}: venue.is: {fixed[:40]!a} is no MIC and no publisher_id")
        return number
