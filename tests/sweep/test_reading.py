"""How often a sweep reads its tapes, and who reads which: counted, never timed."""

from __future__ import annotations

import errno
import gc
import io
import multiprocessing
import os
import shutil
import signal
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures.process import _ExecutorManagerThread
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sweep_tools import Cluster, make_tape, planned, run_sweep

from sor.core.market.batch import SnapshotBatch
from sor.sources.snapshot_buffer import SnapshotBuffer
from sor.sweep.local_pool import LOST, run_local
from sor.sweep.plan import Cell, Chunk
from sor.sweep.row import failed_row
from sor.sweep.shares import Shares
from sor.sweep.store import read_table
from sor.sweep.worker import ChunkResult, _tapes, work
from sor.tapes.convert import convert
from sor.tapes.parquet.kept import KeptGroups
from sor.tapes.parquet.reader import ParquetReader
from sor.tapes.rows import RowChunk

OPTIONS = {"every": "30", "horizon": "40", "interval": "5", "side": "buy,sell", "strategy": "twap,cont_kukanov",
          "lambda_over": "1.5x", "lambda_under": "1.5x", "theta_queue": "0"}  # fmt: skip


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes in our Parquet form, of many row groups."""
    folder = tmp_path_factory.mktemp("tape")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.parquet.writer.GROUP_ROWS", 500)
        convert(make_tape(folder / "day.csv", minutes=2), folder / "day.parquet")
    assert ParquetReader(folder / "day.parquet").facts.groups[8:]
    return folder / "day.parquet"


@pytest.fixture(scope="module")
def afresh(tape: Path, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    """The table of a sweep that opens the tape for every cell and keeps nothing of it."""
    out = tmp_path_factory.mktemp("afresh") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.sweep.worker._tapes", Forgetful())
        patch.setattr("sor.tapes.parquet.source.KeptGroups", Unkept)
        run_sweep(out, {**OPTIONS, "tape": str(tape)})
    return read_table(out)


@pytest.fixture(autouse=True)
def nothing_open(afresh: pa.Table) -> None:
    """A sweep of one worker is done in this process, which keeps its tapes open."""
    _tapes.open.clear()


class Forgetful:
    @property
    def open(self) -> dict[Any, Any]:
        return {}


class Unkept(KeptGroups):
    def batches(self, groups: Iterable[int]) -> Iterator[SnapshotBatch]:
        for group in groups:
            yield from self._read(group)


def readings(monkeypatch: pytest.MonkeyPatch) -> Counter[tuple[Path, int]]:
    """How often each row group of each tape is read from now on."""
    found: Counter[tuple[Path, int]] = Counter()
    original = ParquetReader.chunks

    def spy(self: ParquetReader, groups: Sequence[int] | None = None) -> Iterator[RowChunk]:
        found.update((self._path, group) for group in (range(len(self.facts.groups)) if groups is None else groups))
        return original(self, groups)

    monkeypatch.setattr(ParquetReader, "chunks", spy)
    return found


def test_a_row_group_is_read_once_for_all_cells(
    tape: Path, afresh: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = readings(monkeypatch)
    run_sweep(tmp_path / "out", {**OPTIONS, "tape": str(tape)})
    assert len(read) > 8
    assert set(read.values()) == {1}
    assert read_table(tmp_path / "out").equals(afresh)


def test_what_is_kept_takes_no_memory(
    tape: Path, afresh: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on disk, and still read once."""
    spools = list[SnapshotBuffer]()

    def spool(memory_budget: int) -> SnapshotBuffer:
        spools.append(SnapshotBuffer(memory_budget=memory_budget))
        return spools[-1]

    monkeypatch.setattr("sor.tapes.parquet.kept.SnapshotBuffer", spool)
    read = readings(monkeypatch)
    run_sweep(tmp_path / "out", {**OPTIONS, "tape": str(tape)})
    assert [(one.position > 10_000, one._held) for one in spools] == [(True, [])]
    assert set(read.values()) == {1}
    assert read_table(tmp_path / "out").equals(afresh)


def test_no_room_for_what_could_be_kept(
    tape: Path, afresh: pa.Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep of Parquet tapes needs no room of its own: without it, it reads them again."""
    appended = []
    original = SnapshotBuffer.append

    def append(self: SnapshotBuffer, batch: SnapshotBatch) -> None:
        appended.append(batch)
        if len(appended) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(self, batch)

    monkeypatch.setattr(SnapshotBuffer, "append", append)
    run_sweep(tmp_path / "out", {**OPTIONS, "tape": str(tape)})
    assert len(appended) == 3
    assert read_table(tmp_path / "out").equals(afresh)


@pytest.mark.parametrize("name", ["day.csv", "day.parquet"])
def test_a_tape_that_changes_between_cells_is_noticed(tape: Path, tmp_path: Path, name: str) -> None:
    """By its time alone, too; the cells before it stand."""
    mine = tmp_path / name
    shutil.copyfile(tape.with_name(name), mine)
    first, second, *_ = planned({**OPTIONS, "tape": str(mine)}).chunks()
    assert work(first).failed == 0
    os.utime(mine, ns=(0, 0))
    (reason,) = set(pq.read_table(io.BytesIO(work(second).parquet), columns=["reason"])["reason"].to_pylist())
    assert reason == f"{mine}: was changed while the sweep was at work: sweep it again into another folder"


# -- who does which chunks ---------------------------------------------------------------------------------------------


def chunks(**tapes: int) -> list[Chunk]:
    """So many chunks of each tape, of one cell."""
    (cell,) = next(iter(planned({"tape": "absent.csv", "strategy": "twap"}).chunks())).cells
    names = [name for name, count in tapes.items() for _ in range(count)]
    return [Chunk((replace(cell, index=index, tape=name),)) for index, name in enumerate(names)]


def given(shares: Shares, turns: Iterable[int]) -> list[tuple[int, str, int]]:
    """Who gets what when they ask in these turns: worker, tape, number."""
    found = []
    for worker in turns:
        chunk = shares.next(worker)
        assert chunk is not None
        found.append((worker, chunk.cells[0].tape, chunk.cells[0].index))
    return found


def test_workers_stay_at_their_tapes() -> None:
    shares = Shares(chunks(a=3, b=3, c=2))
    assert given(shares, [0, 1, 1, 0, 1, 1, 0]) == [
        (0, "a", 0), (1, "b", 3), (1, "b", 4), (0, "a", 1), (1, "b", 5), (1, "c", 6), (0, "a", 2),
    ]  # fmt: skip


def test_nobody_is_idle_while_there_is_work() -> None:
    """Half of what the busiest has left, from its end; and the owner goes on as before."""
    shares = Shares(chunks(a=5))
    assert given(shares, [0, 1, 2, 0, 2]) == [(0, "a", 0), (1, "a", 3), (2, "a", 2), (0, "a", 1), (2, "a", 4)]
    assert not shares
    assert [shares.next(worker) for worker in range(3)] == [None] * 3


def test_what_is_put_back_comes_first() -> None:
    shares = Shares(chunks(a=2))
    chunk = shares.next(0)
    assert chunk is not None
    shares.put_back(0, chunk)
    assert given(shares, [0, 0]) == [(0, "a", 0), (0, "a", 1)]


@pytest.mark.long
def test_workers_of_a_cluster_stay_at_their_tapes(cluster: Cluster, days: list[Path], tmp_path: Path) -> None:
    """Each tape is opened by one worker; but the last by both, where one of them has nothing else to do."""
    distributed = pytest.importorskip("distributed")
    tapes = [Path(shutil.copy(days[0], tmp_path / f"tape{number}.csv")) for number in range(6)]
    noted = tmp_path / "opened"

    def note_what_is_opened() -> None:
        from sor.sweep import worker

        def note(cell: Cell) -> object:
            with noted.open("a") as file:
                file.write(f"{os.getpid()} {cell.tape}\n")
            return opened(cell)

        opened, worker._opened = worker._opened, note  # type: ignore[assignment]

    async def leave_them_be(dask_scheduler: Any) -> None:
        """Dask itself must not move a chunk while a worker waits for its next one."""
        await dask_scheduler.extensions["stealing"].stop()

    with distributed.Client(cluster.address, timeout=120, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=120)
        client.run(note_what_is_opened)
        client.run_on_scheduler(leave_them_be)
    options = {"every": "2", "horizon": "20", "interval": "5", "side": "buy,sell", "strategy": "twap"}
    tally = run_sweep(tmp_path / "out", {**options, "tape": list(map(str, tapes))}, scheduler=cluster.address)
    assert tally.done == tally.cells
    lines = noted.read_text().splitlines()
    assert len(set(lines)) == len(lines)
    assert {line.split()[1] for line in lines} == set(map(str, tapes))
    assert len(lines) <= len(tapes) + 1


def kills_at_b(chunk: Chunk) -> ChunkResult:
    """What the processes are given in place of `work`: any process that takes a chunk of tape b is gone."""
    if chunk.cells[0].tape == "b":
        os.kill(os.getpid(), signal.SIGKILL)
    return ChunkResult.from_rows([failed_row(cell, "not tried") for cell in chunk.cells])


def kills_in_the_midst_of_a_result(chunk: Chunk) -> ChunkResult:
    """Likewise, with the length of a result written and no more of it."""
    if chunk.cells[0].tape == "b":
        for one in gc.get_objects():
            if isinstance(one, Connection) and not one.closed and one.writable:
                os.write(one.fileno(), struct.pack("!i", 1_000))
    return kills_at_b(chunk)


@pytest.mark.parametrize("at_b", [kills_at_b, pytest.param(kills_in_the_midst_of_a_result, marks=pytest.mark.long)])
def test_a_chunk_that_kills_every_worker_is_given_up_and_no_other(
    monkeypatch: pytest.MonkeyPatch, at_b: Callable[[Chunk], ChunkResult]
) -> None:
    monkeypatch.setattr("sor.sweep.local_pool.work", at_b)
    todo = chunks(a=3, b=1, c=2)
    found = {chunk.name: answer for chunk, answer in run_local(todo, 2)}
    assert set(found) == {chunk.name for chunk in todo}
    lost = [chunk.cells[0].tape for chunk in todo if found[chunk.name] == LOST]
    assert lost == ["b"]
    assert all(isinstance(found[chunk.name], ChunkResult) for chunk in todo if chunk.cells[0].tape != "b")


def takes_long_at_b(chunk: Chunk) -> ChunkResult:
    if chunk.cells[0].tape == "b":
        time.sleep(600)
    return ChunkResult.from_rows([failed_row(cell, "not tried") for cell in chunk.cells])


def test_a_sweep_that_is_broken_off_ends_with_its_workers_and_leaves_no_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread that is still closing its pipes as the program ends gets a traceback on standard error."""

    def late(thread: _ExecutorManagerThread) -> None:
        time.sleep(0.3)
        join(thread)

    join = _ExecutorManagerThread.join_executor_internals
    monkeypatch.setattr(_ExecutorManagerThread, "join_executor_internals", late)
    monkeypatch.setattr("sor.sweep.local_pool.work", takes_long_at_b)
    before, finished = set(threading.enumerate()), run_local(chunks(a=1, b=1), 2)
    assert next(finished)[0].cells[0].tape == "a"
    workers = multiprocessing.active_children()
    finished.close()  # type: ignore[attr-defined]
    assert set(threading.enumerate()) <= before
    assert not any(worker.is_alive() for worker in workers)
