"""Child orders on their way and at work, their fills, and why they ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from reference.queues import MICRO, Place

FILLED = "filled"
REFUSED = "refused"  # post-only: the venue's ask was at or below the price when the order arrived
PASSIVE_OVER = "passive phase over"  # cancelled at 90 % of the slice
COMPLETE = "slice complete"  # cancelled because the slice's goal was filled
DONE = "parent done"
DEADLINE = "deadline"
MISSED = "missed"  # a take that found less than it asked for


@dataclass(frozen=True, slots=True)
class Fill:
    """`kind` is "maker", "taker" or "forced"; `number` is the child order's, None for forced shares."""

    ts: int
    venue: int
    px: int
    qty: int
    kind: str
    number: int | None


@dataclass(slots=True)
class Child:
    """A child order. `due`: when it arrives; `end`: when it ended, and why."""

    number: int
    venue: int
    px: int
    qty: int
    sent: int
    due: int
    filled: int = 0
    end: int | None = None
    reason: str | None = None

    @property
    def left(self) -> int:
        return self.qty - self.filled

    @property
    def alive(self) -> bool:
        return self.end is None

    def ended(self, ts: int, reason: str) -> None:
        if self.alive:
            self.end, self.reason = ts, reason


@dataclass(slots=True)
class Take(Child):
    """Takes what it finds at or below `px`; the rest is cancelled. `run`: the price run that it was sent into."""

    run: int = 0


@dataclass(slots=True)
class Rest(Child):
    """Rests at `px` from `due` until a cancel acts."""

    joined: bool = False
    place: Place = field(default_factory=lambda: Place(0, "", None))
    ahead_at_joining: int | None = None  # millionths; None: unknown, or it never joined
    cancel_due: int | None = None
    cancel_reason: str = ""

    @property
    def resting(self) -> bool:
        return self.alive and self.joined

    def cancel(self, due: int, reason: str) -> None:
        """The earliest cancel acts."""
        if self.cancel_due is None or due < self.cancel_due:
            self.cancel_due, self.cancel_reason = due, reason


def shares(millionths: int | None) -> float | None:
    """For people: shares ahead as a number with decimals."""
    return None if millionths is None else millionths / MICRO
