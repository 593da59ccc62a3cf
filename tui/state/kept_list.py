"""What a list shows of each kept report: enough to find one among a hundred."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sor.core.spec import PENALTIES
from sor.core.units import parse_time
from sor.errors import SorError
from sor.report.tuned import given, has_penalties
from tui import format as words
from tui.state.app_state import parse_report
from tui.state.kept import kept_at


@dataclass(frozen=True, slots=True)
class KeptLine:
    """saved: out of sample against X_M in bps with its interval, else on this order; None where there is no figure."""

    path: Path
    name: str
    order: str
    day: str
    window: str
    strategy: str
    parameters: str
    rules: str
    saved: float | None
    ends: tuple[float, float] | None
    done: str
    partial: bool
    warnings: int


def read_line(path: Path) -> KeptLine | None:
    """None where it is no report (any more)."""
    try:
        return _line(path, parse_report(path.name, path.read_text("utf-8"), exact=False).data)
    except (OSError, SorError, ValueError, KeyError, TypeError):
        return None


def _line(path: Path, data: Mapping[str, Any]) -> KeptLine:
    order, rules, sample, best = data["order"], data["rules"], data["out_of_sample"], data["optimized"]
    zone = str(rules.get("tz", "UTC"))
    start, end = (parse_time(order[name]) for name in ("start", "end"))
    ends = sample.get("ci95", {}).get("X_M")
    saved = sample.get("mean_savings_bps", {}).get("X_M", data["savings_vs_baselines_bps"].get("X_M"))
    return KeptLine(
        path=path,
        name=kept_at(path),
        order=f"{order['side']} {order['quantity']:,} {data['tape']['symbol'] or 'shares'}",
        day=order["start"][:10],
        window=f"{words.clock(start, zone=zone)}-{words.clock(end, zone=zone)}",
        strategy=rules["strategy"],
        parameters=parameters(data),
        rules=f"{rules['queue_model']}, {rules['liquidity']}",
        saved=saved,
        ends=(ends[0], ends[1]) if ends else None,
        done=f"{best['filled']:,}",
        partial=data.get("stream", {}).get("complete") is False,
        warnings=len(data["warnings"]),
    )


def parameters(data: Mapping[str, Any]) -> str:
    """The penalties that were best, as multiples where they were searched as such; of a plug-in's grid its own."""
    if "cheapest_in_sample" in data["search"]:
        return given(data["search"]["cheapest_in_sample"])
    if not has_penalties(data):
        return "-"
    best = data["best_parameters"]
    multiples = best.get("multiples", {})
    values = [multiples.get(n, best.get(n)) for n in PENALTIES]
    unit = "x" if multiples else ""
    return " ".join(f"{float(v):g}{unit}" for v in values if v is not None)
