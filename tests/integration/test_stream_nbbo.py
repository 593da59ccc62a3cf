"""A tape in NBBO form through a real broker: the report of the run is the file's, byte for byte."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from reference.adapter import national_to_sor
from reference.nbbo_tapes import STICKY, WILD, random_nbbo_tape
from stream_tools import REAL_TAPE, Few, all_records, digest, topic_name, without_stream

from sor.cli import run
from sor.core.market.batch import Form, batch_of
from sor.core.units import NANO, UNSPOKEN
from sor.tapes import open_tape
from sor.tapes.from_snapshots import write_snapshots

pytestmark = pytest.mark.broker

LEAN = REAL_TAPE.parent / "lean"
TEN = 10 * 3600 * 1000  # New York's 10 o'clock in ms, as these files count
TAPES = ("wild", "sticky", "real")


@pytest.fixture(scope="module", params=TAPES)
def tapes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The files of a tape: sides that flip, vanish or are not spoken of, and prints that come late."""
    folder = tmp_path_factory.mktemp("tape")
    if request.param == "real":
        if not LEAN.is_dir():
            pytest.skip("no real LEAN days beside the project")
        return [ten_minutes(LEAN / f"ibm-20131007_{what}.zip", folder) for what in ("quote", "trade")]
    source = Few(1)
    source.form, source.prints_late = Form.NBBO, NANO
    mood = WILD if request.param == "wild" else STICKY
    source.batch = batch_of(national_to_sor(random_nbbo_tape(Random(11), mood, 2_500)))
    assert (source.batch.bid_px == UNSPOKEN).any()
    assert (source.batch.venue == 0).any()  # a side without a national quote
    write_snapshots(source, folder / "tape.parquet")
    return [folder / "tape.parquet"]


def ten_minutes(day: Path, folder: Path) -> Path:
    """The lines of ten minutes as the vendor wrote them."""
    with zipfile.ZipFile(day) as archive:
        (name,) = archive.namelist()
        lines = archive.read(name).splitlines(keepends=True)
    found = [line for line in lines if TEN <= int(line.partition(b",")[0]) < TEN + 600_000]
    (folder / name).write_bytes(b"".join(found))
    return folder / name


@pytest.fixture(scope="module")
def topic(tapes: list[Path], _session_broker: Any) -> str:
    _session_broker.start()
    made = topic_name()
    where = ["--bootstrap-servers", _session_broker.bootstrap_servers, "--topic", made]
    assert run(["produce", *of(tapes), "--speed", "max", "--run-id", "r", *where], "sor") == 0
    return made


@pytest.mark.parametrize("side", ["buy", "sell"])
@pytest.mark.parametrize(("strategy", "quantity"), [("best_ask", "4000"), ("static", "300"), ("cont_kukanov", "4000")])
def test_the_report_of_the_stream_is_the_files(
    broker: Any,
    tapes: list[Path],
    topic: str,
    strategy: str,
    quantity: str,
    side: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = ["--from-kafka", "--bootstrap-servers", broker.bootstrap_servers, "--topic", topic]
    order = ["--json", "--strategy", strategy, "--side", side, "--quantity", quantity]
    streamed = report(["backtest", *where, *order], capsys)
    same = without_stream(streamed) == without_stream(report(["backtest", *of(tapes), *order], capsys))
    assert same  # pytest would take minutes to say where two long lines differ
    found = json.loads(streamed)
    assert found["stream"]["complete"]
    assert found["strategies"][strategy]["filled"] > 0


def test_the_messages_say_the_form(broker: Any, tapes: list[Path], topic: str) -> None:
    """The first one for all; a side of which nothing is said has no keys in any."""
    records, tape = all_records(broker.bootstrap_servers, topic), open_tape(tapes)
    ahead = json.loads(dict(records[0].headers)["tape"])
    assert (ahead["form"], ahead["prints_late"]) == ("nbbo", NANO)
    spoken = [
        (quote["publisher_id"], "bid_px_00" in quote, "ask_px_00" in quote)
        for record in records[:-1]
        for quote in json.loads(record.value)["venues"]
    ]
    assert spoken == [
        quote
        for batch in tape.batches()
        for quote in zip(
            batch.venue.tolist(),
            (batch.bid_px != UNSPOKEN).tolist(),
            (batch.ask_px != UNSPOKEN).tolist(),
            strict=True,
        )
    ]


def test_a_consumed_run_is_the_tape(broker: Any, tapes: list[Path], topic: str, tmp_path: Path) -> None:
    out = tmp_path / "day.parquet"
    where = ["--bootstrap-servers", broker.bootstrap_servers, "--topic", topic]
    assert run(["consume", *where, "--out", str(out)], "sor") == 0
    written, tape = open_tape(out), open_tape(tapes)
    assert digest(written.batches()) == digest(tape.batches())
    assert (written.form, written.prints_late) == (Form.NBBO, NANO)


def of(tapes: Sequence[Path]) -> list[str]:
    return [word for tape in tapes for word in ("--tape", str(tape))]


def report(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    code = run(words, "sor")
    out, err = capsys.readouterr()
    assert code == 0, err
    return out
