"""A topic that gets more partitions between a producer that was killed and its second run: whole for every member."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from stream_tools import SOR, Few, finish, start, topic_name, wait_until_sending, without_stream

from sor.cli.backtest_group import SymbolWorker
from sor.core.market.batch import concat
from sor.report.encode import encode
from sor.report.files.symbol_folders import ResultFolders
from sor.request import BacktestRequest
from sor.running.run import run
from sor.sources.source import TapeFacts
from sor.stream.consume.group import Group, WorkSummary
from sor.stream.consume.source import KafkaSource
from sor.stream.kafka.topic_setup import ensure_topic, partition_of
from sor.stream.produce.pacing import Pace
from sor.stream.produce.producer import produce_symbols
from sor.stream.progress import silent

pytestmark = pytest.mark.broker

ORDER: dict[str, Any] = {"quantity": "200", "interval": "1", "strategy": "best_ask"}


class Named(Few):
    """A source of a few snapshots of the symbol `S<seed>`; with `other` its tape is another."""

    def __init__(self, seed: int, other: int = 0) -> None:
        super().__init__(2_000, seed + other)
        self._symbol = f"S{seed}"

    def tape_facts(self) -> TapeFacts:
        return replace(super().tape_facts(), symbol=self._symbol)


SOURCES = {f"S{seed}": Named(seed) for seed in range(6)}


def members(folder: Path, where: list[str], count: int) -> list[Any]:
    words = [word for name, value in ORDER.items() for word in (f"--{name}", value)]
    group = ["--group", f"g-{where[-1]}", "--run", "r", "--out", str(folder / "out"), "--idle-timeout", "15"]
    return [start([*SOR, "backtest", "--from-kafka", *group, *where, *words], folder) for _ in range(count)]


def kill_midway(servers: str, topic: str, broker: Any, sources: dict[str, Named] = SOURCES) -> None:
    """Every symbol has begun and none has ended: what a kill leaves."""
    pace = Pace(20)
    sending = threading.Thread(target=lambda: produce_symbols(sources, servers, topic, run_id="r", pace=pace))
    sending.start()
    wait_until_sending(broker, topic)
    pace.stop()
    sending.join()


@pytest.mark.parametrize("began", ["before", "after"])
def test_every_member_ends_with_whole_results(broker: Any, tmp_path: Path, began: str) -> None:
    servers, topic = broker.bootstrap_servers, topic_name()
    moved = {name for name in SOURCES if partition_of(name, 2) != partition_of(name, 5)}
    assert {partition_of(name, 5) for name in moved} & {2, 3, 4}
    ensure_topic(servers, topic, 2)
    where = ["--bootstrap-servers", servers, "--topic", topic]
    kill_midway(servers, topic, broker)
    ours = members(tmp_path, where, 2 if began == "before" else 0)
    for member in ours:
        while ": run r/S" not in member.stderr.readline():  # reads what was left, and waits for the rest
            assert member.poll() is None
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_partitions({topic: 5})
    admin.close()
    assert produce_symbols(SOURCES, servers, topic, run_id="r").complete
    ours += members(tmp_path, where, 0 if began == "before" else 2)
    for code, _, err in map(finish, ours):
        assert code == 0, err
        assert err.splitlines()[-1].endswith("; complete")
    for name, source in SOURCES.items():
        kept = (tmp_path / "out" / "r" / name / "report.json").read_text()
        assert json.loads(kept)["stream"]["complete"]
        assert len(concat(list(source.batches()))) == json.loads(kept)["stream"]["received"]
        assert without_stream(kept) == without_stream(encode(run(source, BacktestRequest(**ORDER).spec()).data))


class SlowDesk:
    """Results in memory, for all members. One symbol's whole one takes longer than the topic may be silent."""

    def __init__(self, slow: str, seconds: float) -> None:
        self._slow, self._seconds = slow, seconds
        self.produced = threading.Event()  # what the killed producer left has been made, and its second run is over
        self.received: dict[str, tuple[int, int | None]] = {}  # by symbol, and what the end marker said

    def has(self, symbol: str) -> bool:
        return symbol in self.received

    def problem(self, symbol: str) -> str | None:
        return "the run is incomplete" if self.made_before_end(symbol) else None

    def made_before_end(self, symbol: str) -> bool:
        return self.received[symbol][1] is None

    def work(self, symbol: str, source: KafkaSource) -> None:
        received = sum(map(len, source.batches()))
        expected = source.stream_facts().expected
        if expected is not None and symbol == self._slow:
            time.sleep(self._seconds)
        self.received[symbol] = received, expected
        assert self.produced.wait(60)


def test_nobody_gives_up_what_another_member_still_works_on(broker: Any) -> None:
    """A member whose work takes longer than --idle-timeout, after the topic has fallen silent."""
    servers, topic, idle = broker.bootstrap_servers, topic_name(), 3.0
    pair = {partition_of(name, 2): name for name in SOURCES}
    sources = {name: SOURCES[name] for name in pair.values()}
    assert len(sources) == 2  # one for each member
    ensure_topic(servers, topic, 2)
    kill_midway(servers, topic, broker, sources)
    desk, ended = SlowDesk(max(sources), 2.5 * idle), list[tuple[WorkSummary, dict[str, str | None]]]()

    def member() -> None:
        group = Group(servers, topic, f"g-{topic}", "r", idle, silent)
        worked = group.work(desk)
        ended.append((worked, {name: desk.problem(name) for name in sources}))
        group.close()

    members = [threading.Thread(target=member) for _ in sources]
    for thread in members:
        thread.start()
    while len(desk.received) < len(sources):  # both are made of what was left
        assert all(thread.is_alive() for thread in members)
        time.sleep(0.05)
    assert all(map(desk.made_before_end, sources))
    assert produce_symbols(sources, servers, topic, run_id="r").complete
    desk.produced.set()
    for thread in members:
        thread.join()
    assert ended == [(WorkSummary(2, 2), dict.fromkeys(sources))] * 2
    assert desk.received == dict.fromkeys(sources, (2000, 2000))


class HeldDesk(SymbolWorker):
    """A member's desk, held after each piece of work until the second run of the producer is over."""

    def __init__(self, folders: ResultFolders, produced: threading.Event) -> None:
        super().__init__(folders, BacktestRequest(**ORDER).spec(), as_json=False)
        self._produced = produced

    def work(self, symbol: str, source: KafkaSource) -> None:
        super().work(symbol, source)
        assert self._produced.wait(60)


def test_members_do_not_wait_for_each_other_where_no_result_becomes_whole(
    broker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was produced again is another tape, under the same id: both members' symbols fail for good."""
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))
    servers, topic = broker.bootstrap_servers, topic_name()
    pair = {partition_of(name, 2): name for name in SOURCES}
    sources = {name: SOURCES[name] for name in pair.values()}
    assert len(sources) == 2  # one for each member
    ensure_topic(servers, topic, 2)
    kill_midway(servers, topic, broker, sources)
    produced, ended = threading.Event(), list[WorkSummary]()

    def member() -> None:
        group = Group(servers, topic, f"g-{topic}", "r", 3.0, silent)
        ended.append(group.work(HeldDesk(ResultFolders(tmp_path, "r"), produced)))
        group.close()

    members = [threading.Thread(target=member, daemon=True) for _ in sources]
    for thread in members:
        thread.start()
    seen = ResultFolders(tmp_path, "r")
    while not all(map(seen.has, sources)):  # both are made of what was left
        assert all(thread.is_alive() for thread in members)
        time.sleep(0.05)
    assert all(map(seen.made_before_end, sources))
    others = {name: Named(int(name[1:]), 100) for name in sources}
    assert produce_symbols(others, servers, topic, run_id="r").complete
    produced.set()
    for thread in members:
        thread.join(240)
    assert ended == [WorkSummary(2, 2)] * 2
    assert all("not one tape" in (seen.problem(name) or "") for name in sources)
