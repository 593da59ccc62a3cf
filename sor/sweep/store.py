"""The folder of a sweep: the plan it belongs to, and its table as Parquet files of one chunk each.

A file appears when it is whole, so that whatever kills a sweep, what is there is right; the same command goes on from
it. Layout: plan.json, results/tape=NAME/symbol=SYMBOL/cells-00000000.parquet (named by its first cell), run.json.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sor.errors import InputError, SorError
from sor.files.writing import file_name, try_lock, write_whole
from sor.sweep.plan import Chunk, SweepPlan
from sor.sweep.row import FAILED, SCHEMA

PLAN, RESULTS, RUN = "plan.json", "results", "run.json"


class Store:
    """The results of one plan in a folder."""

    def __init__(self, folder: Path, plan: SweepPlan) -> None:
        self.folder = folder
        self._plan = plan
        self._identity = plan.identity()

    @contextmanager
    def opened(self) -> Iterator[Store]:
        """Make the folder or go on in it. InputError where it holds something else, or a sweep is at work in it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.folder / ".lock", os.O_CREAT | os.O_RDWR)
        except OSError as error:
            raise InputError(f"--out {self.folder}: cannot be written ({error.strerror})") from None
        try:
            if not try_lock(lock):
                raise InputError(f"--out {self.folder}: another sweep is at work there")
            self._claim()
            yield self
        finally:
            os.close(lock)

    def _claim(self) -> None:
        path = self.folder / PLAN
        text = json.dumps(self._identity, indent=2) + "\n"
        if not path.exists():
            if any(entry.name != ".lock" for entry in self.folder.iterdir()):
                raise InputError(f"--out {self.folder}: the folder is not empty and holds no sweep: name another")
            write_whole(path, text.encode(), durable=True)
            return
        found = read_plan(self.folder)
        if found != json.loads(text):
            differs = next((key for key in self._identity if found.get(key) != self._identity[key]), "plan")
            raise InputError(
                f"--out {self.folder}: holds another sweep (its {differs} {_verb(differs)}): name another folder, or "
                "give the same options to go on with it"
            )

    def file(self, chunk: Chunk) -> Path:
        cell = chunk.cells[0]
        tape = os.path.basename(cell.tape).partition(".")[0] or "-"
        parts = f"tape={file_name(tape)}", f"symbol={file_name(cell.symbol or '-')}"
        return self.folder.joinpath(RESULTS, *parts, f"{chunk.name}.parquet")

    def keep(self, chunk: Chunk, parquet: bytes) -> None:
        """Write the file of the chunk's rows. SorError where the disk does not take them."""
        path = self.file(chunk)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, parquet, durable=True)
        except OSError as error:
            raise SorError(
                f"{path}: {error.strerror or error}; what was done before is kept: make room and give the same "
                "command again"
            ) from None

    def missing(self, *, retry_failed: bool = False) -> tuple[list[Chunk], int]:
        """The chunks that are still to be done, and the cells that need not be done again."""
        todo, done = [], 0
        for chunk in self._plan.chunks():
            path = self.file(chunk)
            if not path.exists() or (retry_failed and _has_failed(path)):
                todo.append(chunk)
            else:
                done += len(chunk.cells)
        return todo, done

    def note(self, facts: dict[str, Any]) -> None:
        """What this run was like: times and the like, which are no part of the table."""
        write_whole(self.folder / RUN, (json.dumps(facts, indent=2) + "\n").encode(), durable=True)


def read_plan(folder: Path) -> dict[str, Any]:
    """The plan of a sweep's folder as JSON has it. InputError where there is none."""
    try:
        found = json.loads((folder / PLAN).read_bytes())
    except OSError as error:
        raise InputError(f"{folder}: holds no sweep ({PLAN}: {error.strerror})") from None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{folder / PLAN}: damaged: name another folder with --out")
    return found


def read_table(folder: Path, columns: list[str] | None = None) -> pa.Table:
    """The table of a sweep in the order of its cells, whole or as far as it has come."""
    read_plan(folder)
    files = sorted((folder / RESULTS).glob("*/*/cells-*.parquet"), key=lambda path: path.name)
    names = columns or SCHEMA.names
    try:
        tables = [pq.ParquetFile(path).read(columns=names) for path in files]
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{folder}: the results cannot be read ({' '.join(str(error).split())[:120]})") from None
    empty = pa.schema([SCHEMA.field(name) for name in names]).empty_table()
    return pa.concat_tables([empty, *(table.select(names) for table in tables)])


def _has_failed(path: Path) -> bool:
    return FAILED in pq.ParquetFile(path).read(columns=["status"]).column("status").to_pylist()


def _verb(noun: str) -> str:
    return "differ" if noun.endswith("s") else "differs"
