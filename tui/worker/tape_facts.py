"""What a tape holds, in a line: for the form, while its path is typed. In a worker's process."""

from __future__ import annotations

import glob
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sor.options.zones import Zone
from sor.request import BacktestRequest
from sor.running.tape_source import tape_source
from tui.messages import TapeSummary

LARGE = 256_000_000  # bytes above which a tape is not read for a line


def look_at_tape(options: Mapping[str, Any]) -> TapeSummary:
    """InputError where it cannot be read, in the words that a run would have."""
    request = BacktestRequest(**options)
    size = sum(_size(name) for name in request.tape or ())
    if size > LARGE:
        return TapeSummary(f"{size / 1e9:.1f} GB: sor data info says what is in it", None, None)
    source = tape_source(request)
    facts, line = source.tape_facts(), source.timeline()
    zone = Zone.named(str(request.get("tz")))
    first, last = zone.show(line.first), zone.show(line.last)
    until = last[11:19] if last[:10] == first[:10] else f"{last[:10]} {last[11:19]}"
    parts = [
        facts.symbol or "no symbol",
        f"{first[:10]} {first[11:19]} to {until} {zone.name}",
        *([f"{len(line.venues)} venues"] if line.venues else []),
        f"{facts.rows:,} rows" if facts.rows is not None else "",
        f"{source.form.value} form",
        f"{len(facts.files)} files" if len(facts.files) > 1 else "",
        f"{len(line.holes)} holes" if line.holes else "",
    ]
    return TapeSummary(", ".join(part for part in parts if part), line.first, line.last)


def _size(name: str) -> int:
    path = Path(str(name).rpartition("=")[2] if not Path(name).exists() else name).expanduser()
    found = [path] if path.exists() else [Path(one) for one in glob.glob(str(path))]
    files = [file for one in found for file in (one.iterdir() if one.is_dir() else (one,))]
    return sum(file.stat().st_size for file in files if file.is_file())
