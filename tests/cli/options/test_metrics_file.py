"""`--metrics` and SOR_METRICS_DIR: where a run's figures go, and that they are never in the way."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cli_fixtures import Sor
from prometheus_client.parser import text_string_to_metric_families

from sor.cli.options.metrics import run_metrics
from sor.errors import StreamError
from sor.sources.source import StreamFacts
from sor.stream.produce.producer import Sent
from sor.stream.progress import StreamProgress, silent


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOR_METRICS_DIR", raising=False)


def samples(file: Path) -> dict[str, float]:
    families = text_string_to_metric_families(file.read_text("utf-8"))
    found = [sample for family in families for sample in family.samples]
    return {s.labels.get("state", s.name): s.value for s in found if s.labels.get("state") is None or s.value}


def test_nothing_is_kept_where_nobody_asks() -> None:
    with run_metrics("produce", "t", None) as metrics:
        assert metrics.watching(silent) is silent, "no cost either"
        metrics.begin("r")
        metrics.sent(Sent("r", 10, True, 1.0))


def test_a_file_from_beginning_to_end(tmp_path: Path) -> None:
    file = tmp_path / "run.prom"
    with run_metrics("produce", "t", file) as metrics:
        seen: list[StreamProgress] = []
        show = metrics.watching(seen.append)
        show(StreamProgress("looking for runs", 5))
        assert not file.exists(), "of which run is not known yet"
        metrics.begin("r")
        assert samples(file)["running"] == 1
        show(StreamProgress("sending", 50))
        assert [progress.messages for progress in seen] == [5, 50]
        metrics.sent(Sent("r", 100, True, 1.0))
    assert (samples(file)["sor_messages_total"], samples(file)["complete"]) == (100, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["run.prom"], "no draft is left"


def test_other_users_may_read_what_a_private_unit_writes(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with run_metrics("produce", "t", tmp_path / "run.prom") as metrics:
            metrics.begin("r")
    finally:
        os.umask(before)
    assert (tmp_path / "run.prom").stat().st_mode & 0o777 == 0o644


def test_a_folder_has_a_file_for_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOR_METRICS_DIR", str(tmp_path))
    for command, run in (("consume", "r"), ("backtest", "r"), ("backtest", "day/AAPL"), ("backtest", "r")):
        with run_metrics(command, "t", None) as metrics:
            metrics.begin(run)
            metrics.read(StreamFacts(3, 2, gaps=1, complete=False), incomplete=True)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["backtest-t-day%2FAAPL.prom", "backtest-t-r.prom", "consume-t-r.prom"]
    assert samples(tmp_path / "consume-t-r.prom")["sor_gaps"] == 1


@pytest.mark.parametrize(
    ("error", "state"), [(StreamError("away"), "failed"), (KeyboardInterrupt(), "interrupted")], ids=str
)
def test_a_run_that_does_not_end_well_says_so(tmp_path: Path, error: BaseException, state: str) -> None:
    file = tmp_path / "run.prom"

    def broken_off() -> None:
        with run_metrics("backtest", "t", file) as metrics:
            metrics.begin("r")
            raise error

    with pytest.raises(type(error)):
        broken_off()
    assert samples(file)[state] == 1


def test_a_folder_that_is_gone_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOR_METRICS_DIR", str(tmp_path / "gone"))
    with run_metrics("produce", "t", None) as metrics:
        metrics.begin("r")
        metrics.sent(Sent("r", 10, True, 1.0))
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("sor: the run's figures are not written any more: ")
    assert line.endswith("No such file or directory")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["produce", "--metrics", "{}/no/run.prom"], "is no folder that can be written"),
        (["produce", "--metrics", "{}"], "is a directory"),
        (["consume", "--out", "{}/x.parquet", "--metrics", "{}/no/run.prom"], "is no folder that can be written"),
        (["backtest", "--from-kafka", "--metrics", "{}/no/run.prom"], "is no folder that can be written"),
        (["backtest", "--metrics", "{}/run.prom"], "goes with --from-kafka"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(sor: Sor, tmp_path: Path, words: list[str], said: str) -> None:
    code, out, err = sor(*[word.format(tmp_path) for word in words])
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) == 1
