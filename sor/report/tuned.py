"""What the parameters behind a report's figures were tuned on, for the words beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sor.core.spec import ROUTER, TUNED


def tuned_here(data: Mapping[str, Any]) -> bool:
    """Whether the chosen strategy's parameters were tuned on the very order that it works. Those of cont_kukanov are;
    a grid of a plug-in's is walked forward, and the others have none."""
    return bool(data["search"].get("parameters_matter")) and data["rules"]["strategy"] == ROUTER


def tuned_on_the_past(data: Mapping[str, Any]) -> bool:
    """Whether the parent of the headline had parameters tuned on earlier slices: it had several to choose from."""
    search = data["search"]
    return search["candidates"] > 1 and ("followed" in search or data["headline"]["strategy"] == TUNED)


def has_penalties(data: Mapping[str, Any]) -> bool:
    """Whether cont_kukanov, whose parameters `best_parameters` and the grid are, took part."""
    return ROUTER in data["strategies"]


def followed(data: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Of a plug-in's grid: parameters and how many slices followed them, those that none did left out."""
    for one in data["search"].get("followed", ()):
        if one["slices"]:
            yield given(one["parameters"]), one["slices"]


def given(parameters: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items())
