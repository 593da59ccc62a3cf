"""`sor kafka`: a real local broker, and what is in it, for people who do not have Kafka's scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from sor.broker import settings
from sor.broker.local import LocalBroker, brokers_at, known_brokers, local_broker, read
from sor.cli.options.kafka_config import kafka_config
from sor.errors import InputError
from sor.text import say


def _say(message: str) -> None:
    say(message)


_version = click.option(
    "--version",
    "version",
    default=settings.DEFAULT_VERSION,
    show_default=True,
    metavar="VERSION",
    help="3.9.1 or 3.6.1.",
)
_port = click.option(
    "--port",
    type=click.IntRange(1024, 65535),
    default=settings.DEFAULT_PORT,
    show_default=True,
    help="Loopback port of the broker; ZooKeeper's follows it (2181 for 9092, 2182 for 9093 ...).",
)
_state = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="A state folder of its own choice; the way to open one version's data with another.",
)
_servers = click.option(
    "--bootstrap-servers",
    envvar="SOR_BOOTSTRAP_SERVERS",
    default=f"{settings.LOOPBACK}:{settings.DEFAULT_PORT}",
    show_default=True,
    help="Where the broker is (SOR_BOOTSTRAP_SERVERS).",
)


@click.group(epilog="Example: sor kafka up && sor produce --speed max && sor backtest --from-kafka; sor kafka down")
def command() -> None:
    """Run a real local broker and ZooKeeper for development and tests."""


@command.command(epilog="Example: sor kafka up --version 3.6.1 --port 9093")
@_version
@_port
@click.option("--zookeeper-port", type=click.IntRange(1024, 65535), help="Another port for ZooKeeper.")
@_state
def up(version: str, port: int, zookeeper_port: int | None, state: Path | None) -> None:
    """Bring ZooKeeper and the broker up; fix what is half there; do nothing if they serve.

    Java and Kafka are found or fetched (JAVA_HOME, PATH, the `broker` extra; KAFKA_HOME, Apache, Maven). Nothing
    listens beyond loopback. Data, logs and pid files are in ~/.local/state/sor/kafka (or SOR_STATE).
    """
    broker = replace(local_broker(version, port, zookeeper_port, state), say=_say)
    broker.up()
    _say(f"Kafka {version} serves {broker.bootstrap_servers}; its logs: {broker.folder}")


@command.command(epilog="Example: sor kafka down --wipe")
@_port
@_state
@click.option("--wipe", is_flag=True, help="Take its data away too: topics, offsets, logs.")
def down(port: int, state: Path | None, wipe: bool) -> None:
    """Stop the broker at this port and its ZooKeeper, cleanly."""
    stopped = 0
    for broker in _at(port, state):
        running = any(daemon.find() for daemon in (broker.kafka, broker.zookeeper))
        if running:
            replace(broker, say=_say).down()
            _say(f"Kafka {broker.version} at {broker.bootstrap_servers} is down")
            stopped += 1
        if wipe:
            broker.wipe()
            _say(f"{broker.folder} removed")
    if not stopped:
        _say(f"no broker of ours runs at port {port}")


def _at(port: int, state: Path | None) -> list[LocalBroker]:
    if state is None:
        return brokers_at(port)
    broker = read(state.absolute())
    if broker is None:
        raise InputError(f"--state {state}: no broker was ever started there")
    return [broker]


@command.command(epilog="Example: sor kafka status --port 9093")
@click.option("--port", type=click.IntRange(1024, 65535), help="Only the broker at this port.")
@_state
def status(port: int | None, state: Path | None) -> None:
    """Show which of our brokers run, whether they answer, and their memory.

    A broker that something else has started, such as a server's systemd, is said and counts: exit code 1 if none
    serves, or one of ours runs and does not. Of what is down it says what is known: what listens there instead, or the
    last words of the process that ended.
    """
    from sor.broker.status import at_port, describe, foreign_broker

    brokers = known_brokers() if port is None and state is None else _at(port or 0, state)
    reports = [describe(broker) for broker in brokers]
    for line in (line for report in reports if report.runs or report.ended or port or state for line in report.lines):
        say(line, to=sys.stdout)
    if not any(report.runs for report in reports):
        wanted = port or settings.DEFAULT_PORT
        other = foreign_broker(wanted)
        none = f"no broker of ours runs, and {at_port(wanted)}; start one with: sor kafka up --port {wanted}"
        say(other or none + _elsewhere(), to=sys.stdout)
        if other:
            return
    if not any(report.serves for report in reports) or any(report.runs and not report.serves for report in reports):
        raise click.exceptions.Exit(1)


def _elsewhere() -> str:
    """Where commands look for a broker, if that is another machine: this looks at its own only."""
    servers = os.environ.get("SOR_BOOTSTRAP_SERVERS", "")
    host = servers.split(",")[0].rpartition(":")[0]
    if not host or host in (settings.LOOPBACK, "localhost"):
        return ""
    return f" (SOR_BOOTSTRAP_SERVERS names {servers}, another machine: sor kafka topics asks it)"


@command.command(epilog="Example: KAFKA_HOME=$(sor kafka fetch)")
@_version
def fetch(version: str) -> None:
    """Download and verify Kafka's jars if they are not in the cache, and print the folder; `up` does this by itself."""
    from sor.broker.distribution import find_kafka

    say(find_kafka(version, _say).home, to=sys.stdout)


@command.command(epilog="Example: sor kafka topics")
@kafka_config
@_servers
def topics(bootstrap_servers: str) -> None:
    """List the topics: partitions, messages, the offsets they lie between, bytes on disk."""
    from sor.stream.kafka.topics import Admin

    with Admin(bootstrap_servers) as admin:
        rows = [
            (t.name, str(t.partition), str(t.end - t.first), str(t.first), str(t.end), _size(t.bytes))
            for t in admin.topics()
        ]
    _table(("topic", "partition", "messages", "first", "end", "on disk"), rows, "no topics")


@command.command(epilog="Example: sor kafka groups")
@kafka_config
@_servers
def groups(bootstrap_servers: str) -> None:
    """List the consumer groups: what each has committed, the end of the topic, and the lag between."""
    from sor.stream.kafka.topics import Admin

    with Admin(bootstrap_servers) as admin:
        rows = [
            (g.name, g.state, g.topic, str(g.partition), str(g.committed), str(g.end), str(g.lag))
            for g in admin.groups()
        ]
    _table(("group", "state", "topic", "partition", "committed", "end", "lag"), rows, "no consumer groups")


@command.command(epilog="Example: sor kafka tail mock_l1_stream -n 5")
@click.argument("topic")
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), default=10, show_default=True, help="How many messages back."
)
@click.option("-f", "--follow", is_flag=True, help="Go on with what arrives, until Ctrl-C.")
@click.option("--headers", is_flag=True, help="Show partition, offset, time and headers before each message.")
@kafka_config
@_servers
def tail(topic: str, lines: int, follow: bool, headers: bool, bootstrap_servers: str) -> None:
    """Print the last messages of a topic, one a line, as they are."""
    from sor.stream.kafka.topics import Admin

    with Admin(bootstrap_servers) as admin:
        for message in admin.tail(topic, lines, follow):
            say(f"{message.place()} {message.text()}" if headers else message.text(), to=sys.stdout)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], empty: str) -> None:
    """Columns on standard output: text to the left, numbers to the right."""
    if not rows:
        _say(empty)
        return
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in (head, *rows):
        cells = [
            cell.rjust(width) if body.lstrip("-").isdigit() else cell.ljust(width)
            for cell, width, body in zip(row, widths, rows[0], strict=True)
        ]
        say("  ".join(cells).rstrip(), to=sys.stdout)


def _size(count: int | None) -> str:
    return "?" if count is None else f"{count / 1e6:.1f} MB"
