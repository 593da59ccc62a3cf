"""What a page loads from elsewhere is found, and what it links to is not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from blocks import REPO

sys.path.insert(0, str(REPO / "scripts" / "site"))
from outside_requests import outside_requests


@pytest.mark.parametrize(
    ("html", "loads"),
    [
        ('<script src="https://a.example/x.js"></script>', "https://a.example/x.js"),
        ('<link rel="stylesheet" href="//a.example/x.css">', "//a.example/x.css"),
        ('<link rel="preconnect" href="https://a.example">', "https://a.example"),
        ('<img src="http://a.example/x.png">', "http://a.example/x.png"),
        ('<p style="background: url(https://a.example/x.png)">', "https://a.example/x.png"),
        ('<a href="https://a.example">read</a>', None),
        ('<link rel="canonical" href="https://a.example">', None),
        ('<img src="img/x.png"><script src="../x.js"></script>', None),
        ("<p>https://a.example</p>", None),
    ],
)
def test_a_page(html: str, loads: str | None, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(html)
    assert outside_requests(tmp_path) == ([f"page.html: {loads}"] if loads else [])


def test_a_style_sheet(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text('@import "https://a.example/font.css"; p { background: url(x.png) }')
    assert outside_requests(tmp_path) == ["a.css: https://a.example/font.css"]
