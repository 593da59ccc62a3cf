"""What the rows of a format say of quotes, with displayed sizes in shares whatever unit the file counts in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np

from sor.core.market.batch import Ints
from sor.core.units import NO_PRICE, UNSPOKEN
from sor.tapes.rows import MAX_SIZE, Mask
from sor.tapes.vendor.decode.number_columns import FRACTION, NumberColumns
from sor.tapes.vendor.decode.text_fields import TextFields
from sor.tapes.vendor.layout import Layout
from sor.tapes.vendor.numbers import is_in, short
from sor.tapes.vendor.times import date_of

_LOT_OF_OLD = 100


class LotSizes:
    """Displayed sizes as shares, and what they have told of the unit that they are in."""

    def __init__(self, lots: tuple[tuple[date | None, int], ...]) -> None:
        """lots: the shares of a lot, each until a day."""
        self._lots = lots
        self.largest = 1  # the largest unit that a displayed size was in
        self.old_sizes = 0
        self.is_only_hundreds = True  # of displayed sizes before a change of lots

    def shares(self, size: Ints, day: Ints) -> Ints:
        """The sizes of rows, as shares by the lot of their days."""
        lots = self._lots
        if len(lots) == 1:
            self.largest = lots[0][1]
            return size * lots[0][1] if lots[0][1] != 1 else size
        ends = [(until or date_of(10**5)).toordinal() - date_of(0).toordinal() for until, _ in lots]
        step = np.searchsorted(np.array(ends[:-1]), day, side="right")
        lot: Ints = np.array([shares for _, shares in lots])[step]
        old = size[(lot == _LOT_OF_OLD) & (size > 0)]
        self.old_sizes += len(old)
        self.is_only_hundreds &= bool((old % _LOT_OF_OLD == 0).all())
        self.largest = max(self.largest, int(lot.max(initial=1)))
        return size * lot


class QuoteColumns:
    """Reads price and size of either side."""

    def __init__(self, layout: Layout, numbers: NumberColumns, lots: LotSizes, *, is_lenient: bool) -> None:
        """is_lenient: see FormatDecoder."""
        self._quote, self._numbers, self._lots = layout.spec.quote, numbers, lots
        self._is_lenient = is_lenient

    def read(self, fields: TextFields, day: Ints, cleared: Mask) -> dict[str, Any]:
        """cleared: rows that take their venue's quote away."""
        quote = self._quote
        if quote is None:
            silent = np.full(fields.n, UNSPOKEN), np.zeros(fields.n, np.int64)
            return {"bid_px": silent[0], "bid_sz": silent[1], "ask_px": silent[0], "ask_sz": silent[1]}
        columns: dict[str, Any] = {}
        for side, price, size in (("bid", quote.bid, quote.bid_size), ("ask", quote.ask, quote.ask_size)):
            columns[f"{side}_px"], columns[f"{side}_sz"] = self._side(fields, price, size, day, cleared)
        return columns

    def _side(self, fields: TextFields, of_price: str, of_size: str, day: Ints, cleared: Mask) -> tuple[Ints, Ints]:
        price = self._numbers.prices(fields, of_price)
        size = self._numbers.sizes(fields, of_size)
        self._refuse_fractions(fields, of_size, size)
        shares = self._lots.shares(size, day)
        fields.refuse(of_size, shares > MAX_SIZE, lambda text: f"{text[:40]} is an impossible size")
        silent = self._quote.silent if self._quote else None
        if silent is not None:
            said = [is_in(fields.coded(name), partial(_is_same_number, silent)) for name in (of_price, of_size)]
            price = np.where(said[0] & said[1], UNSPOKEN, price)
        price = np.where(cleared, NO_PRICE, price)
        return price, np.where(cleared | (price == UNSPOKEN), 0, shares)

    def _refuse_fractions(self, fields: TextFields, column: str, size: Ints) -> None:
        is_fraction = size == FRACTION
        if self._is_lenient:
            fields.refuse(column, is_fraction, lambda text: f"{short(text)} is no whole number of shares")
        elif is_fraction.any():
            row = int(is_fraction.argmax())
            fields.stop(
                row,
                f"line {fields.lines[row]}, column {column}: {short(fields.text(column, row))} is no whole number: "
                "displayed sizes are whole shares or lots, so this file is in another unit than its format says",
            )


def _is_same_number(wanted: str, text: str) -> bool:
    try:
        return Decimal(text.strip() or "0") == Decimal(wanted)
    except ArithmeticError:
        return text.strip() == wanted
