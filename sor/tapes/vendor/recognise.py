"""Which format a text file has: told by its header, else by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sor.errors import InputError
from sor.tapes.bytes.byte_blocks import ByteTape
from sor.tapes.options import ReadOptions
from sor.tapes.text.columns import fields_of
from sor.tapes.vendor.layout import head_of, listed_names, missing_in
from sor.tapes.vendor.shipped import choose, found_in, names, shipped
from sor.tapes.vendor.spec import FormatSpec

PLAIN = "databento"  # has a faster reader of its own

_NEARLY = 0.5  # of the columns that a format needs
_VALUE = re.compile(r"[+-]?[0-9][0-9.:eE+TZ /-]*", re.ASCII)


def recognise(tape: ByteTape, options: ReadOptions) -> FormatSpec:
    """The format of a text file, perhaps one without venues. InputError where there is none, and what to do."""
    line = head_of(tape)[0][0]
    if options.format is not None:
        spec = choose(options.format)
        return spec if _fits(spec, line) else next(_without_venues([spec], line), spec)
    _refuse_json(tape, line)
    _refuse_orders(tape, line)
    if _fits(shipped(PLAIN), line):
        return shipped(PLAIN)  # most tapes are, and the others need not be looked at
    known = [shipped(name) for name in names()]
    fitting = [spec for spec in known if spec.header and _fits(spec, line)]
    if not fitting:
        fitting = [spec for spec in known if spec.columns and found_in(spec.file or "", tape.inner_name)]
    if not fitting:
        fitting = list(_without_venues(known, line))
    best = [spec for spec in fitting if not any(_is_more(other, spec) for other in fitting)]
    if len(best) > 1:
        listed = ", ".join(spec.name for spec in best)
        raise InputError(f"{tape.path}: its header fits several formats: choose one with --format: {listed}")
    return best[0] if best else _nearest(tape, line)


def _without_venues(specs: Sequence[FormatSpec], line: bytes) -> Iterator[FormatSpec]:
    """Those of the formats that this header fits where its rows need not say their venue."""
    for spec in specs:
        found = spec.without_venues()
        if found is not None and _fits(found, line):
            yield found


def _header(spec: FormatSpec, line: bytes) -> tuple[str, ...]:
    return tuple(name.strip() for name in fields_of(line, spec.delimiter) or ())


def _fits(spec: FormatSpec, line: bytes) -> bool:
    there = {name.lower() for name in _header(spec, line)}
    return {name.lower() for name in spec.header} <= there and not {name.lower() for name in spec.not_header} & there


def _is_more(one: FormatSpec, other: FormatSpec) -> bool:
    """Whether a header that fits `one` always fits `other`, and not the other way about."""
    return {name.lower() for name in other.header} < {name.lower() for name in one.header}


def _nearest(tape: ByteTape, line: bytes) -> FormatSpec:
    """The format that this header nearly is, whose reader will say what is missing. InputError where it is none."""
    there = {name.lower() for name in fields_of(line) or ()}
    # A table with quotes is not nearly one of trades, though it has all of its columns.
    candidates = [
        spec
        for spec in map(shipped, names())
        if spec.header and not (spec.holds == "trades" and there & set(spec.not_header))
    ]
    shares = {spec.name: 1 - len(missing_in(spec, _header(spec, line))) / len(spec.needed()) for spec in candidates}
    best = max(shares, key=lambda name: (shares[name], name == PLAIN))
    spec = shipped(best)
    if b"\0" in line or fields_of(line) is None:
        raise InputError(f"{tape.path}: this is no tape: not CSV, DBN or our Parquet form (the first line is binary)")
    if shares[best] >= _NEARLY:
        unwanted = [name for name in spec.not_header if name.lower() in {n.lower() for n in _header(spec, line)}]
        if unwanted and not missing_in(spec, _header(spec, line)):
            raise InputError(
                f"{tape.path}: this is nearly the format {best}, but the column {unwanted[0]} says that it is another "
                f"thing; `sor data formats` lists what can be read, --format FILE.toml describes a format of your own"
            )
        return spec
    found = fields_of(line) or []
    if any(_VALUE.fullmatch(field.strip()) for field in found):
        raise InputError(
            f"{tape.path}: this file has no header (line 1 begins with {line[:30].decode('latin-1')!a}): put one on "
            "top, or describe its columns in a file and give --format FILE.toml; `sor data formats` lists what is known"
        )
    raise InputError(
        f"{tape.path}: no format fits this header; nearest is {best}, which also needs the columns "
        f"{', '.join(map(repr, missing_in(spec, _header(spec, line))))}; the columns there are: "
        f"{listed_names(_header(spec, line))}; --format FILE.toml describes a format of your own"
    )


def _refuse_orders(tape: ByteTape, line: bytes) -> None:
    there = {name.strip().lower() for name in fields_of(line) or ()}
    if {"order_id", "action", "price", "size"} <= there and "bid_px_00" not in there:
        raise InputError(
            f"{tape.path}: this is every order (mbo) as CSV, and only its DBN file (.dbn, .dbn.zst) is read: download "
            "that, or the schema mbp-1"
        )


def _refuse_json(tape: ByteTape, line: bytes) -> None:
    start = line.lstrip()[:1]
    if start in (b"{", b"["):
        raise InputError(
            f"{tape.path}: these are JSON lines, and a tape is a table: write them as CSV or Parquet, for example "
            'with pandas: pd.read_json(FILE, lines=True).to_csv("day.csv", index=False)'
        )
