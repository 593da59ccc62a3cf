"""`sor sweep` as people type it: every mistake is one line, and nothing is run before all options are understood."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sor.sweep.store import read_table
from sor.synth.csv_file import write_tape
from sor.synth.tape import SynthSpec

Sor = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tape") / "day.csv"
    spec = SynthSpec(2, 20 * 10**9, 1, ("SYNT",), 1_717_421_400 * 10**9, activity=300)
    for _ in write_tape(spec, path):
        pass
    return path


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--tape", "none/*.csv"), "none/*.csv: no file matches this pattern"),
        (("--tape", "."), "no tape is in this folder"),
        (("--strategy", "twapp"), "strategy 'twapp' is unknown: choose one of"),
        (("--quantity", "100,0"), "quantity '0' must be a whole number of shares"),
        (("--quantity", "100,,200"), "quantity has an empty value"),
        (("--side", "buy,buy"), "side 'buy' is there twice"),
        (("--every", "0"), "every '0' must be seconds, above 0"),
        (("--start", "14:00:00", "--end", "13:00:00"), "before their start"),
        (("--lambda-over", "0.5x"), "a multiple must be above 1"),
        (("--workers", "0"), "workers '0' must be a whole number"),
        (("--config", "none.toml"), "none.toml: cannot be read"),
        (("--tape", "gopher://host/day.csv"), "gopher"),
    ],
)
def test_mistakes_are_one_line(
    sor: Sor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = sor("sweep", *args, "--out", "out")
    assert (code, out) == (2, "")
    assert said in err
    assert err.startswith("sor: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('strategi = "twap"', "unknown key 'strategi'; did you mean 'strategy'?"),
        ("[orders]\nevery = 5", "[orders]: a sweep has no tables"),
        ("every = [1, 2]", "every takes one value"),
        ("every = ", "not TOML"),
        ('strict = "yes"', "strict must be true or false"),
        ("quantity = [[1]]", "quantity must be one value or a list of values"),
    ],
)
def test_bad_toml_is_one_line(sor: Sor, tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "sweep.toml"
    config.write_text(text)
    code, _, err = sor("sweep", "--config", config, "--out", tmp_path / "out")
    assert code == 2
    assert said in err
    assert "sweep.toml" in err
    assert err.count("\n") == 1


def test_flags_and_toml_are_the_same_sweep(sor: Sor, tmp_path: Path, tape: Path) -> None:
    config = tmp_path / "sweep.toml"
    config.write_text(
        f'tape = "{tape}"\nside = ["buy", "sell"]\nquantity = [100, 200]\nevery = 5\nstrategy = "twap"\ninterval = 1\n'
        "workers = 1\nlambda_over = 0.02\n"
    )
    flags = ("--side", "buy,sell", "--quantity", 100, "--quantity", 200, "--every", 5, "--interval", 1, "--workers", 1)
    assert sor("sweep", "--config", config, "--out", tmp_path / "a")[0] == 0
    assert (
        sor("sweep", "--tape", tape, *flags, "--strategy", "twap", "--lambda-over", "0.02", "--out", tmp_path / "b")[0]
        == 0
    )
    assert read_table(tmp_path / "a").equals(read_table(tmp_path / "b"))
    code, _, err = sor("sweep", "--config", config, "--side", "sell", "--out", tmp_path / "c")  # flags go first
    assert code == 0
    assert "6 of 6 cells" in err


def test_a_dry_run_counts_and_measures_and_writes_nothing(sor: Sor, tmp_path: Path, tape: Path) -> None:
    code, out, err = sor(
        "sweep", "--tape", tape, "--every", 5, "--side", "buy,sell", "--strategy", "twap,static", "--quantity", 100,
        "--dry-run", "--workers", 2, "--price", 0.05, "--out", tmp_path / "out",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert out.startswith("12 cells on 1 tape\n")
    assert "twap: 6 cells" in out
    assert "on 2 workers" in out
    assert "$0.00 at $0.05 an hour" in out
    assert not (tmp_path / "out").exists()


def test_when_every_cell_fails_the_sweep_has_failed(sor: Sor, tmp_path: Path) -> None:
    code, out, err = sor("sweep", "--tape", tmp_path / "none.csv", "--strategy", "twap", "--out", tmp_path / "out")
    assert (code, out) == (1, "")
    assert "1 failed" in err
    assert "none.csv" in read_table(tmp_path / "out").column("reason").to_pylist()[0]


def test_a_report_from_table_to_page(sor: Sor, tmp_path: Path, tape: Path) -> None:
    flags = ("--every", 2, "--quantity", 100, "--strategy", "twap", "--interval", 1, "--workers", 1)
    assert sor("sweep", "--tape", tape, *flags, "--out", tmp_path / "out")[0] == 0
    code, out, err = sor("sweep", "report", tmp_path / "out", "--json", "--html", tmp_path / "out.html")
    assert (code, err) == (0, f"wrote {tmp_path / 'out.html'}\n")
    assert json.loads(out)["sweep"]["done"] == 9
    assert (tmp_path / "out.html").read_text().startswith("<!doctype html>")
    code, out, err = sor("sweep", "report", tmp_path / "out")
    assert (code, err) == (0, "")
    assert "evidence" in out
    assert sor("sweep", "report", tmp_path)[0] == 2


def test_without_the_extra_the_cluster_is_one_clear_line(sor: Sor, tmp_path: Path, tape: Path) -> None:
    program = (
        "import sys; sys.modules.update(dict.fromkeys(('dask', 'distributed', 'fsspec')))\n"
        "from sor.cli import run; sys.exit(run(sys.argv[1:], 'sor'))"
    )
    for args in (["--tape", str(tape), "--scheduler", "tcp://127.0.0.1:9"], ["--tape", "memory://days/*.csv"]):
        command = [sys.executable, "-c", program, "sweep", "--out", str(tmp_path / "out"), *args]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
        assert "pip install 'dask>=" in done.stderr


def test_tapes_from_an_address(sor: Sor, tmp_path: Path, tape: Path) -> None:
    import fsspec

    files = fsspec.filesystem("memory")
    for name in ("b.csv", "a.csv", "notes.txt"):
        files.pipe(f"/days/{name}", tape.read_bytes())
    flags = ("--quantity", 100, "--strategy", "twap", "--interval", 1, "--workers", 1)
    assert sor("sweep", "--tape", "memory://days/*.csv", *flags, "--out", tmp_path / "far")[0] == 0
    assert sor("sweep", "--tape", "memory://days/", *flags, "--out", tmp_path / "folder")[0] == 0
    assert sor("sweep", "--tape", tape, *flags, "--out", tmp_path / "near")[0] == 0
    far = read_table(tmp_path / "far").to_pylist()
    assert [row["tape"] for row in far] == ["memory:///days/a.csv", "memory:///days/b.csv"]
    assert read_table(tmp_path / "folder").to_pylist() == far
    near = read_table(tmp_path / "near").to_pylist()
    assert [row["total_cash"] for row in far] == [near[0]["total_cash"]] * 2
    code, _, err = sor("sweep", "--tape", "memory://nowhere/*.csv", *flags, "--out", tmp_path / "none")
    assert code == 2
    assert "no file matches" in err
