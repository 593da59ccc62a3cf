"""Tables of fills and child orders as files: CSV for people and spreadsheets, Parquet for programs; exact in both."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from sor.core.units import format_time
from sor.report.ledger import FillRecord, OrderRecord

TIMES = ("ts", "decided", "joined", "arrived", "first_fill", "last_fill", "ended")
WORDS = ("strategy", "kind", "venue", "mic", "why")


def record_files(
    kind: type[FillRecord | OrderRecord], records: Sequence[FillRecord | OrderRecord], as_csv: Path, as_parquet: Path
) -> Iterator[Path]:
    """Write records of one kind as CSV and as Parquet; yields the files as they are there."""
    columns = [field.name for field in fields(kind)]
    with as_csv.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(columns)
        table.writerows([_text(name, getattr(record, name)) for name in columns] for record in records)
    yield as_csv
    yield parquet(columns, records, as_parquet)


def parquet(columns: Sequence[str], records: Sequence[FillRecord | OrderRecord], path: Path) -> Path:
    """Money as exact decimals, times as UTC timestamps with nanoseconds."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {
        "px": pa.decimal128(38, 9),
        "mid": pa.decimal128(38, 10),
        "spread": pa.decimal128(38, 9),
        "fee": pa.decimal128(38, 9),
        **dict.fromkeys(WORDS, pa.string()),
        **dict.fromkeys(TIMES, pa.timestamp("ns", "UTC")),
    }
    schema = pa.schema([(name, types.get(name, pa.int64())) for name in columns])
    table = pa.table({name: [getattr(record, name) for record in records] for name in columns}, schema=schema)
    pq.write_table(table, path, compression="zstd")
    return path


def _text(name: str, value: Any) -> str:
    return "" if value is None else format_time(value) if name in TIMES else str(value)
