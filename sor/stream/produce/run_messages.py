"""One run on its way into one partition: its snapshots as records, and its end marker."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sor.core.market.batch import SnapshotBatch
from sor.sources.source import Source, stated_of
from sor.stream.kafka.fast_records import body
from sor.stream.wire.checksum import CHECK_EVERY, RunChecksum
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import SCHEMA_HEADER, Ahead, Headers, end_headers, end_value, snapshot_headers

Message = tuple[int, int, bytes]  # the time of a snapshot in ns, its partition, its record


class RunMessages:
    """A source to be sent as the run of this id. `key` is on every message; `of`: how many runs go together."""

    def __init__(
        self,
        source: Source,
        run: str,
        *,
        key: str | None = None,
        partition: int = 0,
        rule: str | None = None,
        of: int | None = None,
    ) -> None:
        self.source, self.run, self.partition = source, run, partition
        self._key = None if key is None else key.encode()
        self._rule, self._of = rule, of
        self.count = 0  # snapshots made into records so far
        self._checksum = RunChecksum()  # of the snapshots that have been taken from the source
        self._before = b""  # the same where it last had to be said

    def bounds(self) -> tuple[int, int] | None:
        return self.source.bounds()

    def messages(self, size: Callable[[], int]) -> Iterator[Message]:
        """All snapshots; as many as `size` says are encoded at a time."""
        run = ("run", self.run.encode())
        for batch in self._cut(size):
            for ts, value in zip(batch.ts.tolist(), encode(batch, self.source.has_bids, self.source.form), strict=True):
                seq = self.count
                headers = [run, ("seq", b"%d" % seq), SCHEMA_HEADER] if seq else self._first_headers()
                if seq and seq % CHECK_EVERY == 0:
                    headers.append(("sum", self._before))
                self.count = seq + 1
                yield ts, self.partition, body(self._key, value, headers)

    def end(self) -> bytes:
        """The end marker, once all snapshots have been taken."""
        value = end_value(self.run, self.count, self.source.tape_facts())
        return body(self._key, value, end_headers(self.run, self.count, self._checksum.text()))

    def _cut(self, size: Callable[[], int]) -> Iterator[SnapshotBatch]:
        """Pieces of the source. Where a checksum is due a piece begins."""
        for batch in self.source.batches():
            start = 0
            while start < len(batch):
                done = self._checksum.count
                stop = min(start + size(), start + CHECK_EVERY - done % CHECK_EVERY, len(batch))
                piece = batch.slice(start, stop)
                if done % CHECK_EVERY == 0:
                    self._before = self._checksum.text()
                self._checksum.on_batch(piece)
                yield piece
                start = stop

    def _first_headers(self) -> Headers:
        bounds, ahead = self.source.bounds(), None
        if bounds is not None:
            symbol = self.source.tape_facts().symbol
            source, extent = self.source, stated_of(self.source)
            ahead = Ahead(
                *bounds, symbol, source.has_bids, self._rule, self._of, extent, source.form, source.prints_late
            )
        return snapshot_headers(self.run, 0, ahead)
