"""One model for decision and accounting: what rests is filled as much as its samples said, at any latency."""

from __future__ import annotations

from pathlib import Path
from runpy import run_path

import pytest

from sor.synth.tape import SynthSpec
from sor.synth.write import make_tape
from sor.tapes import open_tape

BENCHMARK = run_path(str(Path(__file__).parents[3] / "benchmarks" / "sample_ratio.py"))
MS = 10**6


@pytest.mark.slow
@pytest.mark.parametrize("wait", [0, 100 * MS, 500 * MS])
def test_real_over_expected_passive_fills(wait: int, tmp_path: Path) -> None:
    tape = tmp_path / "hour.parquet"
    make_tape(SynthSpec(5, 3_600 * 10**9, 5, ("SYNT",), 1_717_421_400 * 10**9), tape)
    pairs = BENCHMARK["slices"](open_tape(tape), wait, 42)
    assert len(pairs) > 600
    found, _ = BENCHMARK["ratio"](pairs)
    assert 0.95 <= found <= 1.05
