"""Numbers of stocks to their names: a data set's instrument_ids mean a stock on some days only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from sor.core.market.batch import Ints
from sor.errors import InputError

SYMBOLOGY = "symbology.json"  # lies beside the tapes of a batch download

_NS_A_DAY = 86_400 * 10**9
_EPOCH = date(1970, 1, 1).toordinal()
_ALWAYS = (-(2**31), 2**31)  # days
_MOST_BYTES = 2**28


class SymbolNames:
    """Instrument ids to symbols by day. An id that has no name stands for itself, and then not all are named."""

    def __init__(self) -> None:
        self._intervals: dict[int, list[tuple[int, int, str]]] = {}
        self._codes: dict[str, int] = {}
        self._known: dict[int, int] = {}
        self.symbols: list[str | None] = []
        self.all_named = True

    def learn(self, ident: int, symbol: str, days: tuple[int, int] = _ALWAYS) -> None:
        """days: the first, and the one after the last, since 1970. What is added later goes before."""
        known = self._intervals.setdefault(ident, [])
        if (*days, symbol) not in known:
            known.insert(0, (*days, symbol))
            self._known.clear()

    def add_mapping(self, name: str, other: str, first: date, end: date) -> None:
        """One interval of a mapping in either direction; of two names the one in digits is the id."""
        ident, symbol = (other, name) if other.isdecimal() else (name, other)
        if ident.isdecimal():
            self.learn(int(ident), symbol, (first.toordinal() - _EPOCH, end.toordinal() - _EPOCH))

    def codes(self, idents: Any, times: Any) -> Ints:
        """Each record's symbol as its place in `symbols`; times in ns."""
        days = np.minimum(times.astype(np.uint64) // np.uint64(_NS_A_DAY), 2**20 - 1).astype(np.int64)
        keys = idents.astype(np.int64) << 20 | days
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        for place in np.argsort(first):
            key = int(unique[place])
            if key not in self._known:
                self._known[key] = self._code(self._name(*divmod(key, 2**20)))
        return np.array([self._known[int(key)] for key in unique], np.int64)[inverse]

    def _name(self, ident: int, day: int) -> str:
        intervals = self._intervals.get(ident, [])
        names = [name for start, end, name in intervals if start <= day < end] or [name for *_, name in intervals]
        self.all_named = self.all_named and bool(names)
        return names[0] if names else str(ident)

    def _code(self, name: str) -> int:
        if name not in self._codes:
            self._codes[name] = len(self.symbols)
            self.symbols.append(name)
        return self._codes[name]


class Numbered:
    """The part of a `RowReader` that is about the names of stocks, where the file has numbers for them."""

    _names: SymbolNames

    @property
    def symbols(self) -> list[str | None]:
        return self._names.symbols

    @property
    def has_names(self) -> bool:
        return self._names.all_named


def add_beside(names: SymbolNames, tape: Path) -> bool:
    """The names in the symbology.json beside a tape; whether there is one. InputError where it cannot be read."""
    path = tape.parent / SYMBOLOGY
    if not path.is_file():
        return False
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        for ident, symbol, days in _intervals(json.loads(path.read_bytes())):
            names.add_mapping(ident, symbol, *days)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        why = " ".join(str(error).split())[:80]
        raise InputError(f"{path}: this is no symbology of a batch download ({why}): download it again") from None
    return True


def _intervals(found: Any) -> Iterator[tuple[str, str, tuple[date, date]]]:
    """Of the vendor's JSON: a result by name, each with d0 (first day), d1 (day after the last), s (the other name)."""
    for name, intervals in found["result"].items():
        for one in intervals:
            if one["s"]:
                days = (date.fromisoformat(one["d0"]), date.fromisoformat(one["d1"]))
                yield str(name), str(one["s"]), days
