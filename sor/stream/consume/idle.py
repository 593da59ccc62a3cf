"""Silence of a topic, and absence of its broker, told apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from sor.errors import BrokerAwayError, RunError, StreamError
from sor.stream.kafka.connection import Record
from sor.stream.kafka.reader import Messages
from sor.stream.kafka.topic_setup import topic_is_gone
from sor.stream.progress import Meter

TOPIC_QUESTION_SECONDS = 10.0
MISSING_QUESTION_SECONDS = 2.0
GONE_SECONDS = 15.0  # a broker that has just started answers for seconds without its topics
AGAIN_SECONDS = 0.5

T = TypeVar("T")


def outlast(ask: Callable[[], T], servers: str, seconds: float, meter: Meter) -> T:
    """What `ask` returns, asked again while the broker is away. BrokerAwayError once that lasts for `seconds`."""
    away_since: float | None = None
    while True:
        began = time.monotonic()
        try:
            found = ask()
        except BrokerAwayError:
            if away_since is None:
                away_since = began
                meter.note("waiting", f"the broker at {servers} is away; waiting for it")
            if time.monotonic() - away_since >= seconds:
                raise
            time.sleep(AGAIN_SECONDS)
            continue
        if away_since is not None:
            meter.note("reading", f"the broker at {servers} is back")
        return found


class IdleTimer:
    """How long nothing has come although the broker was there, and how long it has not been there."""

    def __init__(self, reader: Messages, idle_timeout: float, broker_timeout: float, meter: Meter) -> None:
        self._reader, self._meter = reader, meter
        self.idle_timeout, self._broker_timeout = idle_timeout, broker_timeout
        self.idle = 0.0
        self._away_since: float | None = None
        self._asked = -TOPIC_QUESTION_SECONDS  # when we last asked whether the topic is there
        self._missing_since: float | None = None  # answers without the topic, and none with it

    def heard(self) -> None:
        """A message came."""
        self.idle = 0.0
        if self._away_since is not None:
            self._back()

    def heard_nothing(self, since: float) -> bool:
        """After a poll without messages that began at `since`: True once that has gone on for too long.

        What the caller does between two polls is not silence: we were not listening.
        """
        if self._reader.end() is not None:
            if self._away_since is not None:
                self._back()
            else:
                self.idle += time.monotonic() - since
            return self.idle >= self.idle_timeout
        self._check_topic()
        if self._away_since is None:
            self._away_since = since
            self._meter.note("waiting", f"the broker at {self._reader.servers} is away; waiting for it")
        if time.monotonic() - self._away_since >= self._broker_timeout:
            raise StreamError(
                f"the broker at {self._reader.servers} has been away for {self._broker_timeout:g} s; "
                "run this again when it is back, and the reading goes on where it stopped"
            )
        return False

    def _check_topic(self) -> None:
        """A topic that was deleted looks like a broker that is away. Asked now and then: the question takes time."""
        now = time.monotonic()
        pause = TOPIC_QUESTION_SECONDS if self._missing_since is None else MISSING_QUESTION_SECONDS
        if now - self._asked < pause:
            return
        if not topic_is_gone(self._reader.servers, self._reader.topic):
            self._missing_since = None
        elif self._missing_since is None:
            self._missing_since = now
        elif now - self._missing_since >= GONE_SECONDS:
            raise RunError(
                f"topic {self._reader.topic!r} is not there any more at {self._reader.servers}: was it deleted while "
                "it was read? Produce the run again"
            )
        self._asked = time.monotonic()

    def poll(self, seconds: float) -> list[Record]:
        """What comes next, a broker that is away being waited for; nothing where nothing has come for too long."""
        while True:
            began = time.monotonic()
            if records := self._reader.poll(seconds):
                self.heard()
                return records
            if self.heard_nothing(began):
                return []

    def _back(self) -> None:
        self._away_since = self._missing_since = None
        self._meter.note("reading", f"the broker at {self._reader.servers} is back")
