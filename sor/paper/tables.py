"""Figure 2's thresholds and Table 1 as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sor.paper.printed import Printed
from sor.paper.reproduce import SA_STEPS, Table1Row, Threshold
from sor.paper.sheet import Sheet


def thresholds_sheet(found: Sequence[Threshold]) -> Sheet:
    """Figure 2's two lambda_u for each law, ours and the reference."""
    rows = []
    for one in found:
        for name, ours, known in zip(
            ("all limit up to", "all market from"), (one.lower, one.upper), one.reference, strict=True
        ):
            rows.append((one.law, name, f"{ours:.6f}", f"{known:.6f}", f"{ours - known:+.1e}"))
    header = ("outflow", "lambda_u", "ours", "reference", "difference")
    return Sheet("Figure 2: where one venue turns from all limit to all market ($/share)", header, tuple(rows))


def table_1_sheet(found: Sequence[Table1Row]) -> Sheet:
    """Table 1: cents a share."""
    rows = [
        (
            f"{row.size:.0f}", str(row.venues), f"{row.answer.M:.0f}", _each(row.answer.L),
            f"{row.optimum:.3f}", f"{row.std_error:.3f}", f"{row.lower_bound:.3f}",
            f"{row.approximation:.3f}", f"{row.equal_split:.3f}", f"{row.all_limit:.3f}", f"{row.all_market:.3f}",
        )
        for row in found
    ]  # fmt: skip
    header = (
        "S", "K", "M*", "each L*", "V*", "std err", "lower bound", f"SA, {SA_STEPS:,} steps", "X_E", "X_L", "X_M",
    )  # fmt: skip
    return Sheet("Table 1: cost in cents a share, common weight 0.6", header, tuple(rows))


def printed_sheet(found: Sequence[Table1Row], printed: Mapping[tuple[int, int], Printed]) -> Sheet:
    """Table 1 beside what the paper prints: allocations in per cent of S, costs in cents a share."""
    rows = []
    for row in found:
        there = printed.get((int(row.size), row.venues))
        if there is None:
            continue
        ours = tuple(100 * x / row.size for x in (row.answer.M, *row.answer.L))
        steps = tuple(100 * x / row.size for x in row.steps)
        rows.append((
            f"{row.size:.0f}", str(row.venues), _per_cent(ours), _per_cent(steps), _per_cent(there.shares),
            f"{row.optimum:.3f}", f"{row.approximation:.3f}", f"{there.cost:.2f}",
            f"{row.optimum - there.cost:+.2f}", f"{row.approximation - there.cost:+.2f}",
        ))  # fmt: skip
    header = (
        "S", "K", "X*, % of S", f"SA, {SA_STEPS:,} steps", "printed", "V*", "V of SA", "printed",
        "V* - printed", "SA - printed",
    )  # fmt: skip
    return Sheet("Table 1 beside the print", header, tuple(rows))


def _each(limits: Sequence[float]) -> str:
    least, most = f"{min(limits):.0f}", f"{max(limits):.0f}"
    return least if least == most else f"{least}-{most}"


def _per_cent(shares: Sequence[float]) -> str:
    return f"{shares[0]:.0f} + {_each(shares[1:])}"


def weights_sheet(found: Sequence[Table1Row]) -> Sheet:
    """How the optimum depends on what the venues have in common; not in the paper."""
    by_weight: dict[float, dict[int, Table1Row]] = {}
    for row in found:
        by_weight.setdefault(row.weight, {})[row.venues] = row
    header = ("common weight", *(f"K = {k}" for k in sorted({row.venues for row in found})))
    rows = [(f"{w:.1f}", *(f"{rows[k].optimum:.3f}" for k in sorted(rows))) for w, rows in sorted(by_weight.items())]
    return Sheet("Sensitivity (ours): V* in cents a share by common weight", header, tuple(rows))
