"""The README's table is what `make demo` prints. `python tests/test_readme.py` writes it anew."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

from rich.console import Console

from sor import backtest
from sor.report.table import print_report

README = Path(__file__).resolve().parents[1] / "README.md"
BLOCK = re.compile(r"(?<=```text\n).*?(?=^```$)", re.DOTALL | re.MULTILINE)


def table() -> str:
    out = StringIO()
    print_report(backtest(), Console(file=out, width=80, highlight=False))
    return "\n".join(line.rstrip() for line in out.getvalue().strip().splitlines()) + "\n"


def test_the_readme_shows_what_the_demo_prints() -> None:
    found = BLOCK.search(README.read_text(encoding="utf-8"))
    assert found is not None
    assert found.group() == table()


if __name__ == "__main__":
    README.write_text(BLOCK.sub(lambda _: table(), README.read_text(encoding="utf-8"), count=1), encoding="utf-8")
