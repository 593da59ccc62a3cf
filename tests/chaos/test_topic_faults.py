"""Topics that lie: made again in the midst of a run, cut at their beginning, poisoned, with ids that are paths."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broker_fixtures import RunningBroker
from kafka import KafkaAdminClient, TopicPartition
from stream_tools import CONSUME, Few, digest, finish, read_run, send_raw, start, topic_name

from sor.cli import run
from sor.errors import RunError
from sor.stream import open_stream
from sor.stream.kafka.fast_records import body
from sor.stream.kafka.reader import TopicReader
from sor.stream.kafka.writer import TopicWriter
from sor.stream.produce.pacing import Pace
from sor.stream.produce.producer import produce
from sor.stream.progress import StreamProgress
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import Ahead, snapshot_headers

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))


@pytest.fixture
def servers(broker: RunningBroker) -> str:
    return broker.bootstrap_servers


@pytest.fixture
def admin(servers: str) -> Iterator[KafkaAdminClient]:
    client = KafkaAdminClient(bootstrap_servers=servers)
    yield client
    client.close()


def corrected(source: Few) -> Few:
    """The same times, one price another."""
    other = Few(0)
    px = source.batch.ask_px + (np.arange(len(source.batch.ask_px)) == 5)
    other.batch = replace(source.batch, ask_px=px)
    return other


def noting(said: list[str]) -> Callable[[StreamProgress], None]:
    return lambda look: said.append(look.note or "")


def delete(admin: KafkaAdminClient, topic: str) -> None:
    admin.delete_topics([topic])
    deadline = time.monotonic() + 30
    while topic in admin.list_topics() and time.monotonic() < deadline:
        time.sleep(0.2)


def test_a_topic_made_again_with_a_corrected_tape_while_a_reader_is_stopped(
    servers: str, admin: KafkaAdminClient, tmp_path: Path
) -> None:
    topic, source = topic_name(), Few(30_000)
    produce(source, servers, topic, run_id="r")
    reader = open_stream(servers, topic, "r", idle_timeout=5)
    passing = reader.batches()
    seen = [next(passing)]
    reader._checkpoint_now()  # as it does every second
    delete(admin, topic)
    produce(corrected(source), servers, topic, run_id="r")
    said = ""
    try:
        seen += list(passing)
    except RunError as error:
        said = str(error)
    # Where the client had fetched all of it before, it is the old tape's report, whole.
    assert re.search("run r is not one tape|no longer has the messages", said) or digest(seen) == digest([source.batch])
    reader.close()
    found, facts, _ = read_run(servers, topic, "r")
    assert found == digest([corrected(source).batch])
    assert facts.complete
    assert facts.warnings == ()


def test_the_same_run_id_again_heals_a_run_whose_beginning_is_gone(servers: str, admin: KafkaAdminClient) -> None:
    topic, source = topic_name(), Few(900)
    produce(source, servers, topic, run_id="r")
    admin.delete_records({TopicPartition(topic, 0): 400})
    _, facts, _ = read_run(servers, topic, "r", idle=2.0)
    assert (facts.complete, facts.gaps) == (False, 400)
    produce(source, servers, topic, run_id="r")
    found, facts, _ = read_run(servers, topic, "r")
    assert found == digest([source.batch])
    assert (facts.complete, facts.gaps, facts.duplicates) == (True, 0, 0)


def test_a_complete_run_outlives_an_attempt_to_send_it_again(servers: str) -> None:
    topic, source = topic_name(), Few(600)
    produce(source, servers, topic, run_id="r")
    pace = Pace(0.001)
    pace.stop()
    assert not produce(source, servers, topic, run_id="r", pace=pace).complete
    send_raw(servers, topic, [(encode(source.batch)[0], snapshot_headers("r", 0))])
    found, facts, _ = read_run(servers, topic, "r", idle=2.0)
    assert found == digest([source.batch])
    assert facts.complete


def test_poison_is_counted_and_stops_nobody(servers: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    topic, source = topic_name(), Few(50)
    good = encode(source.batch)[0]
    odd = good[:-1] + b',"note":1e-99999999999999999999}'
    worse = good.replace(b'"ask_sz_00":', b'"ask_sz_00":1e99999999999999999999,"x":', 1)
    send_raw(servers, topic, [(odd, []), (worse, []), (good, [("run", b"\x1b]0;x\x07"), ("seq", b"0")])])
    writer = TopicWriter(servers, topic, 10.0)
    writer.send_all([body(None, good, [("QQ", b"\x1b[2J")]).replace(b"QQ", b"\xff\xfe")])
    list(writer.flush())
    writer.close()
    produce(source, servers, topic, run_id="r")
    found, facts, _ = read_run(servers, topic, "r")
    assert found == digest([source.batch])
    assert facts.complete
    assert run(["kafka", "tail", topic, "-n", "100", "--headers", "--bootstrap-servers", servers], "sor") == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) == 55
    assert "\\xff\\xfe=" in out
    assert not set(out) & {"\x1b", "\x07"}
    found, facts, _ = read_run(servers, f"{topic}", "bare@0", idle=1.0)
    assert facts.rejected >= 1


@pytest.mark.parametrize("name", ["/precious", "../precious", ".", "", "a/b/precious"])
def test_no_run_id_or_symbol_moves_or_deletes_a_folder(
    servers: str, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    topic, out, source = topic_name(), tmp_path / "out", Few(20)
    (out / "precious").mkdir(parents=True)
    (out / "precious" / "thesis.tex").write_text("mine")
    value, bounds = encode(source.batch)[0], source.bounds()
    assert bounds is not None
    for symbol in ("precious", "", ".."):
        ahead = Ahead(*bounds, symbol, True, None, 1)
        send_raw(servers, topic, [(value, snapshot_headers(f"{name}/{symbol}" if symbol else name or "x", 0, ahead))])
    where = ["--bootstrap-servers", servers, "--topic", topic, "--idle-timeout", "2"]
    code = run(["backtest", "--from-kafka", "--group", f"g-{topic}", "--out", str(out), *where], "sor")
    err = capsys.readouterr().err
    assert code in (1, 2)
    assert "Traceback" not in err
    assert (out / "precious" / "thesis.tex").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} <= {"out", "state"}


def test_a_damaged_state_is_read_again_from_the_topic(servers: str, tmp_path: Path) -> None:
    topic, source, rng = topic_name(), Few(9_000), np.random.default_rng(4)
    produce(source, servers, topic, run_id="r")
    damaged = 0
    for turn in range(12):
        reader = open_stream(servers, topic, "r", idle_timeout=5)
        next(reader.batches())
        reader._checkpoint_now()
        reader._reader.close()
        reader._spool.close()
        reader._removable[0] = False
        reader._release()
        (folder,) = (tmp_path / "state" / "stream").iterdir()
        path = folder / ("spool" if turn % 2 else "checkpoint.json")
        data = bytearray(path.read_bytes())
        for _ in range(int(rng.integers(1, 5))):
            data[int(rng.integers(len(data)))] ^= int(rng.integers(1, 256))
        path.write_bytes(bytes(data[: int(rng.integers(1, len(data)))]) if turn % 3 == 0 else bytes(data))
        said: list[str] = []
        again = open_stream(servers, topic, "r", 5.0, noting(said))
        assert digest(again.batches()) == digest([source.batch])
        assert again.stream_facts().complete
        again.close()
        damaged += any("is read from its start" in text for text in said)
    assert damaged >= 8


def test_the_wanted_run_is_found_without_reading_the_topic(servers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind runs, before runs, behind foreign messages: what is read does not grow with what lies beside it."""
    topic, sources = topic_name(), {f"run-{i}": Few(40, seed=i) for i in range(30)}
    for name, source in sources.items():
        if name == "run-15":
            send_raw(servers, topic, [(b"foreign", [])] * 3000)
        produce(source, servers, topic, run_id=name)
    produce(Few(40, seed=99), servers, topic, run_id="last")
    read: list[int] = []
    real = TopicReader.poll

    def poll(self: TopicReader, *words: Any, **more: Any) -> Any:
        records = real(self, *words, **more)
        if self.topic == topic:
            read.append(len(records))
        return records

    monkeypatch.setattr(TopicReader, "poll", poll)
    for wanted, source in (("latest", Few(40, seed=99)), ("run-3", sources["run-3"]), ("run-29", sources["run-29"])):
        read.clear()
        reader = open_stream(servers, topic, wanted, idle_timeout=5)
        assert sum(read) < 600
        assert digest(reader.batches()) == digest([source.batch])
        reader.close()


def test_a_reader_that_was_stopped_for_a_while_changes_no_byte(servers: str, tmp_path: Path) -> None:
    topic, source = topic_name(), Few(3_000)
    produce(source, servers, topic, run_id="r")
    reader = start([*CONSUME, servers, topic, "r", "20"], tmp_path)
    reader.send_signal(signal.SIGSTOP)
    time.sleep(1.0)
    reader.send_signal(signal.SIGCONT)
    code, out, err = finish(reader)
    assert code == 0, err
    assert json.loads(out)["digest"] == digest([source.batch])


def test_a_topic_that_is_deleted_under_a_reader_is_named(servers: str, admin: KafkaAdminClient, tmp_path: Path) -> None:
    topic, source = topic_name(), Few(300)
    send_raw(servers, topic, [(v, snapshot_headers("r", i)) for i, v in enumerate(encode(source.batch))])
    reader = start([*CONSUME, servers, topic, "r", "300"], tmp_path)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.glob("stream/*/spool")):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    admin.delete_topics([topic])
    _, out, err = finish(reader, 120)
    assert out == ""
    assert f"topic '{topic}' is not there any more" in err or "no longer has the messages" in err
