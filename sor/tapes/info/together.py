"""What several files together show: the time that all cover, and how long each venue's rows were on the way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from sor.core.market.batch import Form
from sor.core.units import NANO, format_time, round_half_even
from sor.errors import InputError
from sor.sources.source import FileFacts
from sor.tapes.info.counted_values import CountedValues
from sor.tapes.merge.inputs import TapeInput
from sor.tapes.open import several_files
from sor.tapes.options import Clock, ReadOptions
from sor.venues import exchange_of_publisher

_MICROSECOND = 1_000


def overlap_of(files: Sequence[FileFacts]) -> dict[str, Any] | None:
    """The time that every one of several files covers; None where there is none, or one file only."""
    spans = [(file.first, file.last) for file in files if file.first is not None and file.last is not None]
    if len(files) < 2 or len(spans) < len(files):
        return None
    first, last = max(first for first, _ in spans), min(last for _, last in spans)
    if last < first:
        return None
    seconds = round_half_even(Fraction(last - first, NANO), 9)
    return {"first": format_time(first), "last": format_time(last), "seconds": seconds}


def latencies_of(inputs: Sequence[TapeInput], options: ReadOptions) -> dict[str, Any]:
    """From ts_event to ts_recv in microseconds, by venue, of several files that say both."""
    found: dict[int, CountedValues] = {}
    for one in inputs if len(inputs) > 1 else ():
        _add_latencies(one, options, found)
    return {str(venue): found[venue].told() for venue in sorted(found)}


def _add_latencies(one: TapeInput, options: ReadOptions, found: dict[int, CountedValues]) -> None:
    """The file is read by both clocks side by side. One without a time of receipt has no latency."""
    if one.table is not None:
        return
    try:
        with ExitStack() as stack:
            clocks: tuple[Clock, Clock] = ("event", "recv")
            tapes = [several_files(one.path, options=replace(options, clock=clock)) for clock in clocks]
            event, recv = (tape.open(stack, tape.inputs)[0][0][1] for tape in tapes)
            if event.form is Form.NBBO:
                return  # it has one clock
            for sent, received in zip(event.chunks(), recv.chunks(), strict=False):
                if len(sent) != len(received) or (sent.venue != received.venue).any():
                    return  # a bad row by one clock only
                took = (received.ts - sent.ts) // _MICROSECOND
                for number in set(sent.venue.tolist()):
                    exchange = exchange_of_publisher(one.venue or number)
                    venue = exchange.venue_id if exchange else one.venue or number
                    found.setdefault(venue, CountedValues()).record(took[np.equal(sent.venue, number)])
    except InputError:
        return
