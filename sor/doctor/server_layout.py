"""Where things are on a server that `make deploy` set up; on other machines they are absent, and that is no fault."""

from __future__ import annotations

from pathlib import Path

JAVA = Path("/opt/kafka/java/bin/java")
KAFKA = Path("/opt/kafka/current")
UNITS = Path("/etc/systemd/system")
DATA = Path("/var/lib/kafka")
# What frees some of the disk at once, and what shows who has the rest of it.
MAKE_ROOM = "sudo journalctl --vacuum-size=50M; sudo du -xh /var | sort -h | tail"


def is_server() -> bool:
    """Whether Kafka's unit is installed here."""
    return (UNITS / "kafka.service").exists()
