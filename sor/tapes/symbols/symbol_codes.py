"""Symbols of a tape by first appearance in good rows, and each row's place among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sor.core.market.batch import Ints
from sor.tapes.rows import Mask


class SymbolCodes:
    """symbols: by first appearance; None stands for an empty name."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}
        self.symbols: list[str | None] = []

    def codes_of(self, texts: Sequence[str], places: Any, is_good: Mask) -> Ints:
        """Each row's code, given the distinct texts and each row's place among them."""
        names = [text.strip() for text in texts]
        if any(name not in self._codes for name in names):
            present, first = np.unique(places[is_good], return_index=True)
            for index in present[np.argsort(first)]:
                self._learn(names[index])
        if len(names) == 1:
            return np.full(len(places), self._codes.get(names[0], 0))
        codes: Ints = np.array([self._codes.get(name, 0) for name in names], np.int64)[places]
        return codes

    def codes_of_one(self, name: str | None, n: int) -> Ints:
        """n rows of one symbol."""
        self._learn(name or "")
        return np.full(n, self._codes[name or ""], np.int64)

    def _learn(self, name: str) -> None:
        if name not in self._codes:
            self._codes[name] = len(self.symbols)
            self.symbols.append(name or None)
