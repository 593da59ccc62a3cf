"""How a source shows the market."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

ROUND_LOT = 100  # shares, of a tape whose sizes are in no lots of another size


class Form(StrEnum):
    """What a tape shows of the market."""

    VENUE = "venue"  # every venue's own best quote
    NBBO = "nbbo"  # only the national best of each side, with the venue that has it


@dataclass(frozen=True, slots=True)
class Feed:
    """A tape's form, and by how many ns a trade may be printed after the fall of a size that it explains."""

    form: Form = Form.VENUE
    prints_late: int = 0


BY_VENUE = Feed()
