"""A broker as an operator sees it, for the screen: asked in a worker process, because kafka-python waits at times."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sor.errors import SorError
from tui.messages import BrokerDone, BrokerOrder, BrokerRequest, BrokerState, Event, GroupLag, Noted, Topic
from tui.reach import answers

UNITS = ("zookeeper.service", "kafka.service")
JOURNAL_LINES = 6
Say = Callable[[Event], None]


def watch_broker(say: Say, wanted: BrokerRequest) -> None:
    """Look again and again, until the screen goes away (then this process is ended). What has not changed is said as
    well: the lag is drawn over time."""
    while True:
        say(broker_state(wanted))
        time.sleep(wanted.every)


def broker_state(wanted: BrokerRequest) -> BrokerState:
    from sor.broker.local import brokers_at
    from sor.broker.status import describe

    host, _, port = wanted.servers.split(",")[0].strip().rpartition(":")
    lines: list[str] = []
    if host in ("127.0.0.1", "localhost") and port.isdigit():
        for report in (describe(broker) for broker in brokers_at(int(port))):
            if report.runs:
                lines += report.lines
    units, journal = systemd()
    here = BrokerState(False, tuple(lines), wanted.topic, (), units, journal)
    if not answers(wanted.servers):
        return replace(here, lines=(*lines, f"no broker answers at {wanted.servers}"))
    try:
        topics = _topics(wanted.servers)
    except SorError as error:
        return replace(here, lines=(*lines, str(error)))
    foreign = (f"a broker answers at {wanted.servers}, not started by `sor kafka up`",)
    return replace(here, serves=True, lines=tuple(lines) or foreign, topics=topics)


def _topics(servers: str) -> tuple[Topic, ...]:
    """The topics but for Kafka's own, each with its readers: partitions are added up."""
    from sor.stream.kafka.topics import Admin

    with Admin(servers) as admin:
        partitions = [one for one in admin.topics() if not one.name.startswith("__")]
        positions = admin.groups()
    topics: dict[str, Topic] = {}
    for one in partitions:
        t = topics.get(one.name, Topic(one.name, 0, 0, 0, 0))
        size = None if t.bytes is None or one.bytes is None else t.bytes + one.bytes
        topics[t.name] = Topic(t.name, t.partitions + 1, t.first + one.first, t.end + one.end, size)
    readers: dict[tuple[str, str], GroupLag] = {}
    for at in positions:
        r = readers.get((at.topic, at.name), GroupLag(at.name, at.state, 0, 0))
        readers[at.topic, at.name] = replace(r, committed=r.committed + at.committed, lag=r.lag + at.lag)
    return tuple(
        replace(t, readers=tuple(r for (topic, _), r in readers.items() if topic == t.name)) for t in topics.values()
    )


def start_or_stop(say: Say, wanted: BrokerOrder) -> None:
    """`sor kafka up` or `down`, in its own words."""
    from sor.broker.local import brokers_at, local_broker
    from sor.broker.settings import DEFAULT_VERSION

    def tell(text: str) -> None:
        say(Noted(text, "broker"))

    if wanted.up:
        broker = replace(local_broker(DEFAULT_VERSION, wanted.port), say=tell)
        broker.up()
        say(BrokerDone(f"Kafka {broker.version} serves {broker.bootstrap_servers}"))
        return
    ours = [broker for broker in brokers_at(wanted.port) if broker.kafka.find() or broker.zookeeper.find()]
    if not ours:
        raise SorError(f"no broker of ours runs at port {wanted.port}: what is there was not started by `sor kafka up`")
    for broker in ours:
        replace(broker, say=tell).down()
    say(BrokerDone(f"the broker at port {wanted.port} is down"))


def systemd() -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The state of the two units and the last lines of their journal; nothing where systemd does not have them."""
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").is_dir():
        return (), ()
    units = unit_states(_output("systemctl", "show", "--property=Id,LoadState,ActiveState,SubState", *UNITS))
    if not units:
        return (), ()
    journal = _output(
        "journalctl", "--no-pager", "-q", "-o", "short-iso", "-n", str(JOURNAL_LINES), *_each("-u", UNITS)
    )
    return units, tuple(map(journal_line, journal)) or (unread(),)


_STAMP = re.compile(r"(?P<date>\S{10})T(?P<time>\d\d:\d\d:\d\d)\S* \S+ (?P<unit>[^\s\[:]+)(\[\d+\])?: (?P<rest>.*)")
_OWN = re.compile(r"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.,\d]*\]? *(- *)?")


def journal_line(text: str) -> str:
    """A line of the journal with one time: "10:04:37 kafka INFO started". The host is known, and so is the day."""
    found = _STAMP.fullmatch(text)
    return text if found is None else f"{found['time']} {found['unit']} {_OWN.sub('', found['rest'], count=1)}"


def unit_states(lines: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Name and state of each unit that is installed, from what `systemctl show` says: a block of lines a unit."""
    found: list[tuple[str, str]] = []
    facts: dict[str, str] = {}
    for line in (*lines, ""):
        name, _, value = line.partition("=")
        if name:
            facts[name] = value
        elif facts:
            if facts.get("LoadState") != "not-found":
                found.append((facts["Id"], f"{facts['ActiveState']} ({facts['SubState']})"))
            facts = {}
    return tuple(found)


def unread() -> str:
    """What to type where the journal shows nothing: systemd lets root and two groups read it, others see no line."""
    import pwd

    user = pwd.getpwuid(os.geteuid()).pw_name
    return f"{user} may not read the journal: sudo usermod -aG systemd-journal {user}, then log in again"


def _each(option: str, values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in (option, value)]


def _output(*command: str) -> list[str]:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5.0, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return done.stdout.splitlines()
