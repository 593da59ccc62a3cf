"""A short run of the fuzz (benchmarks/fuzz.py), so that it goes on to run; the long one is for the night."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sor.errors import InputError
from sor.stream.names import check_servers

FUZZ = Path(__file__).resolve().parents[1] / "benchmarks" / "fuzz.py"


@pytest.mark.long
def test_two_thousand_inputs_break_no_promise(tmp_path: Path) -> None:
    command = [sys.executable, str(FUZZ), "--seed", "20", "--inputs", "2000", "--minutes", "5", "--keep", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tried = [int(count) for count in re.findall(r"^\S.*?(\d+) inputs, +\d+ refused", done.stdout, re.MULTILINE)]
    assert len(tried) >= 30
    assert min(tried) > 10
    assert done.stdout.endswith("2,000 inputs, 0 broke the promise\n")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("port", ["²092", "٣", "1e3", "0", "65536", "-1", "", "9" * 5_000], ids=lambda port: port[:9])
def test_a_port_that_is_no_number(port: str) -> None:
    with pytest.raises(InputError, match="is written host:port"):
        check_servers(f"127.0.0.1:{port}")
