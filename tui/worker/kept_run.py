"""A kept run as the report object that it was: for its fills, and to write all that `sor backtest --out` writes."""

from __future__ import annotations

import pickle  # nosec B403  # of what our own worker has kept, in a folder that is the user's alone
import zlib
from pathlib import Path

from sor.core.backtest.live_view import FillLine
from sor.core.backtest.live_view_builder import fill_line
from sor.errors import SorError
from sor.report.report import Report
from tui.messages import KeptFills


def unpack(run: str) -> Report:
    """SorError where it is gone, or was kept by another version."""
    try:
        report = pickle.loads(zlib.decompress(Path(run).read_bytes()))  # nosec B301
    except OSError as error:
        raise SorError(f"{run}: {error.strerror}: this run is no longer kept; its JSON can be saved with j") from None
    except Exception:
        report = None
    if not isinstance(report, Report):
        raise SorError(f"{run} was kept by another version of sor: run it again to have its fills and pictures")
    return report


def fills(run: str) -> KeptFills:
    """All fills of a run, those of the chosen strategy first."""
    report = unpack(run)
    ledger, chosen = report.ledger, str(report.data["rules"]["strategy"])
    names = sorted(ledger.results, key=lambda name: name != chosen)
    found: list[tuple[str, FillLine]] = []
    for name in names:
        found += [(name, fill_line(fill, ledger.side.sign)) for fill in ledger.results[name].fills]
    return KeptFills(run, tuple(found))
