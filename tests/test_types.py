"""Types are checked everywhere: no Python file is left out of mypy, but the conftest.py that only import."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("sor", "tui", "scripts", "systemd", "tests", "benchmarks")


def is_python(path: Path) -> bool:
    if path.suffix:
        return path.suffix == ".py"
    with path.open("rb") as file:
        return re.match(rb"#!.*python", file.readline()) is not None


def test_every_python_file_is_checked_or_imports_only() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
    assert [one for one in settings["overrides"] if "ignore_errors" in one] == []
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file() and is_python(path)]
    assert len(paths) > 700
    for path in paths:
        name = path.relative_to(ROOT).as_posix()
        named = any(path.is_relative_to(ROOT / start) for start in settings["files"])
        if named and not any(re.search(pattern, name) for pattern in settings["exclude"]):
            continue
        assert path.name == "conftest.py", name
        _, *rest = ast.parse(path.read_text(encoding="utf-8")).body  # after the docstring
        assert all(isinstance(node, ast.ImportFrom | ast.Assign) for node in rest), name
