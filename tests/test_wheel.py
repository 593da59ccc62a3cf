"""The wheel is complete: installed anywhere, it gives the bytes that the checkout gives."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """What it prints, run where no checkout is on the path; it must end well."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=cwd, env=clean | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist, and the wheel that is built from it alone."""
    dist = tmp_path_factory.mktemp("dist")
    hatch = (sys.executable, "-m", "hatchling", "build", "-d", str(dist))
    run(*hatch, "-t", "sdist", cwd=REPO)
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(dist, filter="data")
    run(*hatch, "-t", "wheel", cwd=dist / sdist.name.removesuffix(".tar.gz"))
    (wheel,) = dist.glob("*.whl")
    return sdist, wheel


@pytest.mark.skipif(not (REPO / ".git").exists(), reason="not a git checkout")
def test_all_that_is_kept_is_in_the_sdist_and_all_that_runs_in_the_wheel(built: tuple[Path, Path]) -> None:
    sdist, wheel = built
    kept = set(run("git", "ls-files", cwd=REPO).splitlines())
    with tarfile.open(sdist) as archive:
        assert kept <= {name.partition("/")[2] for name in archive.getnames()}
    program = {name for name in kept if name.startswith(("sor/", "tui/"))}
    data = {f"sor/_data/{name.removeprefix('data/')}" for name in kept if name.startswith("data/")}
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert program | data <= names
    assert {name.partition("/")[0] for name in names} == {
        "sor",
        "tui",
        wheel.name.removesuffix("-py3-none-any.whl") + ".dist-info",
    }


@pytest.mark.long
def test_the_unpacked_wheel_reports_as_the_checkout_does(built: tuple[Path, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(built[1]) as archive:
        archive.extractall(tmp_path / "there")
    there = {"PYTHONPATH": str(tmp_path / "there")}
    where = "import sor, tui.app; print(sor.__file__)"
    assert run(sys.executable, "-c", where, cwd=tmp_path, **there).startswith(str(tmp_path))
    words = ("-m", "sor", "backtest", "--json", "--strategy", "twap")
    assert run(sys.executable, *words, cwd=tmp_path, **there) == run(sys.executable, *words, cwd=REPO)


@pytest.mark.slow
@pytest.mark.parametrize("version", PYTHONS)
def test_a_fresh_environment_of_each_python(version: str, built: tuple[Path, Path], tmp_path: Path) -> None:
    """Asks a package index for what the wheel depends on."""
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"no Python {version} here")
    run(python, "-m", "venv", "fresh", cwd=tmp_path)
    bin_ = tmp_path / "fresh" / "bin"
    run(bin_ / "pip", "install", "--quiet", "--no-compile", built[1], cwd=tmp_path)
    assert run(bin_ / "sor-backtest", "--json", cwd=tmp_path) == run(
        sys.executable, "-m", "sor", "backtest", "--json", cwd=REPO
    )
    run(bin_ / "python", "-c", "import tui.app", cwd=tmp_path)
    for name in ("sor", "sor-producer", "sor-tui"):
        assert run(bin_ / name, "--version", cwd=tmp_path).startswith("sor, version ")


def test_the_version_is_one_everywhere() -> None:
    """What is installed, cited and described in the notes of a release is what runs."""
    import sor

    notes = run(sys.executable, REPO / "scripts" / "release-notes", sor.__version__, cwd=REPO)
    assert "### Added" in notes
    assert f"\nversion: {sor.__version__}\n" in (REPO / "CITATION.cff").read_text("utf-8")
