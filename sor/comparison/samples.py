"""The samples that routers are judged on: the slices of one order, or the days of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sor.comparison.given import GivenReport
from sor.comparison.judge import JudgedRouter, from_headline, from_slices, judge
from sor.comparison.order import day_of
from sor.core.statistics import BLOCK

FEW_DAYS = 10


def over_slices(reports: Sequence[GivenReport], routers: Sequence[str]) -> tuple[list[JudgedRouter], list[str]]:
    """Reports of one day, one a router; and what has to be said of them."""
    samples = {router: from_slices(one.data) for router, one in zip(routers, reports, strict=True)}
    said = []
    if without := [name for name, values in samples.items() if values is None]:
        said.append(f"Not judged against X_M, as their reports carry no savings by slice: {', '.join(without)}.")
    if len({len(values) for values in samples.values() if values}) > 1:
        said.append("The slices are not the same in all reports: routers are not set against each other.")
    return judge(samples, dict.fromkeys(samples, 1), BLOCK), said


def over_days(reports: Sequence[GivenReport], routers: Sequence[str]) -> tuple[list[JudgedRouter], list[str]]:
    """Reports of several days: the days that all routers have, each of them one value; and what has to be said."""
    by_router: dict[str, dict[str, int]] = {name: {} for name in routers}
    for one, router in zip(reports, routers, strict=True):
        value = from_headline(one.data)
        if value is not None:
            by_router[router][day_of(one.data)] = value
    known = {name: values for name, values in by_router.items() if values}
    common = sorted(set.intersection(*map(set, known.values()))) if known else []
    said = []
    if without := [name for name in by_router if name not in known]:
        said.append(f"Not judged against X_M, as their reports have no headline: {', '.join(without)}.")
    if uneven := [name for name, values in known.items() if len(values) > len(common)]:
        said.append(f"Only the {len(common)} days that all routers have are judged; of {', '.join(uneven)} others too.")
    if len(common) < FEW_DAYS:
        said.append(f"{len(common)} days are few: intervals over them are wide, and chances of being the best rough.")
    samples = {name: [known[name][day] for day in common] if name in known else None for name in by_router}
    return judge(
        {name: values or None for name, values in samples.items()},
        {name: len(values or ()) for name, values in samples.items()},
        block=1,
    ), said


def baselines_apart(reports: Sequence[GivenReport]) -> list[str]:
    """X_M is one and the same for routers; other options may move it."""
    paid: dict[str, set[Any]] = {}
    for one in reports:
        entry = one.data["strategies"].get("X_M")
        if entry is not None:
            paid.setdefault(day_of(one.data), set()).add(entry["total_cash"])
    if all(len(values) == 1 for values in paid.values()):
        return []
    return [
        "X_M did not pay the same in all reports of a day, as the options that differ concern it too: each router is "
        "judged against its own X_M."
    ]
