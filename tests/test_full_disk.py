"""A disk without room, or without room for another name: one line that says which file, and nothing half written."""

from __future__ import annotations

import gc
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sor.cli import run
from sor.files.writing import write_whole
from sor.paths import bundled_tape

Mount = Callable[[str], Path]


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a small file system, as the options of tmpfs say it."""
    made: list[Path] = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(made)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
            pytest.skip("mounting a small file system needs root")
        made.append(folder)
        return folder

    yield mount
    gc.collect()  # files of what has failed are closed when it is forgotten
    for folder in made:
        subprocess.run(["umount", str(folder)], check=True)


def _writings(tmp_path: Path, disk: Path) -> Iterator[tuple[list[str], str]]:
    """Commands that write to the disk, and the file or option that their line must name."""
    # A larger order has so many fills that they do not fit.
    yield ["backtest", "--strategy", "static", "--quantity", "40000", "--out", str(disk / "o")], f"--out {disk / 'o'}: "
    yield ["data", "convert", str(bundled_tape()), str(disk / "a.parquet")], f"{disk / 'a.parquet'}: "
    for name in ("s.csv", "s.csv.gz", "s.parquet"):
        yield ["data", "synth", "--out", str(disk / name), "--minutes", "20"], f"{disk / name}: "


def test_every_command_names_what_it_could_not_write(
    mounted: Mount, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = mounted("size=64k")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    for words, named in _writings(tmp_path, disk):
        assert run(words, "sor") == 1, words
        err = capsys.readouterr().err.splitlines()[-1]
        assert named in err, (words, err)
        assert "No space left on device" in err, (words, err)
        assert not [path for path in disk.rglob("*") if path.is_file()], words


def test_a_whole_file_that_does_not_fit_is_named_by_its_own_name(mounted: Mount) -> None:
    disk = mounted("size=64k")
    write_whole(disk / "small", "before")
    with pytest.raises(OSError, match="No space left on device") as caught:
        write_whole(disk / "small", b"x" * 200_000)
    assert caught.value.filename == str(disk / "small")
    assert [path.name for path in disk.iterdir()] == ["small"]
    assert (disk / "small").read_text() == "before"


def test_no_inode_left(mounted: Mount, capsys: pytest.CaptureFixture[str]) -> None:
    disk = mounted("size=10m,nr_inodes=4")
    for number in range(3):
        (disk / str(number)).touch()
    for words, named in _writings(disk, disk):
        code = run(words, "sor")
        err = capsys.readouterr().err.splitlines()[-1]
        assert code in (1, 2), words
        assert str(disk) in err, (words, err)
        assert "No space left on device" in err, (words, err)
        assert named.split("/")[-1].rstrip(": ") in err
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(disk / "another", "x")
    assert {path.name for path in disk.iterdir()} == {"0", "1", "2"}


def test_a_state_folder_without_room_stops_no_reading(mounted: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint that cannot be held costs the going on after a kill, and nothing else."""
    from sor.stream.consume.checkpoint import Checkpoint

    disk = mounted("size=10m,nr_inodes=3")
    for number in range(2):
        (disk / str(number)).touch()
    monkeypatch.setenv("SOR_STATE", str(disk / "state"))
    assert Checkpoint.hold("servers", "topic", "run") is None
