"""The broker goes away while a reader still looks for its run: it is waited for, as later on."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from stream_tools import Few, digest, read_run, topic_name

from sor.stream.kafka.reader import TopicReader
from sor.stream.produce.producer import produce

pytestmark = pytest.mark.broker


# Of a topic with one run the second look is for the run's first message by its number, the third to read it.
@pytest.mark.parametrize("look", [1, 2, 3])
def test_a_broker_that_goes_away_while_the_run_is_looked_for(
    broker: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path))
    topic, source, looks = topic_name(), Few(3000), 0
    produce(source, broker.bootstrap_servers, topic, run_id="r")
    real, back = TopicReader.at, threading.Timer(3.0, broker.start)

    def at(self: TopicReader, offset: int, *more: float) -> Any:
        nonlocal looks
        looks += 1
        if looks == look:
            broker.stop_kafka()
            back.start()
        return real(self, offset, *more)

    monkeypatch.setattr(TopicReader, "at", at)
    try:
        found, facts, _ = read_run(broker.bootstrap_servers, topic, "r", idle=60.0)
    finally:
        back.join()
    assert found == digest(source.batches())
    assert facts.complete
