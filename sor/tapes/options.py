"""How a tape is to be read, where its own content does not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Clock = Literal["event", "recv"]


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """format: a shipped format's name, or a TOML file; None where the header or the file's name tells.

    lot: shares in a unit of displayed size, in place of what the format says. clock: which time of a row is its
    instant, the exchange's or that of the capture (`recv`).
    """

    format: str | None = None
    lot: int | None = None
    clock: Clock = "event"


AS_IT_IS = ReadOptions()
