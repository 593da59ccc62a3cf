"""Whether a run would write to a broker, and where: it connects and hangs up, which costs nothing."""

from __future__ import annotations

import socket

from tui.messages import RunRequest


def answers(servers: str, seconds: float = 1.0) -> bool:
    """Whether anything takes connections at the first of the servers, which is no proof that it is a broker."""
    host, _, port = servers.split(",")[0].strip().rpartition(":")
    try:
        with socket.create_connection((host, int(port)), seconds):
            return True
    except (OSError, ValueError, OverflowError):
        return False


def where_it_goes(wanted: RunRequest) -> tuple[str, bool]:
    """What a run would do with the tape, in words; True where it writes to a broker."""
    there = f"topic {wanted.topic} at {wanted.servers}"
    if wanted.stream == "embedded":
        return "Run streams the tape inside this program; no broker is touched.", False
    if wanted.run != "new":
        return f"Run reads {wanted.run} from {there} and writes nothing there.", False
    if answers(wanted.servers):
        return f"Run WRITES the tape to {there}, where a broker answers.", True
    if wanted.stream == "kafka":
        return f"Run would write to {there}, but no broker answers there.", True
    return f"No broker answers at {wanted.servers}: Run streams the tape inside this program.", False
