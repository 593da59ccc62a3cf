"""What vendors call exchanges, as venue ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np

from sor.core.market.batch import Ints
from sor.tapes.arrow import texts_of
from sor.tapes.rows import MAX_VENUE, Mask
from sor.tapes.vendor.numbers import short, size_of
from sor.tapes.vendor.times import date_of
from sor.venues import Exchange, exchange_of_letter, exchange_of_massive_id, exchange_of_mic


class VenueNames:
    """A way of naming exchanges. Letters mean what they meant on the day."""

    def __init__(self, names: str | Mapping[str, str | int]) -> None:
        self._names = names
        self._known: dict[tuple[str, int], int | None] = {}

    def column(self, coded: Any, days: Ints) -> tuple[Ints, Mask]:
        """Venue ids of a dictionary array (0 where there is none), and which rows have none."""
        texts, places = texts_of(coded)
        venues = np.zeros(len(places), np.int64)
        is_bad = np.zeros(len(places), np.bool_)
        present = sorted(set(days.tolist())) if self._names == "us-letters" else [0]
        for day in present:
            found = [self.id_of(text, day) for text in texts]
            ids = np.array([venue or 0 for venue in found], np.int64)[places]
            missing = np.array([venue is None for venue in found])[places]
            rows = slice(None) if len(present) == 1 else days == day
            venues[rows], is_bad[rows] = ids[rows], missing[rows]
        return venues, is_bad

    def id_of(self, text: str, day: int) -> int | None:
        """The id of a name on a day (since the epoch); None where nobody is called so."""
        key = (text, day)
        if key not in self._known:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[key] = self._look_up(text.strip(), date_of(day))
        return self._known[key]

    def reason(self, text: str) -> str:
        """Why a text is no venue."""
        if not text.strip():
            return "there is no venue"
        if self._names in ("publisher-ids", "any") and _INTEGER.fullmatch(text.strip()):
            return f"{text.strip()[:40]} is an impossible venue"
        what = self._names if isinstance(self._names, str) else "format's names"
        return f"{short(text)} is no venue ({_WORDS.get(what, what)})"

    def _look_up(self, text: str, day: date) -> int | None:
        names = self._names
        if not isinstance(names, str):
            named = names.get(text)
            return None if named is None else _any(str(named))
        if names == "us-letters":
            return _id(exchange_of_letter(text, day))
        if names == "mics":
            return _id(exchange_of_mic(text))
        if names == "massive-ids":
            number = _number(text)
            return None if number is None else _id(exchange_of_massive_id(number))
        return _any(text) if names == "any" else _number(text)


_INTEGER = re.compile(r"-?[0-9]+", re.ASCII)
_WORDS = {
    "us-letters": "a participant letter of the US tapes on that day",
    "massive-ids": "an exchange number of Massive",
    "publisher-ids": "a publisher_id",
    "mics": "a MIC",
    "any": "a MIC such as XNAS, or a publisher_id",
}


def _any(text: str) -> int | None:
    return _id(exchange_of_mic(text)) if text[:1].isalpha() else _number(text)


def _id(exchange: Exchange | None) -> int | None:
    return None if exchange is None else exchange.venue_id


def _number(text: str) -> int | None:
    try:
        number = size_of(text) if text else -1
    except ValueError:
        return None
    return number if 0 <= number <= MAX_VENUE else None


def off_exchange_id() -> int:
    """The venue of prints that happened at no exchange, where a format does not say which facility."""
    finra = exchange_of_letter("D")
    assert finra is not None
    return finra.venue_id
