"""A router's answer for a slice, and where a limit order can rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sor.core.feed import Form
from sor.core.strategies.interface import View
from sor.core.units import FAR


@dataclass(frozen=True, slots=True)
class Allocation:
    """A router's answer: take `market` shares now (M), rest limits[k] shares at venue k (L_k) at the oriented price px.

    px 0 is the national best. limits: pairs of venue and shares, or from a router of one's own {venue: shares}.
    reason: in words, why a slice went all market (for the report).
    """

    market: int
    px: int = 0
    limits: tuple[tuple[int, int], ...] = ()
    reason: str = ""

    if TYPE_CHECKING:  # what a router of one's own may write; it is turned into pairs before anything reads it

        def __init__(
            self,
            market: int,
            px: int = 0,
            limits: Mapping[int, int] | tuple[tuple[int, int], ...] = (),
            reason: str = "",
        ) -> None: ...


def resting_places(view: View, px: int) -> tuple[int, ...]:
    """Venues where a limit order at `px` would rest and not take: of an NBBO tape only the one that shows it."""
    if view.form is Form.NBBO:
        return tuple(v.venue for v in view.venues if v.take_px > px == v.rest_px > -FAR)
    return tuple(v.venue for v in view.venues if v.take_px > px > -FAR)
