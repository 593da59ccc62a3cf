"""How far a group has read, for operators."""

from __future__ import annotations

import threading
import time

from kafka import TopicPartition
from kafka.structs import OffsetAndMetadata

from sor.stream.kafka.connection import PARTITION, admin_client


class Commits:
    """Tells the broker how far a group has read, for operators (`sor kafka groups`); nothing depends on it.

    A thread of its own, so that a broker that is busy or gone never holds up the reading.
    """

    def __init__(self, servers: str, topic: str, group: str) -> None:
        self._servers, self._group = servers, group
        self._partition = TopicPartition(topic, PARTITION)
        self._wanted: int | None = None
        self._wake = threading.Event()
        self._closing: float | None = None  # the moment to give up
        self._thread = threading.Thread(target=self._run, name="sor-commits", daemon=True)

    def commit(self, offset: int) -> None:
        """The offset of the next message to be read."""
        self._wanted = offset
        if self._thread.ident is None:
            self._thread.start()
        self._wake.set()

    def close(self, seconds: float = 3.0) -> None:
        """Try for so long to get the last one through."""
        self._closing = time.monotonic() + seconds
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        while self._pending():
            try:
                with admin_client(self._servers, seconds=5) as admin:
                    while self._pending():
                        offset = self._wanted
                        admin.alter_group_offsets(self._group, {self._partition: OffsetAndMetadata(offset, "", -1)})
                        if self._wanted == offset:
                            self._wanted = None
            except (
                Exception
            ):  # the coordinator is being made, the broker is away: another try, as long as there is time
                time.sleep(0.2)

    def _pending(self) -> bool:
        """Wait for something to commit; False when it is time to end."""
        while self._wanted is None and self._closing is None:
            self._wake.wait()
            self._wake.clear()
        return self._wanted is not None and (self._closing is None or time.monotonic() < self._closing)
