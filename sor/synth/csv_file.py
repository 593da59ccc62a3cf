"""Rows of a synthetic tape as CSV with Databento's mbp-1 columns: pretty prices, ISO times with nine decimals."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from sor.core.market.batch import Ints
from sor.core.units import NANO
from sor.errors import InputError
from sor.files.writing import whole_file
from sor.synth.price import NO_QUOTE
from sor.synth.tape import SynthRows, SynthSpec, tape

HEADER = (
    "ts_recv,ts_event,rtype,publisher_id,instrument_id,action,side,depth,price,size,flags,ts_in_delta,sequence,"
    "bid_px_00,ask_px_00,bid_sz_00,ask_sz_00,bid_ct_00,ask_ct_00,symbol"
)
RTYPE_MBP_1 = 1
GZIP_LEVEL = 4  # nearly as small as 6 and almost three times as fast
_THREE_DIGITS = np.array([list(b"%03d" % i) for i in range(1000)], dtype=np.uint8)


def write_tape(spec: SynthSpec, path: Path) -> Iterator[int]:
    """Write the tape of `spec` to `path`, yielding the rows of each block as written. The file appears when whole.

    The same spec gives the same bytes, .gz included (no time stamp in it). InputError, before anything is made, if
    the path cannot be written.
    """
    with ExitStack() as stack:
        try:
            draft = stack.enter_context(whole_file(path))
        except OSError as error:
            raise InputError(f"--out {path}: cannot be written ({error.strerror})") from None
        return _write(spec, path.name, draft, stack.pop_all())


def _write(spec: SynthSpec, name: str, draft: Path, stack: ExitStack) -> Iterator[int]:
    with stack, draft.open("wb") as raw, _compressed(raw, name) as file:
        file.write(f"{HEADER}\n".encode())
        for rows in tape(spec):
            file.write(csv_of(rows, spec.symbols))
            yield len(rows)


def _compressed(raw: IO[bytes], name: str) -> Any:
    if name.endswith(".gz"):
        return gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=GZIP_LEVEL, mtime=0)
    if name.endswith(".zst"):
        return pa.CompressedOutputStream(raw, "zstd")
    return raw


def csv_of(rows: SynthRows, symbols: tuple[str, ...]) -> Any:
    """The lines of a block, without a header, as bytes."""
    n = len(rows)
    columns = {
        "ts_recv": _times(rows.recv),
        "ts_event": _times(rows.ts),
        "rtype": np.full(n, RTYPE_MBP_1, dtype=np.int64),
        "publisher_id": rows.venue,
        "instrument_id": rows.symbol + 1,
        "action": _letters(rows.action),
        "side": _letters(rows.side),
        "depth": rows.depth,
        "price": _prices(rows.price),
        "size": rows.size,
        "flags": rows.flags,
        "ts_in_delta": rows.recv - rows.ts,
        "sequence": rows.sequence,
        "bid_px_00": _prices(rows.bid),
        "ask_px_00": _prices(rows.ask),
        "bid_sz_00": rows.bid_sz,
        "ask_sz_00": rows.ask_sz,
        "bid_ct_00": rows.bid_ct,
        "ask_ct_00": rows.ask_ct,
        "symbol": _strings(symbols, rows.symbol),
    }
    sink = pa.BufferOutputStream()
    options = pa_csv.WriteOptions(include_header=False, quoting_style="none")
    pa_csv.write_csv(pa.table({name: columns[name] for name in HEADER.split(",")}), sink, options)
    return sink.getvalue()


def _strings(values: tuple[str, ...] | list[str], index: Ints) -> Any:
    return pa.array(values, pa.string()).take(pa.array(index))


def _letters(codes: np.ndarray[Any, np.dtype[np.uint8]]) -> Any:
    """A string of one letter for each code."""
    offsets = np.arange(len(codes) + 1, dtype=np.int32)
    return pa.StringArray.from_buffers(len(codes), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(codes)))


def _prices(cents: Ints) -> Any:
    """Dollars with two decimals; nothing where there is no quote."""
    distinct, index = np.unique(cents, return_inverse=True)
    return _strings(["" if c == NO_QUOTE else f"{c // 100}.{c % 100:02d}" for c in distinct.tolist()], index)


def _times(ts: Ints) -> Any:
    """2024-08-01T13:36:32.491911683Z for each time in nanoseconds."""
    seconds, nanos = np.divmod(ts, NANO)
    distinct, index = np.unique(seconds, return_inverse=True)
    heads = [datetime.fromtimestamp(s, UTC).strftime("%Y-%m-%dT%H:%M:%S.") for s in distinct.tolist()]
    text = np.empty((len(ts), 30), dtype=np.uint8)
    text[:, :20] = np.frombuffer("".join(heads).encode(), dtype=np.uint8).reshape(-1, 20)[index]
    text[:, 20:23] = _THREE_DIGITS[nanos // 1_000_000]
    text[:, 23:26] = _THREE_DIGITS[nanos // 1_000 % 1_000]
    text[:, 26:29] = _THREE_DIGITS[nanos % 1_000]
    text[:, 29] = ord("Z")
    offsets = np.arange(0, 30 * (len(ts) + 1), 30, dtype=np.int32)
    return pa.StringArray.from_buffers(len(ts), pa.py_buffer(offsets), pa.py_buffer(text))
