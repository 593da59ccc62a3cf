"""The rows of a sweep as orders: which variants worked them, and which blocks they stand in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sor.sweep.report.bootstrap import BlockEstimate, block_bootstrap
from sor.sweep.request import PARAMETERS
from sor.sweep.row import BASELINES

if TYPE_CHECKING:
    from sor.sweep.report.types.estimates import VariantName

ENOUGH_DAYS = 10  # from here on a day is a block; below, a window of time
Row = Mapping[str, Any]
Variant = tuple[str, tuple[tuple[str, str], ...]]  # a strategy, and those of its parameters that the sweep varies


class SweepOrders:
    """What all parts of the report share: the rows, what a block is, and which parameters vary."""

    def __init__(self, rows: Sequence[Row], seed: int) -> None:
        self.rows = sorted(rows, key=lambda row: int(row["cell"]))
        self.seed = seed
        self.by_day = len({row["day"] for row in rows}) >= ENOUGH_DAYS
        self.width = max(1, max(ns_of(row, "end") - ns_of(row) for row in rows))  # of a window, in ns
        self.varied = [name for name in PARAMETERS if len({row[name] for row in rows}) > 1]
        self._baselines = [name for name in BASELINES if any(row[f"savings_{name}_bps"] is not None for row in rows)]
        self.variants: dict[Variant, list[Row]] = defaultdict(list)
        for row in self.rows:
            self.variants[self._variant(row)].append(row)

    def _variant(self, row: Row) -> Variant:
        return str(row["strategy"]), tuple((name, row[name] or "default") for name in self.varied)

    def baselines(self, strategy: str) -> list[str]:
        """What a strategy is compared with."""
        return [name for name in self._baselines if name != strategy]

    def compared(self, variants: Mapping[Variant, list[Row]]) -> Iterator[tuple[Variant, list[Row], str]]:
        """Each variant with its rows and a baseline, for all baselines."""
        for variant, rows in variants.items():
            for baseline in self.baselines(variant[0]):
                yield variant, rows, baseline

    def estimate(
        self, values: Sequence[float], rows: Sequence[Row], weights: Sequence[float] | None = None
    ) -> BlockEstimate:
        """The mean of a value of each row; rows of a block may depend on each other."""
        blocks = [row["day"] if self.by_day else ns_of(row) // self.width for row in rows]
        return block_bootstrap(values, blocks, self.seed, [1.0] * len(rows) if weights is None else weights)


def order_of(row: Row) -> tuple[Any, ...]:
    """The order that a row is about, whatever worked it."""
    return tuple(row[n] for n in ("tape", "symbol", "side", "quantity", "start", "end", "interval_s"))


def ns_of(row: Row, name: str = "start") -> int:
    """A time of a row."""
    value = row[name]  # pandas is loaded by Arrow for nanoseconds where it is there
    return int(value.value)


def named(variant: Variant) -> VariantName:
    """A variant, as an entry of the report begins."""
    return {"strategy": variant[0], "parameters": dict(variant[1])}
