"""Which window an order is worked in: what was asked for, judged against where the tape has snapshots.

No figure is given where there is no answer: a window that is not on the tape, or that holds a night, is an error that
says what to type instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from sor.core.market.timeline import HOLE, Hole, Timeline
from sor.core.order import ParentOrder
from sor.core.spec import SIMPLE, Spec
from sor.core.units import NANO, plain
from sor.errors import InputError
from sor.options.zones import Zone, instant
from sor.venues import exchange_of_publisher

NEW_YORK = "America/New_York"
OPEN, CLOSE = (9 * 60 + 30) * 60 * NANO, 16 * 3600 * NANO  # of US equities, in New York
SILENT = NANO  # off the tape by no more is not worth a word
LEAST_TOLERANCE, SHARE_TOLERANCE = 60 * NANO, 20  # off by up to the larger of a minute and a twentieth: a warning

MOST_SLICES = 5_000_000  # of a router: a day of five milliseconds each

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Window:
    """The order with the window it is worked in.

    asked: the window that was asked for, where --clip cut it. day_start: the first instant of the trading day, before
    which quotes are yesterday's. warnings: plain sentences. decided: the decision time, where one was given.
    """

    order: ParentOrder
    asked: Span | None
    day_start: int
    warnings: tuple[str, ...]
    decided: int | None = None


def choose_window(spec: Spec, tape: Timeline, *, judged: bool = True) -> Window:
    """The window of an order on a tape. InputError where the tape has no answer.

    judged False: a stream that says nothing of its extent, so that being off what has arrived is no proof of anything.
    """
    return _WindowChooser(spec, tape, Zone.named(spec.tz), judged).window()


def asked_span(spec: Spec, tape: Timeline) -> Span:
    """The window that was asked for, which need not lie on the tape."""
    return _WindowChooser(spec, tape, Zone.named(spec.tz), judged=True).asked()


def market_zone(spec: Spec, tape: Timeline | None) -> Zone:
    """The time zone whose dates are the trading days: New York's for US equities, else that of --tz."""
    return Zone.named(NEW_YORK if tape is None or is_us_equity(tape) else spec.tz)


def is_us_equity(tape: Timeline) -> bool:
    """Whether a venue of the tape is in the table of exchanges; where they are not known yet, it is taken to be."""
    return not tape.venues or any(exchange_of_publisher(venue) for venue in tape.venues)


def is_night(hole: Hole, zone: Zone) -> bool:
    """Whether a hole without snapshots holds a change of date."""
    return hole[1] - hole[0] >= HOLE and zone.date_of(hole[0]) != zone.date_of(hole[1])


@dataclass(frozen=True, slots=True)
class _WindowChooser:
    spec: Spec
    tape: Timeline
    zone: Zone
    judged: bool

    def window(self) -> Window:
        asked = self.asked()
        if asked[1] < asked[0]:
            asked = self._beyond(asked)
        if asked[1] < asked[0]:
            raise InputError(f"the window ends ({self._show(asked[1])}) before it starts ({self._show(asked[0])}): "
                             "check --start and --end")  # fmt: skip
        (start, end), off = self._on_tape(asked)
        order = ParentOrder(self.spec.side, self.spec.quantity, start, end, self.spec.limit_price)
        self._check_slices(end - start)
        holes = hole_warnings(self.spec, self.tape, (start, end))
        day_start = self._day_start(start)
        decided = self._decided(start, day_start)
        return Window(order, None if (start, end) == asked else asked, day_start, (*off, *holes), decided)

    def _check_slices(self, length: int) -> None:
        """InputError for more of the router's slices than their figures fit into memory."""
        slices = length // self.spec.router_interval
        if slices > MOST_SLICES and self.spec.strategy not in SIMPLE:
            least = -(-length // MOST_SLICES)
            raise InputError(
                f"router-interval: the window would have {slices:,} slices, at most {MOST_SLICES:,} can be worked: "
                f"give at least {plain(Decimal(least).scaleb(-9))} seconds"
            )

    # -- what was asked for --

    def asked(self) -> Span:
        spec = self.spec
        if spec.day is not None:
            return self._of_day(spec.day)
        typed = [when for when in (spec.start, spec.end) if when is not None]
        if any(when.of_day for when in typed):
            return self._span(self._day_of_times())
        return self._span(date.min)

    def _beyond(self, asked: Span) -> Span:
        """A start after the tape's end, where no end was typed, is off the tape and not the wrong way round."""
        if self.spec.end is None and asked[0] > self.tape.last:
            return asked[0], asked[0]
        if self.spec.start is None and asked[1] < self.tape.first:
            return asked[1], asked[1]
        return asked

    def _span(self, day: date) -> Span:
        spec, tape = self.spec, self.tape
        start = tape.first if spec.start is None else instant(spec.start, day)
        return start, tape.last if spec.end is None else instant(spec.end, day)

    def _day_of_times(self) -> date:
        """The one day on which the window of these times of day lies on the tape."""
        days = _days(self.tape, self.zone)
        found = [day for day in days if self._meets(self._span(day))]
        if len(found) > 1:
            listed = ", ".join(map(str, found[:10])) + (", ..." if len(found) > 10 else "")
            raise InputError(
                f"a time of day belongs to one day, and on this tape the window lies on {len(found)}: {listed}; choose "
                "one with --day"
            )
        return found[0] if found else days[0]

    def _meets(self, span: Span) -> bool:
        return any(first <= span[1] and span[0] <= last for first, last in self.tape.stretches if span[0] <= span[1])

    def _of_day(self, day: date) -> Span:
        """The window on a day: times of day belong to it; what was not given is that of the session, where it is on
        the tape."""
        spec = self.spec
        cover = self._cover(day)
        if is_us_equity(self.tape):
            zone = Zone.named(NEW_YORK)
            cover = _both(cover, (zone.at(day, OPEN), zone.at(day, CLOSE))) or cover
        start = cover[0] if spec.start is None else instant(spec.start, day)
        return start, cover[1] if spec.end is None else instant(spec.end, day)

    def _cover(self, day: date) -> Span:
        """The part of the tape on that day."""
        zone = market_zone(self.spec, self.tape)
        whole = zone.midnight(day), zone.midnight(day + timedelta(days=1)) - 1
        parts = [part for stretch in self.tape.stretches if (part := _both(stretch, whole))]
        if not parts:
            days = ", ".join(map(str, _days(self.tape, zone)[:10]))
            raise InputError(f"day {day} is not on the tape, which has {days}")
        if self.tape.stated and (stated := _both(self.tape.stated, whole)):
            return stated
        return parts[0][0], parts[-1][1]

    def _decided(self, start: int, day_start: int) -> int | None:
        """The decision time, on the day of the start: not after it, and not before that day's first snapshot."""
        if self.spec.decision_time is None:
            return None
        decided = instant(self.spec.decision_time, self.zone.date_of(start))
        if not min(day_start, start) <= decided <= start:
            raise InputError(
                f"--decision-time {self._show(decided)} must lie between the day's first snapshot "
                f"({self._show(day_start)}) and the start of the order ({self._show(start)})"
            )
        return decided

    # -- where the tape is --

    def _on_tape(self, asked: Span) -> tuple[Span, list[str]]:
        """The window, clipped if that was asked for, and what is to be said of its being off the tape."""
        tape, (start, end) = self.tape, asked
        whole = tape.stated or (tape.first, tape.last)
        inside = _both(asked, whole)
        if inside is None or not self._meets(inside):
            raise self._off(asked, whole, "no snapshot of the tape lies in the window")
        if self.spec.clip:
            asked_for = f"{self._show(asked[0])} to {self._show(asked[1])}"
            return inside, [f"The window was clipped to the tape: {asked_for} was asked for."] * (inside != asked)
        before, after = max(0, whole[0] - start), max(0, end - whole[1])
        most = max(before, after)
        tolerated = 0 if tape.stated else max(LEAST_TOLERANCE, (end - start) // SHARE_TOLERANCE)
        if self.judged and most > max(tolerated, 0 if tape.stated else SILENT):
            raise self._off(asked, whole, "the window is not on the tape")
        if most <= (0 if tape.stated else SILENT):
            return asked, []
        parts = [f"starts {_seconds(before)} before"] * bool(before > SILENT)
        parts += [f"ends {_seconds(after)} after"] * bool(after > SILENT)
        what = "the tape" if self.judged else "the stream, which does not say from when to when it reaches"
        return asked, [f"The window {' and '.join(parts)} {what}: there the market is unknown."]

    def _off(self, asked: Span, whole: Span, what: str) -> InputError:
        show = self._show
        inside = _both(asked, whole)
        if inside is not None and self._meets(inside):
            choose = f"--start {show(inside[0])} --end {show(inside[1])}, or --clip to work the part that is there"
        else:
            longest = max(self.tape.stretches, key=_length)
            choose = f"--start {show(longest[0])} --end {show(longest[1])}"
        says = "is stated to run" if self.tape.stated else "runs"
        return InputError(
            f"{what}: it was asked for from {show(asked[0])} to {show(asked[1])}, and the tape {says} from "
            f"{show(whole[0])} to {show(whole[1])}; type {choose}"
        )

    def _day_start(self, start: int) -> int:
        """The first snapshot after the last night before the window."""
        market = market_zone(self.spec, self.tape)
        nights = [after for before, after in self.tape.holes if before < start and is_night((before, after), market)]
        return max(nights, default=self.tape.first)

    def _show(self, ts: int) -> str:
        return self.zone.show(ts)


def hole_warnings(spec: Spec, tape: Timeline, window: Span) -> tuple[str, ...]:
    """What is to be said of the holes in a window. InputError for a night, which offers what to type instead."""
    market, zone = market_zone(spec, tape), Zone.named(spec.tz)
    said = []
    for hole in _all_holes(tape):
        part = _both(hole, window)
        if part is None or part[1] - part[0] < HOLE:
            continue
        if is_night(part, market):
            raise _night(tape, window, hole, market, zone)
        said.append(
            f"The tape has no snapshot for {(part[1] - part[0]) // (60 * NANO)} minutes of the window, from "
            f"{zone.show(part[0])} to {zone.show(part[1])}: a halt, or data that is missing."
        )
    return tuple(said)


def _all_holes(tape: Timeline) -> list[Hole]:
    """Those between snapshots, and where the source states more than it has, those at its ends."""
    if tape.stated is None:
        return list(tape.holes)
    return [(tape.stated[0], tape.first), *tape.holes, (tape.last, tape.stated[1])]


def _night(tape: Timeline, window: Span, hole: Hole, market: Zone, zone: Zone) -> InputError:
    parts = [part for stretch in tape.stretches if (part := _both(stretch, window))]
    days = sorted({day for part in parts for day in _dates(part, market)})[:5]
    longest = max(parts, key=_length)
    return InputError(
        f"the window holds a night, without any snapshot from {zone.show(hole[0])} to {zone.show(hole[1])}: work one "
        f"day with {' or '.join(f'--day {day}' for day in days)}, or type --start {zone.show(longest[0])} "
        f"--end {zone.show(longest[1])}"
    )


def _days(tape: Timeline, zone: Zone) -> list[date]:
    """The dates on which the tape has snapshots."""
    return sorted({day for stretch in tape.stretches for day in _dates(stretch, zone)})


def _dates(span: Span, zone: Zone) -> Iterator[date]:
    first, last = zone.date_of(span[0]), zone.date_of(span[1])
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _both(one: Span, other: Span) -> Span | None:
    """What two spans have in common."""
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start <= end else None


def _length(span: Span) -> tuple[int, int]:
    """Longest last, of equals the first."""
    return span[1] - span[0], -span[0]


def _seconds(ns: int) -> str:
    return f"{ns / NANO:,.0f} s" if ns >= 10 * NANO else f"{ns / NANO:.1f} s"
