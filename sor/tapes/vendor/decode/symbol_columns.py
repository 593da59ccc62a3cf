"""What the rows of a format are of: symbols in one column or in several."""

from __future__ import annotations

import numpy as np

from sor.core.market.batch import Ints
from sor.tapes.arrow import texts_of
from sor.tapes.rows import Mask
from sor.tapes.symbols.symbol_codes import SymbolCodes
from sor.tapes.vendor.decode.text_fields import TextFields
from sor.tapes.vendor.layout import Layout
from sor.tapes.vendor.numbers import is_in


class SymbolColumns:
    """Reads the symbols of rows as codes."""

    def __init__(self, layout: Layout, symbols: SymbolCodes) -> None:
        self._layout, self._symbols = layout, symbols

    def refuse_unprintable(self, fields: TextFields) -> None:
        if not self._layout.spec.symbol:
            return
        found = np.zeros(fields.n, np.bool_)
        for name in self._names():
            found |= is_in(fields.coded(name), lambda text: not text.strip().isprintable())
        fields.refuse("symbol", found, lambda text: f"{text[:40]!a} is no symbol")

    def codes(self, fields: TextFields, good: Mask) -> Ints:
        """The symbol of each row, learned by first appearance in good rows."""
        names = self._names()
        if not names:
            return self._symbols.codes_of_one(self._layout.symbol, fields.n)
        if len(names) == 1:
            return self._symbols.codes_of(*texts_of(fields.coded(names[0])), good)
        parts = [texts_of(fields.coded(name)) for name in names]
        keys: Ints = parts[0][1].astype(np.int64)
        for texts, places in parts[1:]:
            keys = keys * len(texts) + places
        distinct, of_row = np.unique(keys, return_inverse=True)
        joined = []
        for key in distinct.tolist():
            words = []
            for texts, _ in reversed(parts[1:]):
                key, place = divmod(key, len(texts))
                words.append(texts[place].strip())
            words.append(parts[0][0][key].strip())
            joined.append(".".join(filter(None, reversed(words))))
        return self._symbols.codes_of(joined, of_row, good)

    def _names(self) -> list[str]:
        spec = self._layout.spec
        there = [name for name in spec.symbol if self._layout.has(name)]
        return there or [name for name in spec.symbol_else if self._layout.has(name)]
