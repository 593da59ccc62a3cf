"""Why a broker turned us away, from kafka-python's log."""

from __future__ import annotations

import logging

import pytest

from sor.stream.kafka.refusals import Refusals

SAID = (
    "Bootstrap connection to bootstrap-0 failed: [Error 58] SaslAuthenticationFailedError: "
    "SaslAuthenticationFailedError: Authentication failed: Invalid username or password (backoff 0.95 secs)"
)
ENDED = "Bootstrap connection to bootstrap-0 failed: KafkaConnectionError: socket disconnected (backoff 0.06 secs)"
AWAY = "Bootstrap connection to bootstrap-0 failed: KafkaConnectionError: [Errno 111] ECONNREFUSED (backoff 0.06 secs)"
LOGIN = "the broker at h:1 does not let this user in ({}): look at sasl.mechanism and sasl.jaas.config"
SILENT = LOGIN.format("it ends the connection at the login")


@pytest.mark.parametrize(
    ("log", "logs_in", "expected"),
    [
        ([SAID], True, LOGIN.format("Authentication failed: Invalid username or password")),
        ([ENDED, SAID, ENDED], True, LOGIN.format("Authentication failed: Invalid username or password")),
        ([ENDED, AWAY, ENDED], True, SILENT),
        ([ENDED, AWAY, AWAY], True, None),  # a broker that was just stopped
        ([ENDED, ENDED], False, None),  # there is no login
        ([AWAY] * 9, True, None),
    ],
)
def test_a_broker_that_ends_the_connection_at_the_login(log: list[str], logs_in: bool, expected: str | None) -> None:
    refusals = Refusals()
    for text in log:
        refusals.emit(logging.LogRecord("kafka.net.manager", logging.WARNING, "", 0, text, None, None))
    assert refusals.reason("h:1", logs_in=logs_in) == expected
    refusals.forget()
    assert refusals.reason("h:1", logs_in=True) is None
