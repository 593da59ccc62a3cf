"""Why a broker turned us away. kafka-python says that no broker answers, and writes the reason into its log alone."""

from __future__ import annotations

import logging
import re

# Its words, what they mean, and what to look at. The first that matches tells more than the ones after it.
_MEANINGS = (
    (r"SaslAuthenticationFailedError: (?:SaslAuthenticationFailedError: )?(?P<said>[^()]*)",
     "does not let this user in", "look at sasl.mechanism and sasl.jaas.config"),
    (r"certificate verify failed: (?P<said>[^(]*)",
     "shows a certificate that is not trusted", "look at ssl.truststore.location, and at the broker's certificate"),
    (r"(?P<said>WRONG_VERSION_NUMBER)", "does not speak TLS at this port", "look at security.protocol"),
    (r"(?P<said>UnsupportedSaslMechanismError)", "does not take this way to log in", "look at sasl.mechanism"),
)  # fmt: skip

_LOGIN = _MEANINGS[0][1:]
# A broker answers a wrong password and ends the connection. kafka-python reads both at once, and then drops the answer.
_ENDED = re.compile(r"Bootstrap connection to \S+ failed: KafkaConnectionError: socket disconnected")
_ENDS = 2  # one may be a broker that is just being stopped


class Refusals(logging.Handler):
    """Listens to kafka-python's log and keeps the last refusal in our words, without what surrounds it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._found: tuple[str, str] | None = None
        self._ended = 0

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        self._ended += bool(_ENDED.search(text))
        for pattern, meaning, remedy in _MEANINGS:
            if match := re.search(pattern, text):
                said = match["said"].strip()
                self._found = f"{meaning} ({said})", remedy
                return

    def forget(self) -> None:
        self._found = None
        self._ended = 0

    def reason(self, servers: str, *, logs_in: bool = False) -> str | None:
        """One line on these brokers, or None where none of them refused anything. logs_in: whether we have to."""
        found = self._found
        if found is None and logs_in and self._ended >= _ENDS:
            found = f"{_LOGIN[0]} (it ends the connection at the login)", _LOGIN[1]
        return f"the broker at {servers} {found[0]}: {found[1]}" if found else None
