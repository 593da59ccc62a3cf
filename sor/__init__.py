"""sor: a smart order router backtester.

The Python API is loaded on first use, so that `sor --help` does not pay for it.
"""

from typing import Any

__version__ = "0.2.0"

_API = {
    "backtest": "sor.api",
    "compare": "sor.comparison.compare",
    "Report": "sor.report.report",
    "place": "sor.core.place",
    "Problem": "sor.core.place",
}

__all__ = ["Problem", "Report", "__version__", "backtest", "compare", "place"]


def __getattr__(name: str) -> Any:
    if name not in _API:
        raise AttributeError(f"module 'sor' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_API[name]), name)
