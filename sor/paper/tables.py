"""The reproduction as tables: for the terminal (rich) and for docs (Markdown), from the same cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sor.paper.reproduce import SA_STEPS, Row, Threshold


@dataclass(frozen=True, slots=True)
class Sheet:
    """A title, a header and rows of text."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """A Markdown table under its title."""
        lines = [f"**{self.title}**", "", _line(self.header), _line(["---:"] * len(self.header))]
        return "\n".join(lines + [_line(row) for row in self.rows])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


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


def table_1_sheet(found: Sequence[Row]) -> Sheet:
    """Table 1: cents a share for S = 1,000."""
    rows = []
    for row in found:
        printed = "-" if row.printed is None else f"{row.printed:.2f}"
        difference = "" if row.printed is None else f"{row.optimum - row.printed:+.3f}"
        least, most = f"{min(row.answer.L):.0f}", f"{max(row.answer.L):.0f}"
        limits = least if least == most else f"{least}-{most}"
        rows.append((
            str(row.venues), f"{row.answer.M:.0f}", limits,
            f"{row.optimum:.3f}", f"{row.std_error:.3f}", f"{row.lower_bound:.3f}",
            printed, difference,
            f"{row.approximation:.3f}", f"{row.equal_split:.3f}", f"{row.all_limit:.3f}", f"{row.all_market:.3f}",
        ))  # fmt: skip
    header = (
        "K", "M*", "each L*", "V*", "std err", "lower bound", "printed", "ours - printed",
        f"SA, {SA_STEPS:,} steps", "X_E", "X_L", "X_M",
    )  # fmt: skip
    return Sheet(
        "Table 1: cost in cents a share, S = 1,000, common weight 0.6 (-: printed value not at hand)",
        header,
        tuple(rows),
    )


def weights_sheet(found: Sequence[Row]) -> Sheet:
    """How the optimum depends on what the venues have in common; not in the paper."""
    by_weight: dict[float, dict[int, Row]] = {}
    for row in found:
        by_weight.setdefault(row.weight, {})[row.venues] = row
    header = ("common weight", *(f"K = {k}" for k in sorted({row.venues for row in found})))
    rows = [(f"{w:.1f}", *(f"{rows[k].optimum:.3f}" for k in sorted(rows))) for w, rows in sorted(by_weight.items())]
    return Sheet("Sensitivity (ours): V* in cents a share by common weight", header, tuple(rows))
