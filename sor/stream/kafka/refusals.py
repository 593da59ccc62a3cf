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


class Refusals(logging.Handler):
    """Listens to kafka-python's log and keeps the last refusal in our words, without what surrounds it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._found: tuple[str, str] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        for pattern, meaning, remedy in _MEANINGS:
            if match := re.search(pattern, text):
                said = match["said"].strip()
                self._found = f"{meaning} ({said})", remedy
                return

    def forget(self) -> None:
        self._found = None

    def of(self, servers: str) -> str | None:
        """One line on these brokers, or None where none of them refused anything."""
        return f"the broker at {servers} {self._found[0]}: {self._found[1]}" if self._found else None
