"""What is wrong with the market on a tape of one symbol, looked at over its longest stretch without a hole."""

from __future__ import annotations

from sor.core.market.book import BookBuilder
from sor.core.market.cut import cut
from sor.core.market.health import HealthRecorder
from sor.core.market.oriented import orient
from sor.core.market.timeline import timeline_of
from sor.core.order import Side
from sor.doubts import fee_doubts, market_doubts
from sor.fees import load_fees
from sor.sources.snapshot_buffer import SnapshotBuffer


def doubts_on_market(spool: SnapshotBuffer) -> list[str]:
    """Sentences; none for an empty spool."""
    line = timeline_of(spool.batches())
    if line is None:
        return []
    first, last = max(line.stretches, key=lambda stretch: (stretch[1] - stretch[0], -stretch[0]))
    health, builder = HealthRecorder(first, last), BookBuilder()
    for batch in cut(spool.batches(), first, last, origin=first):
        health.on_book(builder.extend(orient(batch, Side.BUY)))
    return [*fee_doubts(line.venues, load_fees(None).venues), *market_doubts(health.result(), "the tape")]
