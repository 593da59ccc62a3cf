"""Every symbol of a tape apart: the same messages as each read by itself, and the files read once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import IO, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import PRETTY, T0, Row, row_lists

from sor.errors import InputError
from sor.sources.source import Source
from sor.stream.produce.run_messages import RunMessages
from sor.tapes import open_tape
from sor.tapes.apart import open_symbols
from sor.tapes.bytes.byte_blocks import open_file
from sor.tapes.convert import convert
from sor.tapes.parquet.reader import ParquetReader
from sor.tapes.rows import RowChunk

NAMES = ("AAPL", "B", "BRK.A")


def messages(source: Source) -> list[bytes]:
    """All that a producer sends of a source, its end marker included."""
    lane = RunMessages(source, "r/X", key="X", partition=1, of=3)
    return [body for _, _, body in lane.messages(lambda: 300)] + [lane.end()]


def written(rows: Sequence[Row], folder: Path) -> Path:
    path = folder / "tape.csv"
    path.write_bytes(PRETTY.encode(rows))
    return path


@given(row_lists(symbols=NAMES), st.sampled_from(["last", "first"]), st.sampled_from([1, 3, 2**17]), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_each_symbol_is_as_it_is_alone(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], rule: Literal["last", "first"], chunk: int, late: int
) -> None:
    path = written(rows, tmp_path_factory.mktemp("tape"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.apart.CHUNK_ROWS", chunk)
        patch.setattr("sor.tapes.apart.LEAST_BATCH", 2)
        patch.setattr("sor.tapes.apart.HELD_SNAPSHOTS", 6)
        patch.setattr("sor.tapes.sorting.LATE_ROWS", late)
        apart = open_symbols(path, rule=rule)
        assert list(apart) == sorted({row.symbol for row in rows})
        for symbol, source in apart.items():
            alone = open_tape(path, symbol=symbol, snapshot_rule=rule)
            assert messages(source) == messages(alone)
            assert messages(source) == messages(alone)  # on every pass
            assert (source.timeline(), source.bounds()) == (alone.timeline(), alone.bounds())


def many(names: Sequence[str]) -> list[Row]:
    rng = Random(3)
    return [Row(T0 + at, bid_sz=rng.randint(1, 9), symbol=rng.choice(names)) for at in range(600)]


def noting(opened: list[Path]) -> Callable[[Path], IO[bytes]]:
    def noted(path: Path) -> IO[bytes]:
        opened.append(path)
        opened_file: IO[bytes] = open_file(path)
        return opened_file

    return noted


def test_a_file_is_opened_as_often_for_many_symbols_as_for_two(tmp_path: Path) -> None:
    counts = []
    for number in (2, 40):
        opened: list[Path] = []
        names = [f"S{place}" for place in range(number)]
        path = written(many(names), tmp_path)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sor.tapes.bytes.byte_blocks.open_file", noting(opened))
            apart = open_symbols(path)
            assert set(apart) == set(names)
            assert sum(len(batch) for source in apart.values() for batch in source.batches()) == 600
        counts.append(opened.count(path))
    assert counts[0] == counts[1] <= 3


def test_a_parquet_tape_of_ours_is_read_once_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, out = written(many(NAMES), tmp_path), tmp_path / "tape.parquet"
    convert(path, out)
    alone = {name: messages(open_tape(path, symbol=name)) for name in NAMES}
    passes: list[ParquetReader] = []
    read = ParquetReader.chunks

    def noted(reader: ParquetReader) -> Iterator[RowChunk]:
        passes.append(reader)
        return read(reader)

    monkeypatch.setattr(ParquetReader, "chunks", noted)
    apart = open_symbols(out)
    assert {name: messages(source) for name, source in apart.items()} == alone
    assert len(passes) == 1


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, scratch = written(many(NAMES), tmp_path), tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr("tempfile.tempdir", None)
    apart = open_symbols(path)
    assert list(scratch.iterdir()) == []
    assert messages(apart["B"])


def test_the_national_form_has_one_rule(tmp_path: Path) -> None:
    path = tmp_path / "20131007_ibm_Quote_Tick.csv"
    path.write_text("36000000,1850000,100,1850100,200,N,0,0\n36000001,0,0,1850200,300,Z,0,0\n")
    assert messages(open_symbols(path)["ibm"]) == messages(open_tape(path))
    with pytest.raises(InputError, match=r"Tick\.csv: a tape in NBBO form is read by the last row of an instant"):
        open_symbols(path, rule="first")
