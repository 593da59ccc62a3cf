"""What `sor` hands out on first use, for type checkers."""

from sor.api import backtest as backtest
from sor.comparison.compare import compare as compare
from sor.core.place import Problem as Problem
from sor.core.place import place as place
from sor.report.report import Report as Report

__version__: str
__all__ = ["Problem", "Report", "__version__", "backtest", "compare", "place"]
