"""The symbols of a tape shared by a consumer group: each result as alone, once, whatever happens to a member."""

from __future__ import annotations

import json
import re
import subprocess
import time
from itertools import chain
from pathlib import Path

import pytest
from broker_fixtures import Factory, RunningBroker
from stream_tools import SOR, finish, start, topic_name, without_stream

from sor.cli import run
from sor.stream.kafka.topic_setup import ensure_topic

pytestmark = pytest.mark.broker

SYMBOLS = ("SYNA", "SYNB", "SYNC", "SYND")  # their keys fall into four different partitions of four
ORDER = ["--quantity", "800", "--interval", "10", "--lambda-over", "2x", "--lambda-under", "2x", "--theta-queue", "1x"]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "four.csv.gz"
    symbols = [word for symbol in SYMBOLS for word in ("--symbol", symbol)]
    assert run(["data", "synth", "--venues", "2", "--minutes", "1", *symbols, "--out", str(path)], "sor") == 0
    return path


@pytest.fixture(scope="module")
def alone(tape: Path) -> dict[str, str]:
    """Each symbol's report from the file, less its `stream` block."""
    words = [*SOR, "backtest", "--tape", str(tape), "--json", *ORDER, "--symbol"]
    return {symbol: without_stream(subprocess.check_output([*words, symbol], text=True)) for symbol in SYMBOLS}


@pytest.fixture
def topic(broker: RunningBroker) -> str:
    name = topic_name()
    ensure_topic(broker.bootstrap_servers, name, 4)
    return name


class Scene:
    """Members of one group and a producer, as processes."""

    def __init__(self, broker: RunningBroker, topic: str, tape: Path, folder: Path) -> None:
        self.where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic]
        # A group of its own for each test: a member that was killed stays in its group for ten seconds more.
        self.group = f"desk-{topic}"
        self.tape, self.folder, self.out = tape, folder, folder / "out"
        self._members: list[tuple[subprocess.Popen[str], Path]] = []

    def member(self, *more: str) -> subprocess.Popen[str]:
        """Its state and what it says are files, so that a test can watch it and nothing blocks on a pipe."""
        words = [*SOR, "backtest", "--from-kafka", "--group", self.group, "--run", "r", "--out", str(self.out)]
        said = self.folder / f"member-{len(self._members)}.txt"
        with said.open("w") as stderr:
            process = start([*words, "--idle-timeout", "60", *self.where, *ORDER, *more], self.folder, stderr=stderr)
        self._members.append((process, said))
        return process

    def said(self, process: subprocess.Popen[str]) -> str:
        return next(path.read_text() for member, path in self._members if member is process)

    def wait_for(self, process: subprocess.Popen[str], text: str, seconds: float = 180.0) -> None:
        deadline = time.monotonic() + seconds
        while text not in self.said(process):
            assert process.poll() is None, self.said(process)
            assert time.monotonic() < deadline, self.said(process)
            time.sleep(0.05)

    def produce(self, speed: str) -> subprocess.Popen[str]:
        words = [*SOR, "produce", "--tape", str(self.tape), "--symbol", "*", "--run-id", "r", "--speed", speed]
        return start([*words, *self.where], self.folder)

    def ends(self, process: subprocess.Popen[str]) -> list[str]:
        """The symbols whose results this member wrote, once it has ended well."""
        code, _, _ = finish(process, 240)
        said = self.said(process)
        assert code == 0, said
        assert "run r: 4 of 4 symbols are in" in said.splitlines()[-1]
        assert said.splitlines()[-1].endswith("; complete")
        return re.findall(rf"^sor: (\w+): done: {re.escape(str(self.out))}/r/\1$", said, re.MULTILINE)

    def each_ends_once(self, *members: subprocess.Popen[str]) -> list[list[str]]:
        """What each member wrote, once all have ended well: every symbol by one of them."""
        written = [self.ends(member) for member in members]
        assert sorted(chain(*written)) == list(SYMBOLS)
        return written

    def reports(self) -> dict[str, str]:
        """What lies in the folder of results, which holds nothing else."""
        return {path.name: without_stream((path / "report.json").read_text()) for path in (self.out / "r").iterdir()}


@pytest.fixture
def scene(broker: RunningBroker, topic: str, tape: Path, tmp_path: Path) -> Scene:
    return Scene(broker, topic, tape, tmp_path)


def test_two_members_share_four_symbols(scene: Scene, alone: dict[str, str], broker: RunningBroker, topic: str) -> None:
    members = [scene.member(), scene.member()]
    for member in members:
        scene.wait_for(member, "waiting for it")
    producer = scene.produce("4")
    written = scene.each_ends_once(*members)
    assert finish(producer)[0] == 0
    assert all(written)  # both had a part of the work
    assert scene.reports() == alone
    groups = subprocess.check_output([*SOR, "kafka", "groups", *scene.where[:2]], text=True)
    rows = [line.split() for line in groups.splitlines() if topic in line]
    assert {(row[0], row[3]) for row in rows} >= {(scene.group, str(partition)) for partition in range(4)}
    assert {row[-1] for row in rows} == {"0"}  # no lag


def test_a_member_killed_midway(scene: Scene, alone: dict[str, str]) -> None:
    members = [scene.member(), scene.member()]
    for member in members:
        scene.wait_for(member, "waiting for it")
    producer = scene.produce("4")
    for member in members:
        scene.wait_for(member, ": run r/SYN")
    members[0].kill()
    finish(members[0])
    assert finish(producer)[0] == 0
    scene.each_ends_once(members[1])
    assert scene.reports() == alone


def test_a_member_added_midway(scene: Scene, alone: dict[str, str]) -> None:
    first = scene.member()
    scene.wait_for(first, "waiting for it")
    producer = scene.produce("3")
    scene.wait_for(first, ": run r/SYN")
    second = scene.member()
    written = scene.each_ends_once(first, second)
    assert finish(producer)[0] == 0
    assert all(written)
    assert scene.reports() == alone


def test_broker_restarted_and_killed_under_a_group(scene: Scene, alone: dict[str, str], broker: RunningBroker) -> None:
    """The group loses its coordinator twice, the second time without a word: the same results, each written once."""
    members = [scene.member(), scene.member()]
    for member in members:
        scene.wait_for(member, "waiting for it")
    producer = scene.produce("2")
    for member in members:
        scene.wait_for(member, ": run r/SYN")
    broker.restart()
    time.sleep(2)
    assert producer.poll() is None
    broker.kill9()
    broker.start()
    scene.each_ends_once(*members)
    assert finish(producer)[0] == 0
    assert scene.reports() == alone


def test_an_older_broker_serves_a_group_too(
    broker_factory: Factory, tape: Path, alone: dict[str, str], tmp_path: Path
) -> None:
    older, topic = broker_factory("3.6.1"), topic_name()
    ensure_topic(older.bootstrap_servers, topic, 4)
    scene = Scene(older, topic, tape, tmp_path)
    assert finish(scene.produce("max"))[0] == 0
    members = [scene.member(), scene.member()]
    scene.each_ends_once(*members)
    assert scene.reports() == alone


def test_a_member_killed_in_the_midst_of_its_results(scene: Scene, alone: dict[str, str]) -> None:
    """Everything is there; one dies between two results, or while one is written; another goes on."""
    assert finish(scene.produce("max"))[0] == 0
    for seconds in (0.2, 1.0):
        member = scene.member()
        scene.wait_for(member, ": run r/SYN")
        time.sleep(seconds)
        member.kill()
        finish(member)
    scene.ends(scene.member())
    results = {path: path.stat().st_mtime_ns for path in (scene.out / "r").glob("*/report.json")}
    assert {path.parent.name: without_stream(path.read_text()) for path in results} == alone
    assert scene.ends(scene.member()) == []  # all is done: nothing is written again
    assert results == {path: path.stat().st_mtime_ns for path in results}


def test_an_incomplete_run_is_said_and_made_whole_later(scene: Scene, alone: dict[str, str]) -> None:
    producer = scene.produce("2")
    member = scene.member("--idle-timeout", "3")
    scene.wait_for(member, ": run r/SYN")
    producer.kill()
    finish(producer)
    code, _, _ = finish(member)
    assert code == 1
    assert "but not all are whole: SYNA: the run is incomplete" in scene.said(member).splitlines()[-1]
    assert finish(scene.produce("max"))[0] == 0  # under the same run id
    scene.each_ends_once(scene.member())
    assert scene.reports() == alone


def test_json_is_one_line_a_symbol(scene: Scene, alone: dict[str, str]) -> None:
    assert finish(scene.produce("max"))[0] == 0
    member = scene.member("--json")
    _, out, _ = finish(member)
    lines = [json.loads(line, parse_float=str, parse_int=str) for line in out.splitlines()]
    for line in lines:
        assert line["report"].pop("stream")["complete"]
        del line["report"]["request"]
    assert {line["symbol"]: json.dumps(line["report"]) for line in lines} == alone


def test_an_order_that_a_symbol_cannot_have_stops_no_other(scene: Scene) -> None:
    assert finish(scene.produce("max"))[0] == 0
    member = scene.member("--start", "2030-01-01T00:00:00Z", "--end", "2030-01-02T00:00:00Z")
    code, _, _ = finish(member)
    assert code == 1
    assert "not all are whole: SYNA: no snapshot of the tape lies in the window" in scene.said(member).splitlines()[-1]
    assert sorted(path.parent.name for path in scene.out.glob("r/*/failed.json")) == list(SYMBOLS)


def test_a_topic_without_runs_of_symbols(
    broker: RunningBroker, topic: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["backtest", "--from-kafka", "--group", "desk", "--out", str(tmp_path), "--idle-timeout", "1"]
    assert run([*words, "--bootstrap-servers", broker.bootstrap_servers, "--topic", topic], "sor") == 1
    assert "no message of a run of several symbols came" in capsys.readouterr().err
