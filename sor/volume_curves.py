"""Volume by time of day from a file: a table of time and volume, or the tape of an earlier day."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from pathlib import Path

import numpy as np

from sor.core.schedules.volume_curve import VolumeCurve
from sor.core.units import NANO, parse_time
from sor.errors import InputError
from sor.options.windows import NEW_YORK
from sor.options.zones import DAY, Zone

MINUTE = 60 * NANO
HEAD = "time,volume"


def read_curve(text: str) -> VolumeCurve:
    """A CSV file with the lines `time,volume`, where a time HH:MM[:SS] begins an interval that ends at the next one;
    else a tape, of which the trades are counted by minute. Clocks are New York's. InputError in one line."""
    path = Path(text).expanduser()
    try:
        with path.open("rb") as file:
            is_table = file.read(len(HEAD)).lower() == HEAD.encode()
        return _from_table(path) if is_table else _from_tape(path)
    except OSError as error:
        raise InputError(f"vwap_schedule: curve {text}: cannot be read ({error.strerror})") from None


def _from_table(path: Path) -> VolumeCurve:
    rows: list[tuple[int, int]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()[1:], 2):
        if not line.strip():
            continue
        try:
            time, volume = line.split(",")
            row = parse_time(f"1970-01-01T{time.strip()}{':00' if time.count(':') == 1 else ''}Z"), int(volume)
        except ValueError:
            raise InputError(f"vwap_schedule: curve {path}, line {number}: write HH:MM,SHARES, not {line!r}") from None
        if row[1] < 0 or (rows and row[0] <= rows[-1][0]):
            raise InputError(f"vwap_schedule: curve {path}, line {number}: times must rise, shares be 0 or more")
        rows.append(row)
    if len(rows) < 2:
        raise InputError(f"vwap_schedule: curve {path} has fewer than two lines: write one for each interval")
    times = [time for time, _ in rows]
    edges = (*times, min(DAY, 2 * times[-1] - times[-2]))  # the last interval is as long as the one before
    return VolumeCurve(edges, (0, *accumulate(volume for _, volume in rows)), _midnight)


def _from_tape(path: Path) -> VolumeCurve:
    from sor.tapes import open_tape

    minutes: Counter[int] = Counter()
    last = None
    for batch in open_tape(path).batches():
        counts = np.diff(batch.trade_end, prepend=0)
        for ts, shares in zip(np.repeat(batch.ts, counts).tolist(), batch.trade_sz.tolist(), strict=True):
            minutes[ts // MINUTE] += shares
            last = ts
    if last is None:
        raise InputError(f"vwap_schedule: curve {path} has no trades")
    begin, days = min(minutes), {_midnight(minute * MINUTE) for minute in minutes}
    if len(days) > 1:
        raise InputError(f"vwap_schedule: curve {path} has trades of several days: name a tape of one")
    span = range(begin, max(minutes) + 1)
    edges = tuple(minute * MINUTE - min(days) for minute in (*span, span.stop))
    return VolumeCurve(edges, (0, *accumulate(minutes[minute] for minute in span)), _midnight, last)


def _midnight(ts: int) -> int:
    """Of the day in New York that an instant belongs to."""
    zone = Zone.named(NEW_YORK)
    return zone.midnight(zone.date_of(ts))
