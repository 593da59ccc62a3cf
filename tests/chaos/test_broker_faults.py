"""A broker that loses its ZooKeeper, goes away while somebody waits for a topic, or loses the topic of a producer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from broker_fixtures import RunningBroker
from kafka import KafkaAdminClient
from kafka import errors as kafka_errors
from stream_tools import Few, bundled_digest, consuming, finish, producing, read_run, topic_name, wait_until_sending

from sor.errors import RunError, StreamError
from sor.paths import bundled_tape
from sor.stream.kafka.reader import TopicReader
from sor.stream.produce.producer import produce
from sor.tapes import open_tape

pytestmark = pytest.mark.broker


@pytest.fixture
def without_zookeeper(broker: RunningBroker) -> Iterator[Callable[[], None]]:
    """The broker, whose ZooKeeper goes away when this is called, and is back afterwards."""

    def away() -> None:
        broker.kill9_zookeeper()
        time.sleep(1.0)

    yield away
    broker.start()


def test_producing_to_a_topic_that_is_there_needs_no_zookeeper(
    broker: RunningBroker, without_zookeeper: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))
    topic, servers, source = topic_name(), broker.bootstrap_servers, Few(60)
    produce(source, servers, topic, run_id="before")
    without_zookeeper()
    produce(source, servers, topic, run_id="r")
    assert read_run(servers, topic, "r")[1].complete
    with pytest.raises(StreamError, match=r"is not there, and the broker at .* does not make it in time: .*ZooKeeper"):
        produce(source, servers, topic_name(), run_id="r")


def test_a_reader_that_waits_for_its_topic_outlasts_the_broker(broker: RunningBroker, tmp_path: Path) -> None:
    topic = topic_name()
    consumer = consuming(broker, topic, tmp_path)
    assert consumer.stderr is not None
    said = consumer.stderr.readline()
    assert "does not exist yet" in said
    broker.kill9()
    said = consumer.stderr.readline()
    assert "is away; waiting for it" in said
    broker.start()
    produce(open_tape(bundled_tape()), broker.bootstrap_servers, topic, run_id="r")  # at once: it waits for 10 s
    code, out, err = finish(consumer)
    assert code == 0, err
    assert json.loads(out)["digest"] == bundled_digest()


def test_a_topic_that_is_deleted_under_a_producer_is_named(broker: RunningBroker, tmp_path: Path) -> None:
    topic = topic_name()
    producer = producing(broker, topic, tmp_path, "20", "--timeout", "5")
    wait_until_sending(broker, topic)
    admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)
    admin.delete_topics([topic])
    admin.close()
    code, _, err = finish(producer)
    assert code == 1
    assert f"topic {topic!r} is not there any more: was it deleted while it was written?" in err.splitlines()[-1]


def test_a_log_that_was_truncated_is_said_in_our_words(broker: RunningBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes several brokers and an unclean election; here only what the client says of it is played."""
    topic = topic_name()
    produce(Few(20), broker.bootstrap_servers, topic, run_id="r")
    reader = TopicReader(broker.bootstrap_servers, topic)
    reader.seek(0)

    def poll(**_: Any) -> Any:
        raise kafka_errors.LogTruncationError({})

    monkeypatch.setattr(reader._consumer, "poll", poll)
    with pytest.raises(RunError, match="has lost messages that were read already"):
        reader.poll(1.0)
    reader.close()
