"""Where things are, and what the JVMs are started with.

The configuration files in `sor/broker/config/` are the server's own, byte for byte. What differs on a developer's
machine (ports, data folders) is added on top: for Kafka with its own `--override`, for ZooKeeper, which has no such
option, as lines at the end of a copy, where the last value of a name wins.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

CONFIG = Path(__file__).parent / "config"
LOOPBACK = "127.0.0.1"
DEFAULT_VERSION = "3.9.1"
DEFAULT_PORT = 9092
DEFAULT_ZOOKEEPER_PORT = 2181
_PORTS_APART = DEFAULT_PORT - DEFAULT_ZOOKEEPER_PORT


def zookeeper_port(port: int) -> int:
    """ZooKeeper's port beside the broker's: 2181 for 9092, 2182 for 9093 and so on, so that pairs never meet."""
    below = port - _PORTS_APART
    return below if below >= 1024 else port + _PORTS_APART


def jvm_options(name: str, config: Path = CONFIG) -> list[str]:
    """The words of KAFKA_HEAP_OPTS in `<name>.env`, split as systemd splits `$KAFKA_HEAP_OPTS`."""
    for line in (config / f"{name}.env").read_text("utf-8").splitlines():
        variable, _, value = line.partition("=")
        if variable == "KAFKA_HEAP_OPTS":
            return shlex.split(value)[0].split()
    raise ValueError(f"{config / name}.env: no KAFKA_HEAP_OPTS")


def kafka_overrides(port: int, zookeeper: int, data: Path) -> dict[str, str]:
    """What a local broker sets beside server.properties."""
    listener = f"PLAINTEXT://{LOOPBACK}:{port}"
    return {
        "listeners": listener,
        "advertised.listeners": listener,
        "zookeeper.connect": f"{LOOPBACK}:{zookeeper}",
        "log.dirs": str(data),
    }


def zookeeper_overrides(port: int, data: Path) -> dict[str, str]:
    """What a local ZooKeeper sets beside zookeeper.properties."""
    return {"clientPort": str(port), "dataDir": str(data)}


def override_arguments(overrides: Mapping[str, str]) -> list[str]:
    """`--override name=value` for kafka.Kafka, one pair for each."""
    return [word for name, value in overrides.items() for word in ("--override", f"{name}={value}")]


def with_overrides(properties: str, overrides: Mapping[str, str]) -> str:
    """A properties file with these lines added at its end (a backslash is an escape in such files)."""
    lines = [f"{name}={value}".replace("\\", "\\\\") for name, value in overrides.items()]
    return "\n".join(
        [properties.rstrip("\n"), "", "# Added by `sor kafka up`; the last value of a name wins.", *lines, ""]
    )
