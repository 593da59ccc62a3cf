"""Columns of text to rows, as a format says: the one decoder of all vendors' formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from sor.core.market.batch import Form, Ints
from sor.tapes.rows import BadRow, Mask, RowChunk, concat_rows
from sor.tapes.symbols.symbol_codes import SymbolCodes
from sor.tapes.vendor.decode.number_columns import NumberColumns
from sor.tapes.vendor.decode.ordered_rows import OrderedRows, national_rows
from sor.tapes.vendor.decode.quote_columns import LotSizes, QuoteColumns
from sor.tapes.vendor.decode.symbol_columns import SymbolColumns
from sor.tapes.vendor.decode.text_fields import TextFields
from sor.tapes.vendor.decode.time_columns import TimeColumns
from sor.tapes.vendor.decode.trade_columns import TradeColumns
from sor.tapes.vendor.decode.venue_columns import VenueColumns
from sor.tapes.vendor.layout import Layout
from sor.tapes.vendor.rules import left_out
from sor.tapes.vendor.spec import Rule
from sor.tapes.vendor.times import ZoneClock

_EXCHANGE_ZONE = "America/New_York"  # letters and lots change with the trading day


class FormatDecoder:
    """Tables of text columns of one file to rows.

    left_out: rows left out, by why. Symbols are learned by first appearance in good rows. InputError for a fractional
    quote: the unit of its sizes is another than the format says.
    """

    def __init__(
        self, layout: Layout, symbols: SymbolCodes, lot: int | None = None, *, is_lenient: bool = False
    ) -> None:
        """lot: see ReadOptions. is_lenient: a fractional quote is a bad row, and not an error."""
        spec, numbers = layout.spec, NumberColumns(layout)
        self._layout, self._spec = layout, spec
        self._calendar = ZoneClock(_EXCHANGE_ZONE)
        self.lots = LotSizes(((None, lot),) if lot is not None else spec.lots)
        self._times, self._trades = TimeColumns(layout), TradeColumns(layout, numbers)
        self._quotes = QuoteColumns(layout, numbers, self.lots, is_lenient=is_lenient)
        self._venues, self._symbols = VenueColumns(layout), SymbolColumns(layout, symbols)
        self.left_out: Counter[str] = Counter()
        self._remarked = [0] * len(spec.remarks)  # rows, by remark

    def notes(self) -> list[str]:
        """Sentences on what was left out, and on rows of which the format has something to say."""
        left_out = [f"{_counted(n)} left out {why}." for why, n in sorted(self.left_out.items())]
        remarked = zip(self._spec.remarks, self._remarked, strict=True)
        return left_out + [f"{n:,} of {one.column} {one.text}: {one.says}." for one, n in remarked if n]

    @property
    def plain(self) -> frozenset[str]:
        """Columns whose texts hardly repeat, so that they are wanted as plain text."""
        return frozenset(name.lower() for name in (*self._spec.event.read, *self._spec.order))

    def decode(self, table: pa.Table, lines: Sequence[int], bad: list[BadRow]) -> OrderedRows:
        """The rows of a table, in its order; those with impossible values are noted as bad, also where the file as a
        whole cannot be right (InputError)."""
        fields = TextFields(table, lines)
        kept, cleared = self._apply_rules(fields)
        if not kept.all():
            fields, cleared = fields.take(kept), cleared[kept]
        ts = self._times.instants(fields)
        day = self._calendar.day(ts)
        is_trade, is_hidden = self._trades.kinds(fields)
        columns: dict[str, Any] = {"ts": ts, "action": self._trades.actions(fields, is_trade)}
        columns["side"] = self._trades.sides(fields, is_hidden)
        numbers, is_fractional = self._trades.numbers(fields, is_trade)
        quotes = self._quotes.read(fields, day, cleared)
        columns |= numbers | quotes | self._venues.read(fields, quotes, day, is_trade)
        order = tuple(self._times.order(fields, name) for name in self._spec.order)
        self._symbols.refuse_unprintable(fields)
        good = fields.report(bad)
        columns["symbol"] = self._symbols.codes(fields, good)
        good = self._without_fractions(good, is_fractional)
        self._count_remarks(fields, good)
        return self._rows(columns, order, good)

    def _apply_rules(self, fields: TextFields) -> tuple[Mask, Mask]:
        """Which rows stay, and which of them take their venue's quote away."""
        kept, cleared = np.ones(fields.n, np.bool_), np.zeros(fields.n, np.bool_)
        for rule in self._spec.leave_out:
            if not self._layout.has(rule.column):
                continue
            out, clears = left_out(fields.coded(rule.column), rule)
            self._count_rule(rule, out & kept)
            kept &= ~out
            cleared |= clears
        return kept, cleared

    def _count_rule(self, rule: Rule, out: Mask) -> None:
        n = int(np.count_nonzero(out))
        if n:
            self.left_out[f"by what {rule.column} says"] += n

    def _without_fractions(self, good: Mask, is_fractional: Mask) -> Mask:
        fractional = is_fractional & good
        if not fractional.any():
            return good
        self.left_out["as a trade of a fraction of a share"] += int(np.count_nonzero(fractional))
        return good & ~fractional

    def _count_remarks(self, fields: TextFields, good: Mask) -> None:
        for place, one in enumerate(self._spec.remarks):
            self._remarked[place] += int(np.count_nonzero(fields.says((one.column, frozenset({one.text}))) & good))

    def _rows(self, columns: dict[str, Any], order: tuple[Ints, ...], good: Mask) -> OrderedRows:
        sides = {name: columns.pop(name, None) for name in ("bid_venue", "ask_venue")}
        rows = RowChunk(**columns)
        if self._spec.form is Form.VENUE:
            return OrderedRows(rows, order).take(good)
        of_side = [rows.venue if venue is None else venue for venue in sides.values()]
        halves = national_rows(rows, of_side[0], of_side[1])
        kept = [np.flatnonzero(good & mask) for _, mask in halves]
        merged = concat_rows([part.take(rows) for (part, _), rows in zip(halves, kept, strict=True)])
        place = np.concatenate(kept)
        back = np.argsort(place, kind="stable")
        return OrderedRows(merged.take(back), tuple(key[place[back]] for key in order))


def _counted(n: int) -> str:
    return "1 row was" if n == 1 else f"{n:,} rows were"
