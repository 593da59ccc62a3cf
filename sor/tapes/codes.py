"""Letters of actions and sides as the codes of a RowChunk, in any case."""

from __future__ import annotations

from sor.core.market.batch import BUYER, HIDDEN, SELLER, UNKNOWN
from sor.tapes.rows import NO_ACTION, TRADE

_SIDES = {"B": BUYER, "BUY": BUYER, "BID": BUYER, "A": SELLER, "S": SELLER, "SELL": SELLER, "ASK": SELLER, "H": HIDDEN}


def action_of(text: str) -> int:
    """The first letter in upper case; of texts that begin with T, only T itself is a trade."""
    if not text or not text.isascii():
        return NO_ACTION
    code = ord(text[0].upper())
    return NO_ACTION if code == TRADE and len(text) > 1 else code


def side_of(text: str) -> int:
    """The aggressor: A, S or a word for a seller, B or a word for a buyer; H, our own, if it met a hidden order."""
    return _SIDES.get(text.upper(), UNKNOWN)
