"""When the rows of a format were: their instants, and what orders the rows of one instant."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sor.core.market.batch import Ints
from sor.tapes.arrow import int64_of
from sor.tapes.rows import BEFORE_1990, MIN_TIME
from sor.tapes.vendor.decode.text_fields import TextFields
from sor.tapes.vendor.layout import Layout
from sor.tapes.vendor.numbers import TextConverter, short, size_of
from sor.tapes.vendor.times import TimeColumn, day_of

_INT64 = re.compile(r"-?[0-9]{1,19}", re.ASCII)


class TimeColumns:
    """Reads the time of rows, and the numbers by which a format orders rows of the same time."""

    def __init__(self, layout: Layout) -> None:
        self._layout, self._event = layout, layout.spec.event
        self._times = TimeColumn(self._event, layout.spec.zone)
        self._day, self._more = TextConverter(day_of), TextConverter(size_of)

    def instants(self, fields: TextFields) -> Ints:
        """Nanoseconds since the epoch, 0 in rows that are refused."""
        event = self._event
        texts = fields.texts(*event.read)
        days = self._days(fields) if event.is_clock else None
        ts, missing = self._times.column(texts, days)
        if event.plus is not None and self._layout.has(event.plus[0]):
            more, no_more = self._more.column(fields.coded(event.plus[0]))
            ts = ts + more
            fields.refuse(event.plus[0], no_more | (more >= 1000), lambda text: f"{short(text)} is no count of ns")
        fields.refuse_plain(event.read[0], texts, missing, self._times.reason)
        is_old = ~missing & (ts < MIN_TIME)
        if is_old.any():
            fields.refuse_plain(event.read[0], texts, is_old, lambda text: f"{text[:40]} is {BEFORE_1990}")
        return np.where(missing, 0, ts)

    def _days(self, fields: TextFields) -> Ints:
        column = self._event.date
        if column is None:
            return np.full(fields.n, self._layout.day, np.int64)
        days, missing = self._day.column(fields.coded(column))
        fields.refuse(column, missing, self._day.reason)
        return days

    def order(self, fields: TextFields, name: str) -> Ints:
        """A column that orders the rows of an instant; all are equal where the file does not have it."""
        if not self._layout.has(name):
            return np.zeros(fields.n, np.int64)
        texts = fields.texts(name)
        try:
            return int64_of(pc.cast(texts, pa.int64()))
        except (pa.ArrowException, ValueError):
            numbers = [int(text) if _INT64.fullmatch(text) else None for text in texts.to_pylist()]
            numbers = [n if n is not None and abs(n) < 2**63 else None for n in numbers]
            missing = np.array([n is None for n in numbers])
            fields.refuse_plain(name, texts, missing, lambda text: f"{short(text)} is no number")
            return np.array([number or 0 for number in numbers], np.int64)
