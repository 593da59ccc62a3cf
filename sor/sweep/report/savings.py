"""What variants saved against baselines, and in words whether that is more than luck."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeVar

from sor.sweep.report.bootstrap import FEWEST_BLOCKS, LEVEL, holm
from sor.sweep.report.figures import estimated, label, rounded
from sor.sweep.report.orders import Row, SweepOrders, Variant, named

if TYPE_CHECKING:
    from sor.sweep.report.types.estimates import JudgedSavings, Judgement, SavingsEstimate

E = TypeVar("E", bound="SavingsEstimate")


def savings(orders: SweepOrders, variant: Variant, rows: Sequence[Row], baseline: str) -> SavingsEstimate | None:
    """Savings of a variant against a baseline over these rows; None where none of them knows any."""
    known = [row for row in rows if row[f"savings_{baseline}_bps"] is not None]
    if not known:
        return None
    found = orders.estimate([row[f"savings_{baseline}_bps"] for row in known], known)
    return {**named(variant), "baseline": baseline, **estimated(found)}


def with_judgements(family: Sequence[E]) -> Iterator[tuple[E, Judgement]]:
    """A family of comparisons, each with its p-value after Holm and its verdict in words."""
    for entry, p in zip(family, holm([entry["p"] for entry in family]), strict=True):
        p_holm = rounded(p)
        found = _found(entry, p_holm)
        yield entry, {"p_holm": p_holm, "found": found, "verdict": _sentence(entry, p_holm, found)}


def verdicts(judged: Sequence[JudgedSavings]) -> list[str]:
    """The answer in plain words, the most important sentence first."""
    saves = [entry["verdict"] for entry in judged if entry["found"] == "saves"]
    others = [entry["verdict"] for entry in judged if entry["found"] != "saves"]
    return [*(saves or ["There is no evidence of savings in this sweep."]), *others]


def _found(entry: SavingsEstimate, p_holm: float | None) -> str:
    """saves, costs, equal, nothing (no evidence) or unknown (too few blocks)."""
    mean, ci95 = entry["mean_bps"], entry["ci95"]
    if mean == 0 and ci95 in (None, [0.0, 0.0]):
        return "equal"
    if p_holm is None or ci95 is None:
        return "unknown"
    if p_holm > LEVEL or ci95[0] <= 0 <= ci95[1]:
        return "nothing"
    return "saves" if mean > 0 else "costs"


def _sentence(entry: SavingsEstimate, p_holm: float | None, found: str) -> str:
    name, baseline = label(entry), entry["baseline"]
    figures = f"{entry['mean_bps']:+.3f} bps over {entry['orders']:,} orders"
    if entry["ci95"] is not None:
        low, high = entry["ci95"]
        figures += f", 95 % interval {low:+.3f} to {high:+.3f}, p {p_holm:.3f} after Holm"
    said = {
        "saves": f"{name} saves money against {baseline}",
        "costs": f"{name} costs more than {baseline}",
        "equal": f"{name} and {baseline} cost the same in every order",
        "nothing": f"No evidence that {name} saves money against {baseline}",
        "unknown": f"Too little to tell whether {name} saves money against {baseline} (in {entry['blocks']} "
        f"block{'s' if entry['blocks'] != 1 else ''}; at least {FEWEST_BLOCKS} that differ are needed)",
    }
    return f"{said[found]}: {figures}."
