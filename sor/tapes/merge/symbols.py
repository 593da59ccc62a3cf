"""Which symbols of several files are one stock: matched by name, never by a data set's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

Spelling = str | None

_SEPARATORS = str.maketrans("./ ", "...")


def stock_of(symbol: str) -> str:
    """The name with one separator for all: `BRK B` and `BRK/B` are BRK.B."""
    return symbol.translate(_SEPARATORS)


def one_spelling(files: Iterable[Sequence[Spelling]]) -> dict[str, str]:
    """How a symbol of any file is spelled on the tape, where it is not spelled so already.

    Files may spell a stock differently; two spellings in one file are two symbols, and then an exact match only counts.
    """
    spellings: dict[str, set[str]] = {}
    apart: set[str] = set()
    for symbols in files:
        stocks = [stock_of(symbol) for symbol in symbols if symbol is not None]
        apart.update(stock for stock in stocks if stocks.count(stock) > 1)
        for symbol in symbols:
            if symbol is not None:
                spellings.setdefault(stock_of(symbol), set()).add(symbol)
    return {
        symbol: min(found, key=lambda name: (name != stock, name))
        for stock, found in spellings.items()
        if stock not in apart
        for symbol in found
        if symbol != min(found, key=lambda name: (name != stock, name))
    }


def wanted_of(symbols: Sequence[Spelling], wanted: str) -> Spelling:
    """The symbol of a file that is the wanted stock: an exact match wins; None where there is none."""
    if wanted in symbols:
        return wanted
    alike = [symbol for symbol in symbols if symbol is not None and stock_of(symbol) == stock_of(wanted)]
    return alike[0] if len(alike) == 1 else None


def spelled(symbol: Spelling, spelling: Mapping[str, str]) -> Spelling:
    return symbol if symbol is None else spelling.get(symbol, symbol)
