"""The surfaces that benchmarks/fuzz.py feeds: by name a good input, and what is done with a mutated one."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from sor.core.market.batch import Form, SnapshotBatch
from sor.core.place import Problem
from sor.fees import load_fees
from sor.files.toml_file import read_toml
from sor.paths import bundled_tape
from sor.request import BacktestRequest
from sor.sources.snapshot_buffer import SnapshotBuffer
from sor.sources.source import TapeFacts
from sor.stream.consume.checkpoint import Checkpoint
from sor.stream.kafka.fast_records import FastRecords
from sor.stream.kafka.properties import _settings, read
from sor.stream.names import check_run_id, check_servers
from sor.stream.wire.decode import decode
from sor.stream.wire.encode import encode
from sor.stream.wire.envelope import Ahead, end_facts, end_value, open_envelope
from sor.tapes import open_tape
from sor.tapes.convert import convert
from sor.text import json_text, plain

Take = Callable[[bytes, Path], object]
Surface = tuple[bytes, Take]

PIECES = [b"null", b"-1", b"1e999", b"1e-99999999999999999999", b"9" * 400, b'"', b"{}", b"[", b"\x1b]0;x\x07", b"\xff"]
PIECES += [b"\0", b",", b"\n", b"\r", b"NaN", b"true", b"2024-13-01", b"\xe2\x80\xae", b"'", b"\\u0000", b"=", b"."]
PIECES += ["²".encode(), "٣".encode(), "\u2028".encode(), b"\xed\xa0\x80", b"..", b"/", b"~x/"]  # digits that are none
OPTIONS = {
    "quantity": "5000",
    "start": "13:36:32.5",
    "end": "2024-06-03T13:45:14-04:00",
    "interval": "60",
    "day": "2024-06-03",
    "tz": "America/New_York",
    "lambda_over": "1.5x,2x",
    "theta_queue": "0.001,0.01",
    "latency_us": "150,2=80,43=310",
    "queue_model": "power:2",
    "limit_price": "222.75",
    "max_quote_age": "1.5",
    "strategy": "cont_kukanov",
    "orders": "3",
}
PROPERTIES = b"security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nssl.truststore.location=/a/b.pem\n"
PROPERTIES += b'sasl.jaas.config=x required username="u" \\\n  password="p";\n'


def mutated(data: bytes, rng: random.Random) -> bytes:
    """One to four changes: bytes flipped, cut, doubled, swapped, or something odd put in."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(6)
        if kind == 0 and at < len(out):
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            del out[at : at + rng.choice((1, 2, 8, 64, len(out)))]
        elif kind == 2:
            out[at:at] = rng.choice(PIECES)
        elif kind == 3:
            out[at : at + rng.randint(1, 12)] = rng.choice(PIECES)
        elif kind == 4:
            out[at:at] = out[at : at + rng.choice((3, 30, 300))]
        else:
            out[at : at + 8] = rng.randbytes(8)
    return bytes(out)


def surfaces(folder: Path) -> dict[str, Surface]:
    """All of them; `folder` is for the files that some of them need."""
    lines = gzip.decompress(bundled_tape().read_bytes()).splitlines()[:60]
    tape = b"\n".join(lines) + b"\n"
    csv, parquet = folder / "good.csv", folder / "good.parquet"
    csv.write_bytes(tape)
    convert(csv, parquet)
    batch = next(iter(open_tape(csv).batches())).slice(0, 3)
    message = encode(batch)[0]
    return {
        "codec": (message, lambda data, _: decode([message, data, message])),
        "nbbo codec": (message, lambda data, _: decode([data], Form.NBBO)),
        "record batch": (_record_batch(message), _records),
        "headers": (_good_headers(), _headers),
        "end marker": (end_value("r", 3, TapeFacts("t", "S", 3)), lambda data, _: end_facts(data)),
        "checkpoint": _checkpoint(folder),
        "spool": _spool(folder, batch),
        "csv": (tape, _tape("tape.csv")),
        "csv.gz": (gzip.compress(tape, 1, mtime=0), _tape("tape.csv.gz")),
        "plain table": (_plain_table(), _tape("plain.csv")),
        "parquet": (parquet.read_bytes(), _tape("tape.parquet")),
        **_dbn(),
        "toml": (_SWEEP, lambda data, place: read_toml(_file(place, data), "sweep")),
        "fees": (b'{"2": {"take": 0.003, "make": 0.002}}', lambda data, place: load_fees(_file(place, data))),
        "properties": (PROPERTIES, _properties),
        "place": (json.dumps(_PLACE).encode(), lambda data, _: Problem.from_json(json.loads(data.decode()))),
        **{f"--{name}": (text.encode(), _option(name)) for name, text in OPTIONS.items()},
        "run id": (b"20240603T133000Z-abc123/AAPL", lambda data, _: check_run_id(_text(data))),
        "servers": (b"127.0.0.1:9092,[::1]:9093", lambda data, _: check_servers(_text(data))),
        "text": (b"A\x1b]0;x\x07", _shown),
    }


_SWEEP = b'tape = ["a.csv"]\nquantity = [100, 200]\nside = "buy"\n'
_PLACE: dict[str, Any] = {"S": 1000, "h": 0.02, "f": 0.003, "theta": 0.0005, "lambda_under": 0.045, "lambda_over": 0.05}
_PLACE |= {"venues": [{"queue": 2000, "rebate": 0.002, "outflow": {"family": "exponential", "mean": 2200}}]}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "input"
    path.write_bytes(data)
    return path


def _tape(name: str) -> Take:
    def read(data: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(data)
        return sum(len(batch) for batch in open_tape(path).batches())

    return read


def _plain_table() -> bytes:
    rows = (f"2024-06-03 13:30:{at:02}.5,XNAS,{100 + at / 100:.2f},{at + 1},{101 + at / 100:.2f},7" for at in range(40))
    return "\n".join(["time,venue,bid,bid_size,ask,ask_size", *rows]).encode() + b"\n"


def _dbn() -> dict[str, Surface]:
    """Forty quotes as Databento's own package writes them, where it is installed."""
    try:
        dbn: Any = import_module("databento_dbn")  # its stubs call enumerators strings, and a level a list
    except ImportError:
        return {}
    start = 1_717_421_400_000_000_000
    head = dbn.Metadata(
        dataset="XNAS.ITCH", start=start, stype_in=dbn.SType.RAW_SYMBOL, stype_out=dbn.SType.INSTRUMENT_ID,
        schema=dbn.Schema.MBP_1, symbols=["7"], mappings=[],
    )  # fmt: skip
    records = [
        dbn.MBP1Msg(
            publisher_id=2, instrument_id=7, ts_event=start + at, price=10**11, size=3, action=dbn.Action.ADD,
            side=dbn.Side.ASK, depth=0, ts_recv=start + at + 9,
            levels=dbn.BidAskPair(10**11, 10**11 + 10**7, 5, 6),
        )
        for at in range(40)
    ]  # fmt: skip
    return {"dbn": (bytes(head.encode()) + b"".join(map(bytes, records)), _tape("tape.dbn"))}


def _record_batch(message: bytes) -> bytes:
    from kafka.record.default_records import DefaultRecordBatchBuilder

    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1_000_000)
    for offset in range(3):
        builder.append(offset, 1_717_421_400_000, None, message, [("run", b"r"), ("seq", b"%d" % offset)])
    return bytes(builder.build())


def _records(data: bytes, _: Path) -> object:
    """As if the checksum of the batch were right: anyone who writes to a topic makes that one too."""
    from kafka import TopicPartition
    from kafka.record.memory_records import MemoryRecords

    good = bytearray(data)
    taken = FastRecords(0, TopicPartition("t", 0), MemoryRecords(bytes(good)), check_crcs=False)
    return [open_envelope(record.headers) for record in taken.take(100)]


def _good_headers() -> bytes:
    ahead = json.dumps(asdict(Ahead(1, 9, "S", True)))
    return json.dumps([["run", "r"], ["seq", "0"], ["schema", "1"], ["tape", ahead]]).encode()


def _headers(data: bytes, _: Path) -> object:
    return open_envelope([(str(name), str(value).encode(errors="replace")) for name, value in json.loads(data)])


def _checkpoint(folder: Path) -> Surface:
    """A checkpoint in a state folder of its own; a mutated one is the state that was written, or refused."""
    state = {"position": 3, "run": {"received": 7}}
    held = Checkpoint.hold("s", "t", "r")
    assert held is not None
    held.write(state)
    path = held.spool.parent / "checkpoint.json"
    good = path.read_bytes()

    def read(data: bytes, _: Path) -> object:
        path.write_bytes(data)
        found = held.read()
        assert found == state, found
        return found

    return good, read


def _properties(data: bytes, folder: Path) -> object:
    path = _file(folder, data)
    return _settings(path, read(path))


def _spool(folder: Path, batch: SnapshotBatch) -> Surface:
    path = folder / "spool"
    buffer = SnapshotBuffer(path)
    for _ in range(3):
        buffer.append(batch)
    end = buffer.position
    buffer.close()
    good = path.read_bytes()

    def read(data: bytes, _: Path) -> object:
        path.write_bytes(data)
        found = SnapshotBuffer.resume(path, end)
        try:
            assert all(len(one) == len(batch) for one in found.batches())
        finally:
            found.close()
        return len(found)

    return good, read


def _option(name: str) -> Take:
    return lambda data, _: BacktestRequest(**{name: _text(data)}).spec()  # type: ignore[arg-type]


def _shown(data: bytes, _: Path) -> object:
    text = plain(_text(data))
    assert text.isprintable(), text
    assert not set(text) & set(map(chr, (*range(32), *range(127, 160)))), text
    json.loads(json_text(json.dumps(text, ensure_ascii=False)))
    return os.fsencode(text)
