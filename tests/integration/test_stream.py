"""The stream through a real broker: one run, once, in order, whatever else lies in the topic."""

from __future__ import annotations

import json
import random
import threading
import time
from pathlib import Path

import pytest
from broker_fixtures import RunningBroker
from kafka import KafkaAdminClient
from stream_tools import (
    REAL_TAPE,
    SOR,
    START,
    Few,
    all_records,
    digest,
    finish,
    read_run,
    send_raw,
    start,
    topic_name,
    without_stream,
)

from sor.errors import InputError, StreamError
from sor.stream import open_stream
from sor.stream.produce.pacing import Pace
from sor.stream.produce.producer import SourceWindow, produce
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import Ahead, end_headers, end_value, snapshot_headers
from sor.tapes import open_tape

pytestmark = pytest.mark.broker

Sent = tuple[bytes | None, list[tuple[str, bytes]]]  # a message: value, headers


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))


@pytest.fixture
def servers(broker: RunningBroker) -> str:
    return broker.bootstrap_servers


def messages(source: Few, run: str) -> list[Sent]:
    """What the producer would send, for tests that tamper with it."""
    values = encode(source.batch, source.has_bids)
    sent: list[Sent] = [(value, snapshot_headers(run, seq)) for seq, value in enumerate(values)]
    count = len(values)
    return [*sent, (end_value(run, count, source.tape_facts()), end_headers(run, count))]


def bare(source: Few) -> list[Sent]:
    return [(value, []) for value in encode(source.batch, source.has_bids)]


# --- a run comes back as it was sent ---


@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("has_bids", [True, False])
def test_a_run_comes_back_bit_for_bit(servers: str, has_bids: bool, compression: str) -> None:
    source, topic = Few(3_000, has_bids=has_bids), topic_name()
    sent = produce(source, servers, topic, compression=compression)
    assert sent.complete
    assert sent.snapshots == 3_000
    stream = open_stream(servers, topic, idle_timeout=5)
    assert stream.run == sent.run
    assert stream.bounds() == source.bounds()  # before anything but the first message is read
    assert stream.has_bids is has_bids
    assert digest(stream.batches()) == digest([source.batch])
    facts = stream.stream_facts()
    assert (facts.expected, facts.received, facts.duplicates, facts.gaps, facts.rejected) == (3_000, 3_000, 0, 0, 0)
    assert facts.complete
    assert facts.warnings == ()
    assert stream.tape_facts() == source.tape_facts()
    stream.close()


def test_a_clean_end_leaves_nothing_behind(servers: str, tmp_path: Path) -> None:
    topic = topic_name()
    produce(Few(50), servers, topic)
    read_run(servers, topic)
    assert list((tmp_path / "state" / "stream").iterdir()) == []


def test_a_pass_that_was_given_up_midway_begins_again(servers: str) -> None:
    source, topic = Few(2_500), topic_name()
    produce(source, servers, topic)
    stream = open_stream(servers, topic, idle_timeout=5)
    next(stream.batches())
    assert digest(stream.batches()) == digest([source.batch])
    stream.close()


def test_a_run_without_snapshots_is_complete(servers: str) -> None:
    topic = topic_name()
    produce(Few(0), servers, topic)
    found, facts, _ = read_run(servers, topic)
    assert found.startswith("0-")
    assert facts.complete
    assert facts.expected == 0


def test_two_readers_of_one_run_do_not_disturb_each_other(servers: str) -> None:
    source, topic = Few(2_000), topic_name()
    produce(source, servers, topic)
    first, second = open_stream(servers, topic, idle_timeout=5), open_stream(servers, topic, idle_timeout=5)
    one, two = first.batches(), second.batches()
    parts = [[next(one)], [next(two)]]
    parts[0] += list(one)
    parts[1] += list(two)
    assert digest(parts[0]) == digest(parts[1]) == digest([source.batch])
    second.close()
    assert digest(first.batches()) == digest([source.batch])
    first.close()


def test_a_window_of_the_tape(servers: str) -> None:
    source, topic = Few(500), topic_name()
    ts = source.batch.ts
    produce(SourceWindow(source, int(ts[100]), int(ts[199])), servers, topic)
    found, facts, _ = read_run(servers, topic)
    assert found == digest([source.batch.slice(100, 200)])
    assert facts.expected == 100
    with pytest.raises(InputError, match="no snapshot"):
        SourceWindow(source, int(ts[-1]) + 1, int(ts[-1]) + 2)


# --- which run ---


def test_latest_is_the_run_whose_first_message_came_last(servers: str) -> None:
    topic = topic_name()
    runs = {f"run-{i}": Few(40 + i, seed=i) for i in range(5)}
    for run, source in runs.items():
        produce(source, servers, topic, run_id=run)
    assert read_run(servers, topic)[0] == digest([runs["run-4"].batch])
    for run, source in runs.items():
        assert read_run(servers, topic, run)[0] == digest([source.batch])


def test_interleaved_runs_are_told_apart(servers: str) -> None:
    topic, rng = topic_name(), random.Random(3)
    sources = {run: Few(300, seed=i) for i, run in enumerate(("a", "b", "c"))}
    queues = {run: messages(source, run) for run, source in sources.items()}
    mixed = []
    while any(queues.values()):
        run = rng.choice([run for run, queue in queues.items() if queue])
        mixed.append(queues[run].pop(0))
    begun = list(dict.fromkeys(dict(headers)["run"].decode() for _, headers in mixed))
    send_raw(servers, topic, mixed)
    for run, source in sources.items():
        found, facts, _ = read_run(servers, topic, run)
        assert found == digest([source.batch])
        assert (facts.complete, facts.duplicates, facts.gaps) == (True, 0, 0)
    assert read_run(servers, topic)[0] == digest([sources[begun[-1]].batch])


def test_a_live_run_is_followed_from_its_first_message(servers: str, tmp_path: Path) -> None:
    """The reader is there before the topic has anything, the producer comes later."""
    topic = topic_name()
    produce(Few(10), servers, topic, run_id="old")
    command = [SOR[0], str(Path(__file__).with_name("stream_tools.py")), "consume", servers, topic, "new", "20"]
    reader = start(command, tmp_path)
    source = Few(400)
    produce(source, servers, topic, run_id="new", pace=Pace(2.0))
    code, out, err = finish(reader, 60)
    assert code == 0, err
    assert json.loads(out)["digest"] == digest([source.batch])


def test_what_the_reader_does_between_two_polls_is_not_silence(servers: str) -> None:
    source, topic = Few(300), topic_name()
    sent = messages(source, "r")
    send_raw(servers, topic, sent[:200])
    stream = open_stream(servers, topic, idle_timeout=2.0)
    passing = stream.batches()
    got = [next(passing)]
    time.sleep(3)  # a long computation, longer than the idle timeout
    later = threading.Timer(0.7, send_raw, (servers, topic, sent[200:]))
    later.start()
    got += list(passing)
    later.join()
    assert digest(got) == digest([source.batch])
    assert stream.stream_facts().complete
    stream.close()


# --- twice, broken, missing, in between ---


def test_duplicates_are_dropped_and_counted(servers: str) -> None:
    source, topic, rng = Few(400), topic_name(), random.Random(5)
    sent = messages(source, "r")
    doubled = []
    for i, message in enumerate(sent):
        doubled.append(message)
        if rng.random() < 0.2:
            doubled += sent[max(0, i - rng.randrange(30)) : i + 1]
    send_raw(servers, topic, doubled)
    found, facts, _ = read_run(servers, topic)
    assert found == digest([source.batch])
    assert facts.complete
    snapshots = sum("end" not in dict(headers) for _, headers in doubled)
    assert facts.received == 400
    assert facts.received + facts.duplicates >= snapshots


def test_neighbours_in_the_wrong_order_are_put_right(servers: str) -> None:
    source, topic, rng = Few(400), topic_name(), random.Random(6)
    *sent, end = messages(source, "r")
    shuffled = [message for i in range(0, 400, 40) for message in rng.sample(sent[i : i + 40], 40)]
    send_raw(servers, topic, [*shuffled, end])
    found, facts, _ = read_run(servers, topic, "r")
    assert found == digest([source.batch])
    assert facts.complete


def test_a_producer_run_again_under_the_same_id_sends_nothing_twice(servers: str) -> None:
    source, topic = Few(900), topic_name()
    sent = messages(source, "r")
    send_raw(servers, topic, sent[:500])
    produce(source, servers, topic, run_id="r")
    found, facts, _ = read_run(servers, topic)
    assert found == digest([source.batch])
    assert facts.complete
    assert (facts.received, facts.duplicates, facts.gaps) == (900, 500, 0)


def test_missing_snapshots_are_found(servers: str) -> None:
    source, topic = Few(600), topic_name()
    sent = messages(source, "r")
    send_raw(servers, topic, sent[:100] + sent[101:300] + sent[310:])
    found, facts, _ = read_run(servers, topic)
    assert found == digest([source.batch.slice(0, 100), source.batch.slice(101, 300), source.batch.slice(310, 600)])
    assert not facts.complete
    assert (facts.expected, facts.received, facts.gaps) == (600, 589, 11)
    assert any("11 of its snapshots are missing (number 100, 300 to 309)" in text for text in facts.warnings)


def test_a_backtest_of_an_incomplete_run_shows_its_report_and_fails(
    servers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from sor.cli import run

    source, topic = Few(100), topic_name()
    send_raw(servers, topic, messages(source, "r")[:40] + messages(source, "r")[45:])
    words = ["backtest", "--from-kafka", "--bootstrap-servers", servers, "--topic", topic, "--strategy", "static"]
    assert run([*words, "--json"], "sor") == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["stream"]["complete"] is False
    assert "the run is incomplete" in err.splitlines()[-1]


def test_a_run_without_end_marker_is_incomplete(servers: str) -> None:
    source, topic = Few(100), topic_name()
    send_raw(servers, topic, messages(source, "r")[:70])
    found, facts, tape = read_run(servers, topic, idle=1.0)
    assert found == digest([source.batch.slice(0, 70)])
    assert not facts.complete
    assert (facts.expected, facts.received) == (None, 70)
    assert any("no end marker" in text for text in facts.warnings)
    assert tape.rows is None


def test_a_number_beyond_the_end_markers_count_is_left_out(servers: str) -> None:
    source, topic = Few(300), topic_name()
    sent = messages(source, "r")
    sent[50] = (sent[50][0], snapshot_headers("r", 10**14))
    send_raw(servers, topic, sent)
    found, facts, _ = read_run(servers, topic, "r")
    assert found == digest([source.batch.slice(0, 50), source.batch.slice(51, 300)])
    assert (facts.expected, facts.received, facts.gaps, facts.complete) == (300, 299, 1, False)
    assert any("beyond the end marker's count" in text for text in facts.warnings)


@pytest.mark.parametrize("count", [0, 120, 400])
def test_an_end_marker_with_a_wrong_count_is_no_proof(servers: str, count: int) -> None:
    source, topic = Few(300), topic_name()
    sent = messages(source, "r")[:-1]
    send_raw(servers, topic, [*sent, (end_value("r", count, source.tape_facts()), end_headers("r", count))])
    found, facts, _ = read_run(servers, topic, "r")
    assert found == digest([source.batch])
    assert (facts.expected, facts.received, facts.gaps) == (count, 300, max(0, count - 300))
    assert not facts.complete
    said = "snapshots are missing" if count > 300 else "counts fewer snapshots than came before it"
    assert any(said in text for text in facts.warnings)


def test_a_topic_that_takes_less_than_a_batch(servers: str) -> None:
    """kafka-python would split batches that are too large, and acknowledge them in parts."""
    topic = topic_name()
    admin = KafkaAdminClient(bootstrap_servers=servers)
    topic_settings = {"num_partitions": 1, "replication_factor": 1, "configs": {"max.message.bytes": "5000"}}
    admin.create_topics({topic: topic_settings}, wait_for_metadata=True)
    admin.close()
    source = Few(2_000)
    assert produce(source, servers, topic).snapshots == 2_000
    assert read_run(servers, topic)[0] == digest([source.batch])


POISON = [
    b"not JSON",
    b'{"timestamp": "2024-08-01T13:36:32.491911683Z", "venues": [{"publisher_id": 2, "ask_px_00": 222.83, "ask_s',
    b'{"timestamp": 7, "venues": []}',
    b'{"timestamp": "2024-08-01T13:36:32Z", "venues": [{"publisher_id": "2", "ask_px_00": 1.0, "ask_sz_00": 1}]}',
    b'{"timestamp": "2024-08-01T13:36:32Z", "venues": [{"publisher_id": 2, "ask_px_00": true, "ask_sz_00": 1}]}',
    b'{"timestamp": "2024-08-01T13:36:32Z"}',
    b"{}",
    b"",
    None,
    random.Random(9).randbytes(900_000),
]


def test_poison_among_the_messages_goes_to_the_dead_letters(servers: str) -> None:
    source, topic, rng = Few(300), topic_name(), random.Random(7)
    sent = messages(source, "r")
    for poison in POISON:
        sent.insert(rng.randrange(1, len(sent) - 1), (poison, []))
    send_raw(servers, topic, sent)
    for _ in range(2):  # a second reader meets the same messages, and keeps no second copy
        found, facts, _ = read_run(servers, topic)
        assert found == digest([source.batch])
        assert facts.complete
        assert facts.rejected == len(POISON)
        assert any(f"{topic}.dlq" in text for text in facts.warnings)
    letters = all_records(servers, f"{topic}.dlq")
    assert len(letters) == len(POISON)
    assert {letter.value for letter in letters} == {value or b"" for value in POISON}
    originals = {record.offset: record for record in all_records(servers, topic)}
    for letter in letters:
        headers = dict(letter.headers)
        assert (originals[int(headers["offset"])].value or b"") == letter.value
        assert headers["topic"].decode() == topic
        assert headers["reason"]


def test_a_broken_message_of_the_run_itself_leaves_a_gap(servers: str) -> None:
    source, topic = Few(300), topic_name()
    sent = messages(source, "r")
    value, headers = sent[17]
    assert value is not None
    sent[17] = (value[:-9], headers)
    send_raw(servers, topic, sent)
    found, facts, _ = read_run(servers, topic)
    assert found == digest([source.batch.slice(0, 17), source.batch.slice(18, 300)])
    assert (facts.expected, facts.received, facts.gaps, facts.rejected, facts.complete) == (300, 299, 1, 1, False)


def test_what_is_unreadable_before_and_behind_a_run_is_counted_with_it(servers: str) -> None:
    source, topic = Few(100), topic_name()
    send_raw(servers, topic, [(b"nonsense", [])] * 3 + messages(source, "r") + [(b"more", [])] * 2)
    found, facts, _ = read_run(servers, topic)
    assert found == digest([source.batch])
    assert facts.complete
    assert facts.rejected == 5


def test_headers_that_cannot_be_read_are_poison(servers: str) -> None:
    source, topic = Few(100), topic_name()
    sent = messages(source, "r")
    broken = [(sent[5][0], [("run", b"r"), ("seq", seq), ("schema", b"1")]) for seq in (b"", b"-1", b"x", b"9" * 30)]
    send_raw(servers, topic, sent[:50] + broken + sent[50:])
    found, facts, _ = read_run(servers, topic, "r")
    assert found == digest([source.batch])
    assert facts.rejected == 4


def test_a_schema_of_the_future_is_a_clear_error(servers: str) -> None:
    topic = topic_name()
    send_raw(servers, topic, [(b"{}", [("run", b"r"), ("seq", b"0"), ("schema", b"2")])])
    with pytest.raises(StreamError, match=r"schema 2.*reads schema 1"):
        read_run(servers, topic)


def test_one_run_id_for_two_tapes_gives_the_one_that_is_whole(servers: str) -> None:
    topic, first = topic_name(), Few(200, seed=1)
    sent = messages(first, "r")
    bounds = first.bounds()
    assert bounds is not None
    ahead = Ahead(*bounds, "TEST", True)
    send_raw(servers, topic, [(sent[0][0], snapshot_headers("r", 0, ahead)), *sent[1:100]])
    second = Few(150, seed=2)
    produce(second, servers, topic, run_id="r")
    found, facts, _ = read_run(servers, topic, "r")
    assert found == digest([second.batch])
    assert (facts.complete, facts.duplicates) == (True, 0)


# --- messages in the seed's bare form ---


def test_bare_messages_end_by_silence_and_prove_nothing(servers: str) -> None:
    source, topic = Few(500, has_bids=False), topic_name()
    send_raw(servers, topic, bare(source))
    stream = open_stream(servers, topic, idle_timeout=1.0)
    assert stream.bounds() is None
    assert not stream.has_bids
    assert digest(stream.batches()) == digest([source.batch])
    facts = stream.stream_facts()
    assert (facts.expected, facts.received, facts.complete) == (None, 500, None)
    assert any("completeness is not proven" in text for text in facts.warnings)
    assert stream.bounds() == source.bounds()
    assert stream.tape_facts().rows is None
    stream.close()


def test_bare_messages_sent_again_are_another_run(servers: str) -> None:
    first, second, topic = Few(200, seed=1), Few(150, seed=1), topic_name()
    send_raw(servers, topic, bare(first))
    send_raw(servers, topic, bare(second))
    assert read_run(servers, topic, idle=1.0)[0] == digest([second.batch])
    assert read_run(servers, topic, "bare@0", idle=30.0)[0] == digest([first.batch])


def test_a_bare_message_repeated_at_once_counts_once(servers: str) -> None:
    source, topic = Few(100), topic_name()
    sent = bare(source)
    send_raw(servers, topic, [sent[0], *sent[:50], sent[49], *sent[50:], (b"poison", [])])
    found, facts, _ = read_run(servers, topic, idle=1.0)
    assert found == digest([source.batch])
    assert (facts.duplicates, facts.rejected) == (2, 1)


def test_the_seeds_very_message_is_enough(servers: str) -> None:
    topic = topic_name()
    message = (
        b'{"timestamp": "2024-08-01T13:36:32.491911683Z",'
        b' "venues": [{"publisher_id": 2, "ask_px_00": 222.83, "ask_sz_00": 36}]}'
    )
    send_raw(servers, topic, [(message, [])])
    stream = open_stream(servers, topic, idle_timeout=1.0)
    (batch,) = stream.batches()
    assert batch.ts.tolist() == [START]
    assert batch.ask_px.tolist() == [222_830_000_000]
    stream.close()


def test_bare_messages_within_a_run_are_strays(servers: str) -> None:
    source, topic = Few(100), topic_name()
    sent = messages(source, "r")
    send_raw(servers, topic, sent[:50] + bare(Few(1, seed=8)) + sent[50:])
    found, facts, _ = read_run(servers, topic)
    assert found == digest([source.batch])
    assert facts.complete
    assert any("without headers" in text for text in facts.warnings)


# --- clear errors ---


def test_no_broker() -> None:
    with pytest.raises(StreamError, match=r"no Kafka broker answers at 127.0.0.1:1: .*sor kafka up"):
        open_stream("127.0.0.1:1", "t")


@pytest.mark.parametrize("servers", ["localhost", "127.0.0.1:x", ":9092", "127.0.0.1:9092,", "127.0.0.1:99999"])
def test_bad_bootstrap_servers(servers: str) -> None:
    with pytest.raises(InputError, match="host:port"):
        open_stream(servers, "t")


def test_missing_topic(servers: str) -> None:
    with pytest.raises(StreamError, match="does not exist"):
        open_stream(servers, topic_name(), idle_timeout=1.0)


def test_empty_topic(servers: str) -> None:
    topic = topic_name()
    send_raw(servers, topic, [])
    with pytest.raises(StreamError, match=r"no message of a run came to topic .* within 1 s"):
        open_stream(servers, topic, idle_timeout=1.0)


def test_missing_run(servers: str) -> None:
    topic = topic_name()
    produce(Few(20), servers, topic, run_id="here")
    with pytest.raises(StreamError, match=r"no message of run there .*it has: here"):
        open_stream(servers, topic, "there", idle_timeout=1.0)


def test_topic_with_several_partitions(servers: str) -> None:
    topic = topic_name()
    admin = KafkaAdminClient(bootstrap_servers=servers)
    admin.create_topics({topic: {"num_partitions": 3, "replication_factor": 1}}, wait_for_metadata=True)
    admin.close()
    with pytest.raises(StreamError, match="3 partitions"):
        open_stream(servers, topic)
    with pytest.raises(StreamError, match="3 partitions"):
        produce(Few(10), servers, topic)


def test_a_topic_name_that_kafka_refuses(servers: str) -> None:
    with pytest.raises(InputError, match="letters, digits"):
        produce(Few(10), servers, "not a topic")


def test_message_too_large(servers: str) -> None:
    topic = topic_name()
    admin = KafkaAdminClient(bootstrap_servers=servers)
    configs = {"max.message.bytes": "600"}
    settings = {"num_partitions": 1, "replication_factor": 1, "configs": configs}
    admin.create_topics({topic: settings}, wait_for_metadata=True)
    admin.close()
    many = batch_with_many_venues(10)
    with pytest.raises(StreamError, match=r"bytes, more than topic .* takes \(max.message.bytes"):
        produce(many, servers, topic)


def batch_with_many_venues(venues: int) -> Few:
    from sor.core.market.batch import Quote, Snapshot, batch_of

    source = Few(1)
    quotes = tuple(Quote(venue, 1, 1, 2, 1) for venue in range(venues))
    source.batch = batch_of([Snapshot(START, quotes)])
    return source


# --- the operator's view, and the whole program ---


def test_the_distributions_own_tools_see_topic_and_group(broker: RunningBroker) -> None:
    servers, topic, source = broker.bootstrap_servers, topic_name(), Few(60)
    produce(source, servers, topic)
    read_run(servers, topic)
    shown = broker.run_tool(
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        *("--bootstrap-server", servers, "--topic", topic, "--from-beginning", "--max-messages", "61"),
        *("--property", "print.headers=true"),
    )
    lines = shown.stdout.splitlines()
    assert len(lines) == 61, shown.stderr
    assert "seq:0" in lines[0]
    assert "schema:1" in lines[0]
    assert '"end":{' in lines[-1]
    groups = broker.run_tool(
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        *("--bootstrap-server", servers, "--describe", "--group", "sor-backtest"),
    )
    row = next(line.split() for line in groups.stdout.splitlines() if topic in line)
    assert row[:6] == ["sor-backtest", topic, "0", "61", "61", "0"], groups.stdout


@pytest.mark.skipif(not REAL_TAPE.exists(), reason="the real tape is not beside the repository")
def test_the_real_tape_through_the_topic_gives_the_same_bytes(servers: str, tmp_path: Path) -> None:
    topic = topic_name()
    tape = ["--tape", str(REAL_TAPE)]
    where = ["--bootstrap-servers", servers, "--topic", topic]
    from_file = start([*SOR, "backtest", "--json", *tape], tmp_path)
    code, _, err = finish(start([*SOR, "produce", "--speed", "max", *where, *tape], tmp_path))
    assert code == 0, err
    code, out, err = finish(start([*SOR, "backtest", "--json", "--from-kafka", *where], tmp_path))
    assert code == 0, err
    expected = finish(from_file)[1]
    assert without_stream(out) == without_stream(expected)
    stream = json.loads(out)["stream"]
    assert (stream["expected"], stream["received"], stream["duplicates"], stream["gaps"]) == (54_540, 54_540, 0, 0)


def test_the_real_tape_is_a_source_like_any_other(servers: str) -> None:
    if not REAL_TAPE.exists():
        pytest.skip("the real tape is not beside the repository")
    tape, topic = open_tape(REAL_TAPE), topic_name()
    produce(tape, servers, topic)
    found, facts, known = read_run(servers, topic)
    assert found == digest(tape.batches())
    assert facts.complete
    assert known == tape.tape_facts()
