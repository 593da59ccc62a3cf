"""Which options differ between reports, and what that makes a router be called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sor.comparison.given import GivenReport
from sor.comparison.order import day_of
from sor.report.pages.figures import words

NOT_OPTIONS = ("fees", "grid", "tz")


def options(data: Mapping[str, Any], *, with_fees: bool) -> dict[str, str]:
    """Every option that a report was made with, in words. with_fees: those of the tape's venues; over days they change
    of themselves."""
    rules = data["rules"]
    found = {name: words(value) for name, value in rules.items() if name not in NOT_OPTIONS}
    found |= {f"grid of {name}": words(levels) for name, levels in (rules.get("grid") or {}).items()}
    asked = data.get("request") or {}
    found |= {name: words(asked[name]) for name in ("param", "snapshot_rule", "clock") if name in asked}
    if with_fees:
        fees = rules.get("fees") or {}
        venues = [str(venue["publisher_id"]) for venue in data["tape"].get("venues") or ()]
        found["fees"] = (
            "; ".join(f"{venue}: {words(_sums(fees[venue]))}" for venue in venues if venue in fees) or "none"
        )
    found["version"] = str(data["version"])
    return found


def _sums(fee: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fee.items() if key not in ("name", "mic")}


def name_routers(reports: Sequence[GivenReport]) -> tuple[list[str], dict[str, dict[str, str]]]:
    """The router of each report, by a name of its own, and the options that differ: {option: {router: value}}.

    Reports of different days with the same options are one router. The same options twice on a day are two.
    """
    with_fees = len({day_of(one.data) for one in reports}) == 1
    made = [options(one.data, with_fees=with_fees) for one in reports]
    keys = sorted({name for one in made for name in one}, key=lambda name: next(_place(name, one) for one in made))
    differ = [key for key in keys if len({one.get(key, "-") for one in made}) > 1 and not _follows(key, made)]
    seen: dict[tuple[Any, ...], int] = {}
    variants: list[tuple[Any, ...]] = []
    for one, report in zip(made, reports, strict=True):
        values = tuple(one.get(key, "-") for key in differ)
        count = seen[(day_of(report.data), values)] = seen.get((day_of(report.data), values), 0) + 1
        variants.append((values, count))
    names = _names(variants, made, differ)
    table = {key: {names[v]: one.get(key, "-") for v, one in zip(variants, made, strict=True)} for key in differ}
    return [names[variant] for variant in variants], table


def _follows(key: str, made: Sequence[Mapping[str, str]]) -> bool:
    """Whether it is a grid that a strategy has by itself: routers without parameters have none."""
    if not key.startswith("grid of"):
        return False
    grids: dict[str, set[str]] = {}
    for one in made:
        grids.setdefault(one.get("strategy", "-"), set()).add(one.get(key, "-"))
    return all(len(found) == 1 for found in grids.values())


def _telling(made: Sequence[Mapping[str, str]], differ: Sequence[str]) -> list[str]:
    """The first options that tell these apart; one that says no more than those before it is left out."""
    found: list[str] = []
    kinds = 1
    for key in differ:
        more = len({tuple(one.get(name, "-") for name in (*found, key)) for one in made})
        if more > kinds:
            found, kinds = [*found, key], more
    return found


def _place(name: str, one: Mapping[str, str]) -> int:
    return list(one).index(name) if name in one else len(one)


def _names(
    variants: Sequence[tuple[Any, ...]], made: Sequence[Mapping[str, str]], differ: Sequence[str]
) -> dict[tuple[Any, ...], str]:
    """The strategy's name, with what differs beside it where several share it, and a number where nothing does."""
    of = dict(zip(variants, made, strict=True))
    strategies = {variant: one.get("strategy", "-") for variant, one in of.items()}
    names = {}
    for variant, one in of.items():
        like = [other for other in of if strategies[other] == strategies[variant]]
        apart = _telling([of[other] for other in like], differ)
        more = ", ".join(f"{key.replace('_', ' ')} {one.get(key, '-')}" for key in apart)
        number = f" #{variant[1]}" if any(other[0] == variant[0] and other != variant for other in of) else ""
        names[variant] = strategies[variant] + (f" ({more})" if more else "") + number
    return names
