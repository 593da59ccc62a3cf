"""Whatever happens to the broker, the consumer or the producer: the same bytes, or one clear line. Never a hang."""

from __future__ import annotations

import json
import random
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from broker_fixtures import Factory, RunningBroker
from stream_tools import (
    SOR,
    Few,
    bundled_digest,
    consuming,
    digest,
    finish,
    producing,
    read_run,
    start,
    topic_name,
    wait_until_sending,
)

from sor.errors import StreamError
from sor.stream import open_stream
from sor.stream.produce.pacing import Pace
from sor.stream.produce.producer import produce

pytestmark = pytest.mark.broker


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path))


def wait_until_reading(state: Path, seconds: float = 60.0) -> None:
    """Until a consumer has found its run and begun."""
    deadline = time.monotonic() + seconds
    while not any(spool.stat().st_size for spool in state.glob("stream/*/spool")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def still_sending(producer: subprocess.Popen[str]) -> None:
    assert producer.poll() is None, finish(producer)


def both_are_whole(producer: subprocess.Popen[str], consumer: subprocess.Popen[str]) -> None:
    code, _, err = finish(producer)
    assert code == 0, err
    code, out, err = finish(consumer)
    assert code == 0, err
    found = json.loads(out)
    assert found["stream"]["complete"], found
    assert (found["stream"]["duplicates"], found["stream"]["gaps"], found["stream"]["rejected"]) == (0, 0, 0)
    assert found["digest"] == bundled_digest()


def test_broker_restarted_five_times_under_a_live_run(broker: RunningBroker, tmp_path: Path) -> None:
    topic = topic_name()
    producer = producing(broker, topic, tmp_path, "10")
    consumer = consuming(broker, topic, tmp_path)
    arrived = wait_until_sending(broker, topic)
    wait_until_reading(tmp_path)
    for _ in range(5):
        still_sending(producer)
        broker.restart()
        arrived = wait_until_sending(broker, topic, arrived)
    both_are_whole(producer, consumer)


def test_broker_killed_and_zookeeper_restarted_under_a_live_run(broker: RunningBroker, tmp_path: Path) -> None:
    topic = topic_name()
    producer = producing(broker, topic, tmp_path, "15")
    consumer = consuming(broker, topic, tmp_path, idle=10.0)  # shorter than the outage: that does not count
    wait_until_sending(broker, topic)
    wait_until_reading(tmp_path)
    broker.restart_zookeeper()
    time.sleep(2)
    still_sending(producer)
    broker.kill9()
    broker.start()
    both_are_whole(producer, consumer)


def test_consumer_killed_ten_times_at_random(broker: RunningBroker, tmp_path: Path) -> None:
    topic, rng = topic_name(), random.Random(11)
    producer = producing(broker, topic, tmp_path, "25")
    went_on = 0
    for _ in range(10):
        began = time.time()
        consumer = consuming(broker, topic, tmp_path)
        while not any(spool.stat().st_mtime > began for spool in tmp_path.glob("stream/*/spool")):
            assert consumer.poll() is None, finish(consumer)
            time.sleep(0.02)
        time.sleep(rng.uniform(0.0, 2.0))
        consumer.kill()
        went_on += "going on with run r after" in finish(consumer)[2]
    both_are_whole(producer, consuming(broker, topic, tmp_path))
    assert went_on >= 1


def test_the_command_itself_killed_ten_times_at_random(broker: RunningBroker, tmp_path: Path) -> None:
    """`sor backtest --from-kafka`, killed while it starts, reads live, catches up or computes: then the same bytes."""
    topic, rng = topic_name(), random.Random(12)
    command = [*SOR, "backtest", "--json", "--from-kafka", "--topic", topic, "--run", "r"]
    command += ["--bootstrap-servers", broker.bootstrap_servers]
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    producer = producing(broker, topic, tmp_path, "30")
    wait_until_sending(broker, topic)
    kills = went_on = 0
    for turn in range(50):
        began = time.time()
        backtest = start(command, shared)
        while turn % 3 and backtest.poll() is None:  # every third one is killed wherever it is
            if any(spool.stat().st_mtime > began for spool in shared.glob("stream/*/spool")):
                break
            time.sleep(0.02)
        time.sleep(rng.uniform(0.0, 2.0))
        backtest.kill()
        code, out, err = finish(backtest)
        assert "Traceback" not in err
        assert code in (0, -signal.SIGKILL), err  # one that was quicker than the kill has its report
        assert bool(out) is (code == 0)
        kills += code != 0
        went_on += "going on with run r after" in err
        if kills == 10:
            break
    assert kills == 10
    code, out, err = finish(start(command, shared))
    assert code == 0, err
    assert finish(producer)[0] == 0
    code, undisturbed, err = finish(start(command, alone))
    assert code == 0, err
    assert out == undisturbed
    assert json.loads(out)["stream"]["complete"]
    assert went_on >= 1


def test_a_killed_consumer_goes_on_from_its_checkpoint_and_not_from_the_start(
    broker: RunningBroker, tmp_path: Path
) -> None:
    topic = topic_name()
    producer = producing(broker, topic, tmp_path, "60")
    consumer = consuming(broker, topic, tmp_path)
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("stream/*/checkpoint.json")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    consumer.kill()
    finish(consumer)
    state = json.loads(next(tmp_path.glob("stream/*/checkpoint.json")).read_text())
    second = consuming(broker, topic, tmp_path)
    both_are_whole(producer, second)
    assert state["state"]["run"]["sequence"]["next"] > 0
    assert list((tmp_path / "stream").iterdir()) == []  # ended: nothing left to go on from


def test_a_checkpoint_of_another_topic_of_that_name_is_not_used(broker: RunningBroker, tmp_path: Path) -> None:
    """The topic was deleted and made again, and the run has the same id."""
    from kafka import KafkaAdminClient

    topic = topic_name()
    producer = producing(broker, topic, tmp_path, "60")
    consumer = consuming(broker, topic, tmp_path)
    while not list(tmp_path.glob("stream/*/checkpoint.json")):
        time.sleep(0.05)
    for process in (consumer, producer):
        process.kill()
        finish(process)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    admin.delete_topics([topic])
    admin.close()
    time.sleep(1)
    source = Few(300)
    produce(source, broker.bootstrap_servers, topic, run_id="r")
    assert read_run(broker.bootstrap_servers, topic, "r")[0] == digest([source.batch])


def test_producer_killed_and_run_again_under_the_same_id(broker: RunningBroker, tmp_path: Path) -> None:
    topic = topic_name()
    consumer = consuming(broker, topic, tmp_path)
    producer = producing(broker, topic, tmp_path, "40")
    wait_until_sending(broker, topic)
    producer.kill()
    finish(producer)
    again = producing(broker, topic, tmp_path, "max")
    assert finish(again)[0] == 0
    code, out, err = finish(consumer)
    assert code == 0, err
    found = json.loads(out)
    assert found["digest"] == bundled_digest()
    assert found["stream"]["complete"]
    assert found["stream"]["duplicates"] > 0
    assert found["stream"]["gaps"] == 0


def test_producer_killed_and_run_again_as_a_new_run(broker: RunningBroker, tmp_path: Path) -> None:
    topic = topic_name()
    producer = producing(broker, topic, tmp_path, "40")
    wait_until_sending(broker, topic)
    producer.kill()
    finish(producer)
    source = Few(200)
    produce(source, broker.bootstrap_servers, topic, run_id="new")
    found, facts, _ = read_run(broker.bootstrap_servers, topic)
    assert found == digest([source.batch])
    assert facts.complete
    _, facts, _ = read_run(broker.bootstrap_servers, topic, "r", idle=1.0)
    assert not facts.complete
    assert facts.expected is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_producer_flushes_and_says_what_it_sent(
    broker: RunningBroker, tmp_path: Path, number: int
) -> None:
    topic = topic_name()
    producer = producing(broker, topic, tmp_path, "10")
    wait_until_sending(broker, topic)
    producer.send_signal(number)
    code, out, err = finish(producer, 20)
    assert code == 130, err
    assert out == ""
    said = re.search(r"interrupted: ([\d,]+) snapshots of run r are in .*, without an end marker", err)
    assert said, err
    _, facts, _ = read_run(broker.bootstrap_servers, topic, idle=1.0)
    assert facts.received == int(said[1].replace(",", ""))
    assert facts.received > 0
    assert not facts.complete


def test_an_outage_longer_than_the_producers_limit(broker: RunningBroker, tmp_path: Path) -> None:
    topic = topic_name()
    producer = producing(broker, topic, tmp_path, "20", "--timeout", "3")
    wait_until_sending(broker, topic)
    broker.stop_kafka()
    code, out, err = finish(producer, 40)
    broker.start()
    assert code == 1, err
    assert out == ""
    last = err.strip().splitlines()[-1]
    assert re.match(r"sor: no broker at .* acknowledged anything for 3 s \(--timeout\); [\d,]+ messages of run r", last)
    assert "Traceback" not in err
    assert "kafka.errors" not in err
    _, facts, _ = read_run(broker.bootstrap_servers, topic, idle=1.0)
    assert not facts.complete
    assert any("no end marker" in text for text in facts.warnings)
    assert finish(producing(broker, topic, tmp_path, "max"))[0] == 0
    found, facts, _ = read_run(broker.bootstrap_servers, topic)
    assert found == bundled_digest()
    assert facts.complete
    assert facts.gaps == 0


def test_a_broker_that_never_comes_back_ends_the_consumer(broker: RunningBroker) -> None:
    from sor.stream.consume.open import open_source

    topic = topic_name()
    pace = Pace(1.0)
    sending = threading.Thread(
        target=produce, args=(Few(2_000), broker.bootstrap_servers, topic), kwargs={"pace": pace}
    )
    sending.start()
    time.sleep(1.5)
    source = open_source(broker.bootstrap_servers, topic, idle_timeout=60, broker_timeout=3)
    passing = source.batches()
    next(passing)
    pace.stop()
    sending.join(30)
    broker.stop_kafka()
    try:
        with pytest.raises(StreamError, match=r"has been away for 3 s; run this again"):
            list(passing)
    finally:
        source.close()
        broker.start()


def test_the_pace_is_changed_while_it_runs(broker: RunningBroker) -> None:
    topic, source, pace = topic_name(), Few(1_000), Pace(1.0)
    done: list[object] = []
    sending = threading.Thread(
        target=lambda: done.append(produce(source, broker.bootstrap_servers, topic, pace=pace)), daemon=True
    )
    sending.start()
    time.sleep(1)
    pace.pause()
    time.sleep(0.5)
    pace.resume()
    pace.set_speed(5)
    time.sleep(0.5)
    pace.set_speed(float("inf"))
    sending.join(30)
    assert len(done) == 1
    assert read_run(broker.bootstrap_servers, topic)[0] == digest([source.batch])


def test_backtest_of_the_bundled_tape_through_a_restart(broker: RunningBroker, tmp_path: Path) -> None:
    """The whole program: producer and backtest as two processes, the broker restarted, the same JSON as the file's."""
    topic = topic_name()
    from_file = start([*SOR, "backtest", "--json"], tmp_path)
    expected = finish(from_file)[1]
    producer = producing(broker, topic, tmp_path, "60")
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic, "--run", "r"]
    backtest = start([*SOR, "backtest", "--json", "--from-kafka", *where], tmp_path)
    wait_until_sending(broker, topic)
    wait_until_reading(tmp_path)
    broker.restart()
    assert finish(producer)[0] == 0
    code, out, err = finish(backtest)
    assert code == 0, err
    report, reference = json.loads(out), json.loads(expected)
    assert report.pop("stream")["complete"]
    for key in ("stream", "request"):  # what may differ between a file and a stream
        reference.pop(key)
    report.pop("request")
    assert json.dumps(report) == json.dumps(reference)


def test_the_main_things_on_the_older_broker(broker_factory: Factory, tmp_path: Path) -> None:
    broker = broker_factory("3.6.1")
    try:
        topic = topic_name()
        producer = producing(broker, topic, tmp_path, "60")
        consumer = consuming(broker, topic, tmp_path)
        wait_until_sending(broker, topic)
        wait_until_reading(tmp_path)
        broker.restart()
        both_are_whole(producer, consumer)
        source = Few(60)
        produce(source, broker.bootstrap_servers, topic, run_id="tools")
        assert read_run(broker.bootstrap_servers, topic)[0] == digest([source.batch])
        shown = broker.run_tool(
            "kafka.tools.ConsoleConsumer",
            *("--bootstrap-server", broker.bootstrap_servers, "--topic", topic, "--from-beginning"),
            *("--max-messages", "5", "--property", "print.headers=true"),
        )
        assert "run:r,seq:0,schema:1" in shown.stdout.splitlines()[0], shown.stderr
        groups = broker.run_tool(
            "kafka.admin.ConsumerGroupCommand",
            *("--bootstrap-server", broker.bootstrap_servers, "--describe", "--group", "sor-backtest"),
        )
        assert topic in groups.stdout
    finally:
        broker.stop()


def test_broker_away_at_the_start_of_a_reading(broker: RunningBroker) -> None:
    topic = topic_name()
    produce(Few(50), broker.bootstrap_servers, topic)
    broker.stop_kafka()
    try:
        with pytest.raises(StreamError, match="no Kafka broker answers"):
            open_stream(broker.bootstrap_servers, topic)
    finally:
        broker.start()
