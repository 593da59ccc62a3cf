"""What variants saved against baselines, and in words whether that is more than luck."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sor.sweep.report.bootstrap import FEWEST_BLOCKS, LEVEL, holm
from sor.sweep.report.figures import estimated, label, rounded
from sor.sweep.report.orders import Row, SweepOrders, Variant, named


def savings(orders: SweepOrders, variant: Variant, rows: Sequence[Row], baseline: str) -> dict[str, Any]:
    """Savings of a variant against a baseline over these rows."""
    known = [row for row in rows if row[f"savings_{baseline}_bps"] is not None]
    entry: dict[str, Any] = {**named(variant), "baseline": baseline}
    if not known:
        return {**entry, "orders": 0, "p": None}
    return entry | estimated(orders.estimate([row[f"savings_{baseline}_bps"] for row in known], known))


def corrected(entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A family of comparisons: p-values after Holm, and each verdict in words."""
    family = [entry for entry in entries if entry["orders"]]
    for entry, p in zip(family, holm([entry["p"] for entry in family]), strict=True):
        entry["p_holm"] = rounded(p)
        entry["found"] = _found(entry)
        entry["verdict"] = _sentence(entry)
    return family


def verdicts(judged: Sequence[Mapping[str, Any]]) -> list[str]:
    """The answer in plain words, the most important sentence first."""
    saves = [entry["verdict"] for entry in judged if entry["found"] == "saves"]
    others = [entry["verdict"] for entry in judged if entry["found"] != "saves"]
    return [*(saves or ["There is no evidence of savings in this sweep."]), *others]


def _found(entry: Mapping[str, Any]) -> str:
    """saves, costs, equal, nothing (no evidence) or unknown (too few blocks)."""
    if entry["mean_bps"] == 0 and (entry["ci95"] in (None, [0.0, 0.0])):
        return "equal"
    if entry["p_holm"] is None:
        return "unknown"
    if entry["p_holm"] > LEVEL or entry["ci95"][0] <= 0 <= entry["ci95"][1]:
        return "nothing"
    return "saves" if entry["mean_bps"] > 0 else "costs"


def _sentence(entry: Mapping[str, Any]) -> str:
    name, baseline = label(entry), entry["baseline"]
    figures = f"{entry['mean_bps']:+.3f} bps over {entry['orders']:,} orders"
    if entry["ci95"] is not None:
        low, high = entry["ci95"]
        figures += f", 95 % interval {low:+.3f} to {high:+.3f}, p {entry['p_holm']:.3f} after Holm"
    said = {
        "saves": f"{name} saves money against {baseline}",
        "costs": f"{name} costs more than {baseline}",
        "equal": f"{name} and {baseline} cost the same in every order",
        "nothing": f"No evidence that {name} saves money against {baseline}",
        "unknown": f"Too little to tell whether {name} saves money against {baseline} (in {entry['blocks']} "
        f"block{'s' if entry['blocks'] != 1 else ''}; at least {FEWEST_BLOCKS} that differ are needed)",
    }
    return f"{said[entry['found']]}: {figures}."
