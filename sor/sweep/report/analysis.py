"""What a sweep answers: savings by strategy, symbol, venue, time of day and size, and whether they are luck.

Every order has one vote. Parameter sets of a strategy are tuned on the first part of the days and judged on the rest
(purged: what lies next to the cut is in neither), so that the best of many is not praised for its luck.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from sor.core.units import NANO
from sor.errors import InputError
from sor.sweep.report.bake_off import bake_off
from sor.sweep.report.bootstrap import DRAWS, FEWEST_BLOCKS, LEVEL, BlockEstimate, block_bootstrap, holm
from sor.sweep.request import PARAMETERS
from sor.sweep.row import BASELINES, DONE, MARKOUTS, SCHEMA
from sor.sweep.store import read_plan, read_table

ENOUGH_DAYS = 10  # from here on a day is a block; below, a window of time
BUCKETS = (1800, 600, 300, 60)  # seconds: the coarsest time of day that gives more than one
Row = Mapping[str, Any]
Variant = tuple[str, tuple[tuple[str, str], ...]]  # a strategy, and those of its parameters that the sweep varies


@dataclass(frozen=True, slots=True)
class SweepAnalysis:
    """The report of a sweep as a JSON object; tables and pages are made from it."""

    data: dict[str, Any]


def answer(folder: Path, *, seed: int = 0) -> SweepAnalysis:
    """Read a sweep's table and report on it. InputError where there is no order to report on."""
    plan = read_plan(folder)
    rows = read_table(folder, [name for name in SCHEMA.names if name != "report"]).to_pylist()
    done = [row for row in rows if row["status"] == DONE]
    if not done:
        why = f" (the first: {rows[0]['reason']})" if rows else ""
        raise InputError(f"{folder}: no order of this sweep was done{why}: there is nothing to report")
    return SweepAnalysis(_Report(done, seed).whole(_sweep(rows, done, int(plan.get("cells", len(rows))))))


def _sweep(rows: Sequence[Row], done: Sequence[Row], cells: int) -> dict[str, Any]:
    reasons = Counter(row["reason"] for row in rows if row["status"] != DONE)
    return {
        "cells": cells,
        "done": len(done),
        "failed": len(rows) - len(done),
        "missing": cells - len(rows),
        "reasons": [{"reason": reason, "cells": count} for reason, count in reasons.most_common(20)],
        "tapes": len({row["tape"] for row in done}),
        "symbols": sorted({str(row["symbol"]) for row in done}),
        "days": len({row["day"] for row in done}),
        "orders": len({_order(row) for row in done}),
    }


def _order(row: Row) -> tuple[Any, ...]:
    return tuple(row[n] for n in ("tape", "symbol", "side", "quantity", "start", "end", "interval_s"))


def _ns(row: Row, name: str = "start") -> int:
    value = row[name]  # pandas is loaded by Arrow for nanoseconds where it is there
    return int(value.value)


def split(rows: Sequence[Row], width: int) -> tuple[set[int], set[int]]:
    """The ids of rows to tune on and to judge on: earlier and later days; of one day, windows of `width` ns.

    Purged: of five parts or more the one at the cut is in neither, and no order to tune on lasts until judging begins.
    """
    days = len({row["day"] for row in rows}) > 1

    def part(row: Row) -> Any:
        return row["day"] if days else _ns(row) // width

    parts = sorted({part(row) for row in rows})
    half, gap = len(parts) // 2, int(len(parts) >= 5)
    if not half:
        return set(), set()
    tuning, judging = set(parts[: len(parts) - half - gap]), set(parts[-half:])
    begins = min(_ns(row) for row in rows if part(row) in judging)
    tune = {id(row) for row in rows if part(row) in tuning and _ns(row, "end") < begins}
    return tune, {id(row) for row in rows if part(row) in judging}


class _Report:
    """The parts of the report, which share what a block is and which parameters vary."""

    def __init__(self, rows: Sequence[Row], seed: int) -> None:
        self._rows = sorted(rows, key=lambda row: int(row["cell"]))
        self._seed = seed
        days = {row["day"] for row in rows}
        self._by_day = len(days) >= ENOUGH_DAYS
        self._width = max(1, max(_ns(row, "end") - _ns(row) for row in rows))
        self._varied = [name for name in PARAMETERS if len({row[name] for row in rows}) > 1]
        self._baselines = [name for name in BASELINES if any(row[f"savings_{name}_bps"] is not None for row in rows)]
        self._variants: dict[Variant, list[Row]] = defaultdict(list)
        for row in self._rows:
            self._variants[self._variant(row)].append(row)

    def whole(self, sweep: dict[str, Any]) -> dict[str, Any]:
        overall = self._corrected(
            self._compared(variant, rows, baseline)
            for variant, rows in self._variants.items()
            for baseline in self._baselines
            if variant[0] != baseline
        )
        judged, chosen = self._judged()
        return {
            "verdict": _verdicts(judged),
            "sweep": sweep,
            "method": self._method(),
            "judged": judged,
            "overall": overall,
            "bake_off": bake_off({_label(v): {_order(r): r for r in rows} for v, rows in self._variants.items()}),
            "parameters": self._parameters(),
            "execution": [self._execution(variant, rows) for variant, rows in chosen.items()],
            "by": {
                "symbol": self._by(chosen, lambda row: str(row["symbol"])),
                "side": self._by(chosen, lambda row: str(row["side"])),
                "quantity": self._by(chosen, lambda row: int(row["quantity"])),
                "time_of_day": self._by(chosen, self._bucket()),
                "venue": self._venues(chosen),
            },
        }

    # -- what is compared ----------------------------------------------------------------------------------------------

    def _variant(self, row: Row) -> Variant:
        return str(row["strategy"]), tuple((name, row[name] or "default") for name in self._varied)

    def _block(self, row: Row) -> object:
        return row["day"] if self._by_day else _ns(row) // self._width

    def _find(
        self, values: Sequence[float], rows: Sequence[Row], weights: Sequence[float] | None = None
    ) -> BlockEstimate:
        blocks = [self._block(row) for row in rows]
        return block_bootstrap(values, blocks, self._seed, [1.0] * len(rows) if weights is None else weights)

    def _compared(self, variant: Variant, rows: Sequence[Row], baseline: str) -> dict[str, Any]:
        """Savings of a variant against a baseline over these orders."""
        known = [row for row in rows if row[f"savings_{baseline}_bps"] is not None]
        entry: dict[str, Any] = {**_named(variant), "baseline": baseline}
        if not known:
            return {**entry, "orders": 0, "p": None}
        return entry | _finding(self._find([row[f"savings_{baseline}_bps"] for row in known], known))

    def _corrected(self, entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """A family of comparisons: p-values after Holm, and each verdict in words."""
        family = [entry for entry in entries if entry["orders"]]
        for entry, p in zip(family, holm([entry["p"] for entry in family]), strict=True):
            entry["p_holm"] = _round(p)
            entry["found"] = _found(entry)
            entry["verdict"] = _sentence(entry)
        return family

    # -- tuned on one part, judged on the other ------------------------------------------------------------------------

    def _judged(self) -> tuple[list[dict[str, Any]], dict[Variant, list[Row]]]:
        """One variant of each strategy against each baseline, and the orders that it is judged on."""
        entries: list[dict[str, Any]] = []
        chosen: dict[Variant, list[Row]] = {}
        for strategy in dict.fromkeys(variant[0] for variant in self._variants):
            mine = {variant: rows for variant, rows in self._variants.items() if variant[0] == strategy}
            variant, rows, tuning = self._tuned(mine)
            chosen[variant] = rows
            entries += [
                {**self._compared(variant, rows, baseline), **tuning}
                for baseline in self._baselines
                if baseline != strategy
            ]
        return self._corrected(entries), chosen

    def _tuned(self, mine: Mapping[Variant, list[Row]]) -> tuple[Variant, list[Row], dict[str, Any]]:
        """The cheapest variant on the tuning part, with its orders in the other; all of them where nothing varies."""
        first = next(iter(mine))
        if len(mine) == 1:
            return first, mine[first], {"tuned": None}
        tune, judge = split([row for rows in mine.values() for row in rows], self._width)
        if not tune or not judge:
            reason = "too few days and windows to tune on one part and judge on the other: the first set stands"
            return first, mine[first], {"tuned": {"sets": len(mine), "orders": 0, "note": reason}}
        costs = {variant: _mean_cost([row for row in rows if id(row) in tune]) for variant, rows in mine.items()}
        best = min(costs, key=lambda variant: costs[variant])  # the first among equals
        rows = [row for row in mine[best] if id(row) in judge]
        return best, rows, {"tuned": {"sets": len(mine), "orders": len(tune) // len(mine), "note": None}}

    # -- where ---------------------------------------------------------------------------------------------------------

    def _by(self, chosen: Mapping[Variant, list[Row]], key: Callable[[Row], Any]) -> list[dict[str, Any]]:
        values = sorted({key(row) for rows in chosen.values() for row in rows})
        return self._corrected(
            {"value": value, **self._compared(variant, [row for row in rows if key(row) == value], baseline)}
            for value in values
            for variant, rows in chosen.items()
            for baseline in self._baselines
            if variant[0] != baseline
        )

    def _bucket(self) -> Callable[[Row], str]:
        """The time of day an order starts in, UTC."""
        seconds = [_ns(row) // NANO % 86_400 for row in self._rows]
        width = next((w for w in BUCKETS if len({s // w for s in seconds}) > 1), BUCKETS[-1])

        def bucket(row: Row) -> str:
            at = _ns(row) // NANO % 86_400 // width * width
            return f"{at // 3600:02d}:{at // 60 % 60:02d}"

        return bucket

    def _venues(self, chosen: Mapping[Variant, list[Row]]) -> list[dict[str, Any]]:
        """What each venue's shares added to the savings of an order; all venues' sum to it, but for leaves."""
        names = sorted({v["publisher_id"] for rows in chosen.values() for row in rows for v in row["venues"]})
        return self._corrected(
            self._at_venue(venue, variant, rows, baseline)
            for venue in names
            for variant, rows in chosen.items()
            for baseline in self._baselines
            if variant[0] != baseline
        )

    def _at_venue(self, venue: int, variant: Variant, rows: Sequence[Row], baseline: str) -> dict[str, Any]:
        known = [row for row in rows if row[f"cost_a_share_{baseline}"]]
        parts = [[v for v in row["venues"] if v["publisher_id"] == venue] for row in known]
        entry: dict[str, Any] = {"value": venue, **_named(variant), "baseline": baseline}
        if not any(parts):
            return {**entry, "orders": 0, "p": None}
        added = [_added(row, part, row[f"cost_a_share_{baseline}"]) for row, part in zip(known, parts, strict=True)]
        flat = [v for part in parts for v in part]
        made, shares = sum(v["made"] for v in flat), sum(_shares(v) for v in flat)
        return entry | {
            "shares": shares,
            "making_share": _round(made / shares),
            **_finding(self._find(added, known)),
            **self._markouts(known, venue),
        }

    # -- how -----------------------------------------------------------------------------------------------------------

    def _execution(self, variant: Variant, rows: Sequence[Row]) -> dict[str, Any]:
        asked = sum(row["quantity"] for row in rows)
        return {
            **_named(variant),
            "orders": len(rows),
            "fill_rate": _round(sum(row["filled"] for row in rows) / asked),
            "forced": _round(sum(row["forced"] for row in rows) / asked),
            "leaves": _round(sum(row["leaves"] for row in rows) / asked),
            "making_share": _mean(row["making_share"] for row in rows),
            "taking_share": _mean(row["taking_share"] for row in rows),
            "implementation_shortfall_bps": _mean(row["implementation_shortfall_bps"] for row in rows),
            "timing_bps": _mean(row["timing_bps"] for row in rows),
            "placement_bps": _mean(row["placement_bps"] for row in rows),
            "fees_bps": _mean(row["fees_bps"] for row in rows),
            "opportunity_bps": _mean(row["opportunity_bps"] for row in rows),
            **self._markouts(rows),
        }

    def _markouts(self, rows: Sequence[Row], venue: int | None = None) -> dict[str, Any]:
        """Markouts weighted by shares; each order is a piece of its block."""
        result: dict[str, Any] = {}
        for name in MARKOUTS:
            values, weights, where = [], [], []
            for row in rows:
                fills = [f for f in row["passive_fills"] or () if venue is None or f["publisher_id"] == venue]
                known = [(f["qty"], f[name]) for f in fills if f[name] is not None]
                if known:
                    shares = sum(qty for qty, _ in known)
                    values.append(sum(qty * bps for qty, bps in known) / shares)
                    weights.append(float(shares))
                    where.append(row)
            result[name] = _finding(self._find(values, where, weights)) if values else None
        return result

    # -- do parameters matter ------------------------------------------------------------------------------------------

    def _parameters(self) -> list[dict[str, Any]]:
        """For each strategy and each parameter with several values: whether any order cost anything else."""
        strategies = dict.fromkeys(str(row["strategy"]) for row in self._rows)
        return [self._parameter(strategy, name) for strategy in strategies for name in self._varied]

    def _parameter(self, strategy: str, name: str) -> dict[str, Any]:
        others = [n for n in self._varied if n != name]
        groups: dict[Any, dict[str, Row]] = defaultdict(dict)
        for row in self._rows:
            if row["strategy"] == strategy:
                groups[_order(row), tuple(row[n] for n in others)][row[name] or "default"] = row
        values = list(dict.fromkeys(value for group in groups.values() for value in group))
        spreads = []
        for group in groups.values():
            costs = [row["cost_a_share"] for row in group.values() if row["cost_a_share"] is not None]
            spreads.append((max(costs) - min(costs)) / abs(min(costs)) * 1e4 if costs and min(costs) else 0.0)
        matters = any(spreads)
        what = f"{name} makes no difference to {strategy}: every order cost the same whatever its value"
        return {
            "strategy": strategy,
            "parameter": name,
            "values": values,
            "makes_a_difference": matters,
            "orders_it_changed": sum(spread > 0 for spread in spreads) / len(spreads),
            "largest_difference_bps": _round(max(spreads)),
            "verdict": what if not matters else f"{name} changes what {strategy} costs",
        }

    def _method(self) -> dict[str, Any]:
        blocks = "days" if self._by_day else f"windows of {self._width / NANO:g} s (fewer than {ENOUGH_DAYS} days)"
        return {
            "blocks": blocks,
            "interval": f"95 %, studentised block bootstrap, {DRAWS:,} draws, seed {self._seed}",
            "multiple_testing": f"Holm's step-down within each table, level {LEVEL:g}",
            "split": "parameter sets are tuned on the earlier half and judged on the later one; what touches the cut "
            "is purged",
            "savings": "mean over orders, each with one vote; positive is cheaper than the baseline",
            "markouts": "move of the mid after a passive fill, weighted by shares; negative is adverse selection",
        }


def _verdicts(judged: Sequence[Mapping[str, Any]]) -> list[str]:
    """The answer in plain words, the most important sentence first."""
    saves = [entry["verdict"] for entry in judged if entry["found"] == "saves"]
    others = [entry["verdict"] for entry in judged if entry["found"] != "saves"]
    return [*(saves or ["There is no evidence of savings in this sweep."]), *others]


def _named(variant: Variant) -> dict[str, Any]:
    return {"strategy": variant[0], "parameters": dict(variant[1])}


def _finding(found: BlockEstimate) -> dict[str, Any]:
    known = found.low is not None and found.high is not None
    return {
        "orders": found.orders,
        "blocks": found.blocks,
        "mean_bps": _round(found.mean),
        "ci95": [_round(found.low), _round(found.high)] if known else None,
        "p": _round(found.p),
    }


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


def label(entry: Mapping[str, Any]) -> str:
    """A strategy with those of its parameters that vary in the sweep."""
    text = ", ".join(f"{name} {value}" for name, value in entry["parameters"].items() if value != "default")
    return f"{entry['strategy']} ({text})" if text else str(entry["strategy"])


def _label(variant: Variant) -> str:
    return label(_named(variant))


def _shares(venue: Mapping[str, Any]) -> int:
    return int(venue["made"] + venue["taken"] + venue["forced"])


def _added(row: Row, venues: Sequence[Mapping[str, Any]], baseline: float) -> float:
    """Savings in bps of the whole order that come from the shares done there."""
    gained = sum(_shares(v) * (baseline - v["avg_cost"]) for v in venues)
    return float(gained / (row["quantity"] * abs(baseline)) * 10_000)


def _mean_cost(rows: Sequence[Row]) -> float:
    """Against arrival, in bps of it, so that orders of all sizes and prices count alike."""
    costs = [row["implementation_shortfall_bps"] for row in rows if row["implementation_shortfall_bps"] is not None]
    return float(np.mean(costs)) if costs else float("inf")


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _round(float(np.mean(known))) if known else None


def _round(value: float | None) -> float | None:
    """To 1e-6; a zero has no sign."""
    if value is None or isnan(value):
        return None
    return round(float(value), 6) + 0.0
