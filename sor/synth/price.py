"""Where each venue quotes: the efficient price, its shocks, and the best price levels of every venue's two sides.

Sides are mirrored: z = ask for an ask and z = -bid for a bid, in cents, so that a larger z is always a worse quote.
Times are nanoseconds from the start of a block.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from sor.core.market.batch import Ints
from sor.synth import model
from sor.synth.draws import Draws, share

Bools = NDArray[np.bool_]

NO_QUOTE = 1 << 40  # z of an empty side: worse than any price
CARRY, IMPROVE, RETREAT = range(3)  # how a level began: before the block, as a better quote, as a worse one
BID, ASK = 0, 1
SIGN = (-1, 1)


class Clock:
    """Turns an even stream of arrivals into one with busy and quiet seconds."""

    def __init__(self, dice: Draws, length: int) -> None:
        seconds = -(-length // model.SECOND)
        busy = dice.pick(model.BUSY, seconds)
        self._busy = busy[last_where(dice.yes(share(0.5), seconds))]  # a mood lasts two seconds on average
        self._even = np.concatenate([[0], np.cumsum(self._busy * (model.SECOND >> 10))])
        self.length = length

    def arrivals(self, dice: Draws, mean: int) -> Ints:
        """Times in [1, length) of a stream with this mean wait in an ordinary second."""
        even = dice.arrivals(mean, int(self._even[-1]))
        second = np.searchsorted(self._even, even, side="right") - 1
        times = second * model.SECOND + (even - self._even[second]) * 1024 // self._busy[second]
        inside: Ints = np.maximum(times[times < self.length], 1)
        return inside


@dataclass(frozen=True, slots=True)
class Shocks:
    """States all venues share, the first as it was when the block began: int64[n] each.

    time; x, the efficient price in thousandths of a cent; the distances of bid and ask from it;
    swept: 1 where buyers swept the asks as it came, -1 where sellers swept the bids, else 0; pressure: -1, 0 or 1.
    """

    time: Ints
    x: Ints
    distance: tuple[Ints, Ints]
    swept: Ints
    pressure: Ints


class EfficientPrice:
    """A price that jumps: with the pressure, and against its distance from an anchor that follows slowly."""

    def __init__(self, cents: int, activity: int) -> None:
        self._x = self._anchor = cents * model.CENT + model.CENT // 2
        self._pressure = 0
        self._distance = [model.CENT, model.CENT]
        self._scale = isqrt((1 << 20) * 1000 // activity)  # fewer shocks are larger ones: the volatility stays
        self._wait = model.SHOCK_WAIT * 1000 // activity

    def shocks(self, dice: Draws, clock: Clock, length: int) -> Shocks:
        """The shocks of a block."""
        parents = clock.arrivals(dice, self._wait)
        late = np.repeat(parents, dice.pick(model.SHOCK_CHILDREN, len(parents)))
        times = np.sort(np.concatenate([parents, late + dice.waits(model.SHOCK_SPREAD, len(late))]))
        times = times[times < length]
        n = len(times)
        start = self._x, self._pressure
        path = [start, *self._path(dice, n)]
        x, pressure = np.array(path, dtype=np.int64).T
        moved = np.sign(np.diff(x, prepend=start[0]))
        swept = np.where(dice.yes(model.SWEPT, n + 1), moved, 0)
        return Shocks(
            time=np.concatenate([[0], times]),
            x=x,
            distance=(self._distances(dice, BID, n), self._distances(dice, ASK, n)),
            swept=swept,
            pressure=pressure,
        )

    def _path(self, dice: Draws, n: int) -> list[tuple[int, int]]:
        """n moves of (efficient price, pressure)."""
        jumps = (dice.pick(model.JUMP, n) * self._scale >> 10).tolist()
        path = []
        for jump, coin, turn in zip(jumps, dice.words(n).tolist(), dice.words(n).tolist(), strict=True):
            if turn < model.PRESSURE_TURNS:
                self._pressure = turn % 3 - 1
            stretch = max(-model.MOST_STRETCH, min(model.MOST_STRETCH, self._x - self._anchor))
            lean = model.PRESSURE_TILT * self._pressure - stretch * model.REVERSION // model.CENT
            up = coin < 32_768 + lean or self._x < model.LOWEST
            self._x += jump if up else -jump
            self._anchor += (self._x - self._anchor) // model.ANCHOR_PULL
            path.append((self._x, self._pressure))
        return path

    def _distances(self, dice: Draws, side: int, n: int) -> Ints:
        drawn = np.concatenate([[self._distance[side]], dice.pick(model.DISTANCE, n)])
        path = drawn[last_where(np.concatenate([[True], dice.yes(model.REDRAW, n)]))]
        self._distance[side] = int(path[-1])
        return path


@dataclass(frozen=True, slots=True)
class Levels:
    """The best prices of one venue's side, one after the other: int64[m].

    start; z; behind: ticks behind what all venues would quote; kind: CARRY, IMPROVE or RETREAT; swept: taken by trades.
    changes: when the venue changed either side.
    """

    start: Ints
    z: Ints
    behind: Ints
    kind: Ints
    swept: Bools
    changes: Ints


class VenueQuotes:
    """How one venue turns the shared state into its own two best prices."""

    def __init__(self, profile: model.VenueProfile, activity: int) -> None:
        self._profile = profile
        self._behind = [0, 0]
        self._wait = model.FLICKER_WAIT * 1_000_000 // max(profile.weight, 300) // activity

    def levels(self, dice: Draws, clock: Clock, shocks: Shocks, length: int) -> tuple[Levels, Levels]:
        """The levels of bid and ask. A worse quote comes at once, a better one a little later.

        So the two sides of a venue never meet: both keep a positive distance from the same efficient price.
        """
        time, shock, behind = self._changes(dice, clock, shocks, length)
        room = np.concatenate([time[1:], [length]]) - time
        lag = np.minimum(model.IMPROVE_LEAST + dice.waits(model.IMPROVE_DELAY, len(time)), (room - 1) // 2)
        fresh = np.diff(shock, prepend=shock[:1]) != 0
        sides = []
        for side in (BID, ASK):
            base = -((-(SIGN[side] * shocks.x[shock] + shocks.distance[side][shock])) // model.CENT)
            z = np.where(behind[side] == NO_QUOTE, NO_QUOTE, base + behind[side])
            step = np.sign(np.diff(z, prepend=z[:1]))
            keep = step != 0
            keep[0] = True
            kind = np.where(step < 0, IMPROVE, RETREAT)
            kind[0] = CARRY
            swept = fresh & (step > 0) & (z < NO_QUOTE) & (shocks.swept[shock] == SIGN[side])
            swept &= dice.yes(model.SWEEP_REACHES, len(z))
            start = time + np.where(kind == IMPROVE, lag, 0)
            sides.append(Levels(start[keep], z[keep], behind[side][keep], kind[keep], swept[keep], time[1:]))
        return sides[BID], sides[ASK]

    def _changes(self, dice: Draws, clock: Clock, shocks: Shocks, length: int) -> tuple[Ints, Ints, tuple[Ints, Ints]]:
        """When the venue may change a quote, the shock that has reached it, and how far behind the best each side is.

        Times ascend strictly from 0. A column of `parts` is (time, shock, bid behind, ask behind), -1 for as before.
        """
        n = len(shocks.time) - 1
        delay = np.minimum(dice.waits(model.REACH_DELAY, n), model.REACH_MOST)
        delay[dice.yes(model.REACHED_AT_ONCE, n)] = 0
        reached = np.maximum.accumulate(shocks.time[1:] + delay)
        moved = [np.where(dice.yes(model.MOVES_ITSELF, n), self._place(dice, n), -1) for _ in (BID, ASK)]
        parts = [np.array([[0], [0], [self._behind[BID]], [self._behind[ASK]]], dtype=np.int64)]
        parts.append(np.vstack([reached, np.arange(1, n + 1), *moved]))
        for side in (BID, ASK):
            gone = clock.arrivals(dice, self._wait)
            back = gone + 1 + dice.waits(model.FLICKER_BACK, len(gone))
            away = np.where(dice.yes(self._profile.gap, len(gone)), NO_QUOTE, dice.pick(model.BEHIND, len(gone)))
            same = np.full(len(gone), -1, dtype=np.int64)
            for time, place in ((gone, away), (back, self._place(dice, len(gone)))):
                parts.append(np.vstack([time, same, place, same] if side == BID else [time, same, same, place]))
        time, *states = np.hstack(parts)[:, np.argsort(np.hstack(parts)[0], kind="stable")]
        shock, bid, ask = (values[last_where(values >= 0)] for values in states)
        self._behind = [int(bid[-1]), int(ask[-1])]
        time = np.minimum(time, length - 1)
        last = np.concatenate([time[1:] != time[:-1], [True]])
        return time[last], shock[last], (bid[last], ask[last])

    def _place(self, dice: Draws, n: int) -> Ints:
        return np.where(dice.yes(self._profile.away, n), dice.pick(model.BEHIND, n), 0)


def last_where(flags: Bools) -> Ints:
    """For each position the last position up to it where the flag is set (0 before the first)."""
    return np.maximum.accumulate(np.where(flags, np.arange(len(flags)), 0))
