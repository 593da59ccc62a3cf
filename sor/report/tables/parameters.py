"""What was best in sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from sor.core.spec import ROUTER
from sor.report.format import chosen_strategy
from sor.report.tables.cells import short
from sor.report.tuned import followed, given, has_penalties


def parameter_words(data: Mapping[str, Any]) -> RenderableType | None:
    """What was best in sample; None where nothing that worked this order has such parameters."""
    search, multiples = data["search"], data["best_parameters"].get("multiples", {})
    tried = f"Best in sample of {search['candidates']:,} candidates"
    if "followed" in search:
        slices = "; ".join(f"{parameters} in {count:,}" for parameters, count in followed(data)) or "none"
        best = f"{given(search['cheapest_in_sample'])}\nFollowed slice by slice: {slices}"
    elif has_penalties(data):
        best = ", ".join(
            f"{name} {_penalty(value, multiples.get(name))}"
            for name, value in data["best_parameters"].items()
            if name != "multiples"
        )
        tried += "" if chosen_strategy(data) == ROUTER else f" of {ROUTER}"
        if search["candidates"] <= 1:
            return Text(f"Nothing was tuned; the penalties of {ROUTER}:\n{best}", style="dim")
    else:
        return None
    effect = "" if search["parameters_matter"] else ", which all give the same answer"
    return Text(f"{tried}{effect}:\n{best}", style="dim")


def _penalty(value: Any, multiple: Any) -> str:
    """Dollars, with the multiple beside them; the multiple alone where nothing is known that it is of."""
    times = "" if multiple is None else f"{short(multiple)}x"
    if value is None:
        return times
    return f"{short(value)} ({times})" if times else short(value)
