"""The terminal interface against a real broker: the same bytes as the command line, also when the broker goes away."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from driving import driving
from stream_tools import topic_name

from sor.broker import ports
from sor.broker.local import local_broker
from sor.broker.settings import DEFAULT_VERSION
from sor.paths import bundled_tape
from sor.stream.kafka.topic_setup import ensure_topic
from tui.app import SorApp

if TYPE_CHECKING:
    from collections.abc import Callable

    from broker_fixtures import RunningBroker

pytestmark = pytest.mark.broker
OPTIONS = {
    "start": "13:31:00", "end": "13:31:30", "quantity": "1000", "lambda_over": "1.5x", "lambda_under": "2x",
    "theta_queue": "1x",
}  # fmt: skip
WORDS = [word for name, value in OPTIONS.items() for word in (f"--{name.replace('_', '-')}", value)]


def from_kafka(servers: str, topic: str, state: Path) -> str:
    """`sor-backtest --from-kafka --json` over the last run of the topic."""
    command = [
        sys.executable,
        "-m",
        "sor",
        "backtest",
        "--from-kafka",
        "--bootstrap-servers",
        servers,
        "--topic",
        topic,
    ]
    done = subprocess.run(
        [*command, *WORDS, "--json"], capture_output=True, text=True, check=True, timeout=300,
        env={"PATH": "/usr/bin:/bin", "SOR_STATE": str(state)},
    )  # fmt: skip
    return done.stdout


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not here")
def test_producer_and_backtest_driven_from_the_screen(broker: RunningBroker, tmp_path: Path) -> None:
    topic, name, state = topic_name(), f"sor-{uuid4().hex[:8]}", tmp_path / "state"
    for _ in range(25):  # as on a server that is used for more than this
        ensure_topic(broker.bootstrap_servers, topic_name())
    words = f"--bootstrap-servers {broker.bootstrap_servers} --topic {topic} {' '.join(WORDS)} --speed 1"
    script = (
        f"export SOR_STATE={state} TERM=xterm-256color; {sys.executable} -m sor tui {words}; echo CODE $?; sleep 600"
    )

    def tmux(*arguments: str) -> str:
        return subprocess.run(["tmux", "-L", name, *arguments], capture_output=True, text=True, check=False).stdout

    def until(*wanted: str) -> str:
        for _ in range(3000):
            text = tmux("capture-pane", "-p")
            if all(word in text for word in wanted):
                return text
            time.sleep(0.1)
        raise AssertionError(f"{wanted} did not come:\n{tmux('capture-pane', '-p')}")

    tmux("-f", "/dev/null", "new-session", "-d", "-x", "140", "-y", "40", f"bash -c '{script}'")
    try:
        until("Strategy")
        tmux("send-keys", "C-r")
        until("kafka, 1x", "of 1,000 done")
        tmux("send-keys", *["+"] * 9)
        until("cont_kukanov bought 1,000")
        (kept,) = (state / "reports").glob("*.json")
        report = kept.read_text()
        assert report == from_kafka(broker.bootstrap_servers, topic, tmp_path / "other")
        data = json.loads(report)
        shown = until("cont_kukanov bought 1,000")
        for baseline, bps in data["savings_vs_baselines_bps"].items():
            assert any(baseline in line and f"{bps:+.2f}" in line for line in shown.splitlines())
        tmux("resize-window", "-x", "80", "-y", "24")
        tmux("send-keys", "F6")
        until("● serves", f"Topic {topic}", "messages", "sor-backtest", "Other topics")
        tmux("send-keys", "C-q")
        until("CODE 0")
    finally:
        tmux("kill-server")


async def test_a_broker_that_goes_away_in_the_middle(
    broker: RunningBroker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))
    topic = topic_name()
    stream = {"stream": "kafka", "servers": broker.bootstrap_servers, "topic": topic, "speed": "2"}
    app = SorApp({**OPTIONS, **stream})
    async with driving(app=app) as d:
        await d.press("ctrl+r")
        await d.until(
            lambda: (
                app.app_state.live
                and app.app_state.live.view
                and app.app_state.live.view.ts > app.app_state.live.view.start
            )
        )
        await asyncio.to_thread(broker.stop_kafka)
        await d.told("waiting for it")
        assert "broker" in app.message[0]
        assert app.app_state.live is not None
        assert "waiting" in app.app_state.live.state
        await asyncio.to_thread(broker.start)
        await d.told("is back")
        await d.press(*["plus"] * 9)
        await d.finished()
        shown = app.app_state.shown
        assert shown is not None, app.message
    assert shown.text == from_kafka(broker.bootstrap_servers, topic, tmp_path / "other")
    assert shown.data["stream"]["complete"]
    assert bundled_tape().name.startswith(shown.data["tape"]["name"])


@pytest.mark.usefixtures("broker")  # that a broker can be had here
async def test_the_local_broker_is_started_used_and_stopped_by_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_ports: Callable[[], tuple[int, int]]
) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))
    port, zookeeper = free_ports()
    servers, topic = f"127.0.0.1:{port}", topic_name()
    app = SorApp({**OPTIONS, "strategy": "twap", "servers": servers, "topic": topic})
    own = local_broker(DEFAULT_VERSION, port)
    try:
        async with driving(size=(80, 24), app=app) as d:
            await d.press("f6")
            await d.sees("does not serve", f"no broker answers at {servers}", "u Start local broker")
            await d.press("u")
            await d.told(f"Kafka {DEFAULT_VERSION} serves {servers}", "done")
            await d.sees("● serves", f"Kafka {DEFAULT_VERSION} at {servers}", f"Topic {topic}", "not there yet")
            assert own.kafka.find() is not None
            assert own.zookeeper.find() is not None

            await d.press("f2", "ctrl+r")
            await d.finished()
            assert app.app_state.shown is not None, app.message
            assert app.app_state.shown.how.startswith("kafka")
            await d.press("f6")
            await d.sees("messages, offsets 0 to", "sor-backtest")

            await d.press("d")
            await d.told(f"the broker at port {port} is down", "done")
            await d.sees("does not serve", f"no broker answers at {servers}")
            assert ports.is_free(port)
            assert ports.is_free(zookeeper)
            await d.press("d")
            await d.told(f"no broker of ours runs at port {port}", "error")
    finally:
        own.down()
