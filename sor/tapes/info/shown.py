"""Of a tape in NBBO form: how long each venue is shown, by side. And at which hours of New York a tape is busy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import numpy as np

from sor.core.market.batch import NO_VENUE, Ints, SnapshotBatch
from sor.core.units import NANO, UNSPOKEN, round_half_even

HALF_HOUR = 1800 * NANO
_OPEN, _CLOSE = time(9, 30), time(16, 0)
_NEW_YORK = ZoneInfo("America/New_York")


def shown(batches: Iterable[SnapshotBatch]) -> dict[str, dict[str, Decimal]]:
    """By side and venue, the share of the time from the side's first row to the tape's last in which it is shown."""
    sides = {"bid": _ShownSide(), "ask": _ShownSide()}
    last = 0
    for batch in batches:
        ts = np.repeat(batch.ts, np.diff(batch.quote_end, prepend=0))
        for side, px in (("bid", batch.bid_px), ("ask", batch.ask_px)):
            said = px != UNSPOKEN
            sides[side].record(ts[said], batch.venue[said])
        last = int(batch.ts[-1])
    return {name: side.told(last) for name, side in sides.items()}


class _ShownSide:
    """One side of the national book, as it is passed on from venue to venue."""

    def __init__(self) -> None:
        self._lasted: Counter[int] = Counter()
        self._since = self._venue = -1

    def record(self, ts: Ints, venue: Ints) -> None:
        if not len(ts):
            return
        if self._venue >= 0:
            ts, venue = np.append(self._since, ts), np.append(self._venue, venue)
        for one in sorted(set(venue.tolist())):
            self._lasted[one] += int(np.diff(ts)[venue[:-1] == one].sum())
        self._since, self._venue = int(ts[-1]), int(venue[-1])

    def told(self, last: int) -> dict[str, Decimal]:
        lasted = Counter(self._lasted)
        if self._venue >= 0:
            lasted[self._venue] += last - self._since
        total = lasted.total()
        names = {venue: "none" if venue == NO_VENUE else str(venue) for venue in sorted(lasted)}
        return {name: round_half_even(Fraction(lasted[venue], total), 6) for venue, name in names.items() if total}


class BusyHours:
    """Instants by half hour."""

    def __init__(self) -> None:
        self._instants: Counter[int] = Counter()

    def record(self, ts: Ints) -> None:
        halves, times = np.unique(ts // HALF_HOUR, return_counts=True)
        self._instants.update(dict(zip(halves.tolist(), times.tolist(), strict=True)))

    def doubts(self) -> list[str]:
        """That the busiest half hour of the day is one in which US exchanges are closed."""
        of_day: Counter[time] = Counter()
        for half, n in self._instants.items():
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=half * 1800)
            of_day[moment.astimezone(_NEW_YORK).time()] += n
        most = max(of_day.values(), default=0)
        busiest = sorted(start for start, n in of_day.items() if n == most)
        if not busiest or any(_OPEN <= start < _CLOSE for start in busiest):
            return []
        return [
            f"The busiest half hour begins at {busiest[0]:%H:%M} in New York, outside the exchange's hours (09:30 to "
            "16:00): the time zone of the file may be another than its format says."
        ]
