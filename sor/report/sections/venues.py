"""A venue is written as its id with its name and market identifier code beside it, where they are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sor.venues import exchange_of_publisher

if TYPE_CHECKING:
    from sor.report.types.strategies import VenueName


def venue_name(publisher_id: int) -> VenueName:
    """The first keys of every object that is about a venue."""
    exchange = exchange_of_publisher(publisher_id)
    name, mic = (None, None) if exchange is None else (exchange.name, exchange.mic)
    return {"publisher_id": publisher_id, "name": name, "mic": mic}


def venue_label(publisher_id: int) -> str:
    """The name, else the id in words."""
    return venue_name(publisher_id)["name"] or f"venue {publisher_id}"
