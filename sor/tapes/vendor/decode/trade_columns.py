"""Which rows of a format are trades, and what they say of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np

from sor.core.market.batch import BUYER, HIDDEN, SELLER, UNKNOWN, Chars
from sor.core.units import NO_PRICE
from sor.tapes.codes import action_of, side_of
from sor.tapes.rows import NO_ACTION, TRADE, Mask
from sor.tapes.vendor.decode.number_columns import FRACTION, NumberColumns
from sor.tapes.vendor.decode.text_fields import TextFields
from sor.tapes.vendor.layout import Layout


class TradeColumns:
    """Reads action, side, price and size of rows."""

    def __init__(self, layout: Layout, numbers: NumberColumns) -> None:
        self._layout, self._numbers = layout, numbers
        self._trade = layout.spec.trade

    def kinds(self, fields: TextFields) -> tuple[Mask, Mask]:
        """Which rows are trades, and which of these were against orders that nobody saw."""
        trade = self._trade
        none = np.zeros(fields.n, np.bool_)
        if trade is None or not (self._layout.has(trade.price) and self._layout.has(trade.size)):
            return none, none
        hidden = fields.says(trade.hidden)
        if trade.when is None:
            return ~none, hidden
        if not self._layout.has(trade.when[0]):
            return none, none
        return fields.says(trade.when) | hidden, hidden

    def actions(self, fields: TextFields, is_trade: Mask) -> Chars:
        """T for trades; else the first letter of what tells trades apart, if anything does."""
        trade = self._trade
        others = np.full(fields.n, NO_ACTION, np.uint8)
        if trade is not None and trade.when is not None and self._layout.has(trade.when[0]):
            others = fields.codes(trade.when[0], action_of)
        others = np.where(others == TRADE, np.uint8(NO_ACTION), others)
        return np.where(is_trade, np.uint8(TRADE), others)

    def sides(self, fields: TextFields, is_hidden: Mask) -> Chars:
        """Who was the aggressor."""
        trade = self._trade
        sides = np.full(fields.n, UNKNOWN, np.uint8)
        if trade is None:
            return sides
        if trade.side is not None and self._layout.has(trade.side):
            sides = fields.codes(trade.side, side_of)
        elif trade.resting_side is not None:
            column, buyer, seller = trade.resting_side
            meant = {buyer: SELLER, seller: BUYER}
            sides = fields.codes(column, lambda text: meant.get(text, UNKNOWN))
        return np.where(is_hidden, np.uint8(HIDDEN), sides)

    def numbers(self, fields: TextFields, is_trade: Mask) -> tuple[dict[str, Any], Mask]:
        """Price and size, and which rows are trades of a fraction of a share.

        Of other rows they are read as well, and stay what they are, as in a block that needs no second pass.
        """
        trade = self._trade
        if trade is None or not (self._layout.has(trade.price) and self._layout.has(trade.size)):
            nothing = {"price": np.full(fields.n, NO_PRICE), "size": np.zeros(fields.n, np.int64)}
            return nothing, np.zeros(fields.n, np.bool_)
        price = self._numbers.prices(fields, trade.price)
        size = self._numbers.sizes(fields, trade.size)
        fields.refuse(trade.price, is_trade & (price <= 0), lambda _: "is a trade at zero or less")
        is_fraction = size == FRACTION
        return {"price": price, "size": np.where(is_fraction, 0, size)}, is_trade & is_fraction
