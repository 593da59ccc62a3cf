"""File and stream give the same bytes of report: every strategy, both sides, both profiles, both tapes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from broker_fixtures import RunningBroker
from stream_tools import REAL_TAPE, topic_name, without_stream

from sor.cli import run
from sor.core.spec import STRATEGIES
from sor.paths import bundled_tape

pytestmark = pytest.mark.broker

TAPES = {"bundled": bundled_tape(), "real": REAL_TAPE}
RULES = ("last", "first")
OPTIONS = [
    *(["--strategy", name] for name in STRATEGIES),
    ["--side", "sell"],
    ["--side", "sell", "--quantity", "1200", "--queue-model", "optimistic", "--latency-us", "500"],
    ["--profile", "seed", "--clip"],  # the bundled tape does not reach as far as the seed's window
    ["--profile", "seed", "--clip", "--side", "sell"],
    ["--liquidity", "replenish", "--fees", "none", "--strategy", "twap", "--interval", "30"],
    ["--orders", "3", "--quantity", "300", "--strategy", "best_ask", "--max-quote-age", "2"],
    ["--strategy", "delay", "--param", "c=0.00005,0.001", "--quantity", "900"],  # a grid, walked forward
    ["--strategy", "pov", "--param", "rate=0.01", "--param", "router=imbalance", "--side", "sell"],
]


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOR_STATE", str(tmp_path / "state"))


@pytest.fixture(scope="module", params=TAPES)
def tape(request: pytest.FixtureRequest) -> Path:
    if not TAPES[request.param].exists():
        pytest.skip("the real tape is not beside the repository")
    return TAPES[request.param]


@pytest.fixture(scope="module")
def topics(tape: Path, _session_broker: RunningBroker) -> dict[str, str]:
    """The tape in a topic for each snapshot rule."""
    _session_broker.start()
    made = {rule: topic_name() for rule in RULES}
    for rule, topic in made.items():
        where = ["--bootstrap-servers", _session_broker.bootstrap_servers, "--topic", topic]
        words = ["produce", "--tape", str(tape), "--speed", "max", "--snapshot-rule", rule, *where]
        assert run(words, "sor") == 0
    return made


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_the_report_of_the_stream_is_the_files(
    broker: RunningBroker, topics: dict[str, str], tape: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    rule = "first" if "seed" in options else "last"
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topics[rule], "--idle-timeout", "20"]
    streamed = report(["backtest", "--json", "--from-kafka", *where, *options], capsys)
    assert without_stream(streamed) == without_stream(
        report(["backtest", "--json", "--tape", str(tape), *options], capsys)
    )
    stream = json.loads(streamed)["stream"]
    assert stream["expected"] == stream["received"] > 0
    assert (stream["duplicates"], stream["gaps"], stream["rejected"], stream["complete"]) == (0, 0, 0, True)


@pytest.mark.smoke
def test_a_tape_goes_through_a_real_broker_and_comes_out_the_same(
    broker: RunningBroker, capsys: pytest.CaptureFixture[str]
) -> None:
    """One run for `make test`: all of these, and more, are in `make test-broker`."""
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic_name()]
    assert run(["produce", "--speed", "max", *where], "sor") == 0
    capsys.readouterr()
    streamed = report(["backtest", "--json", "--from-kafka", *where, "--strategy", "twap"], capsys)
    assert without_stream(streamed) == without_stream(report(["backtest", "--json", "--strategy", "twap"], capsys))


def test_a_stream_of_the_other_snapshot_rule_says_so(
    broker: RunningBroker, topics: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topics["last"]]
    found = json.loads(report(["backtest", "--json", "--from-kafka", *where, "--profile", "seed", "--clip"], capsys))
    assert any("was produced with --snapshot-rule last, and first was asked for" in text for text in found["warnings"])


def report(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    code = run(words, "sor")
    out, err = capsys.readouterr()
    assert code == 0, err
    return out
