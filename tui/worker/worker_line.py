"""The worker's end of the line to the screen."""

from __future__ import annotations

import threading
from contextlib import suppress
from multiprocessing.connection import Connection

from tui.messages import Control, Event, WorkerTask


class WorkerLine:
    """The line to the screen. Once that is gone nothing is sent any more, and that is no error."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._lock = connection, threading.Lock()

    def send(self, event: Event) -> None:
        with self._lock, suppress(OSError, ValueError):
            self._connection.send(event)

    def receive(self) -> Control | WorkerTask | None:
        """None: the screen is gone."""
        try:
            message: Control | WorkerTask = self._connection.recv()
        except (EOFError, OSError):
            return None
        return message
