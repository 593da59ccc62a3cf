"""The terminal interface imports sor, never the reverse; and what it does not need it does not load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter has after this code."""
    script = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


def modules() -> list[str]:
    paths = sorted((ROOT / "sor").rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


@pytest.mark.long
def test_nothing_of_sor_loads_the_interface() -> None:
    code = f"""
from importlib import import_module
for name in {modules()!r}:
    try:
        import_module(name)
    except Exception as error:  # an optional package that is not here
        print("left out", name, error, file=sys.stderr)
"""
    found = loaded(code)
    assert "sor.cli.tui" in found
    assert not {name for name in found if name.split(".")[0] in ("tui", "textual")}


def test_the_screen_loads_nothing_heavy() -> None:
    """Memory and start: books, tapes, Kafka's client and pictures belong to the worker processes."""
    found = loaded("import tui.app")
    assert not found & {"numpy", "pandas", "pyarrow", "matplotlib", "kafka", "scipy"}


def test_a_worker_draws_nothing() -> None:
    found = loaded("import tui.worker.__main__")
    assert "sor.core.backtest.session" in found
    assert not {name for name in found if name.split(".")[0] in ("textual", "rich")}
