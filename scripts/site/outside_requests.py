"""What the pages of a built site would load from another host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

_ELSEWHERE = re.compile(r"(?:https?:)?//")
_IN_CSS = re.compile(r"(?:@import\s+|url\()\s*[\"']?((?:https?:)?//[^\"')\s]+)")
_LOADED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}
_SOURCES = {"script", "img", "iframe", "source", "video", "audio", "embed", "object"}


def outside_requests(site: Path) -> list[str]:
    """One line for each: the page, and what it asks for. Links to follow are none."""
    found = [f"{page.relative_to(site)}: {url}" for page in sorted(site.rglob("*.html")) for url in _of_page(page)]
    return found + [
        f"{sheet.relative_to(site)}: {url}"
        for sheet in sorted(site.rglob("*.css"))
        for url in _IN_CSS.findall(sheet.read_text("utf-8"))
    ]


def _of_page(page: Path) -> Iterator[str]:
    loads = _Loads()
    loads.feed(page.read_text("utf-8"))
    return iter(loads.urls)


class _Loads(HTMLParser):
    """Collects the addresses that a browser loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        loaded = [of.get("src", ""), of.get("data", ""), of.get("srcset", "")] if tag in _SOURCES else []
        if tag == "link" and _LOADED_LINKS & set(of.get("rel", "").split()):
            loaded.append(of.get("href", ""))
        loaded += _IN_CSS.findall(of.get("style", ""))
        self.urls += [url for url in loaded if _ELSEWHERE.match(url)]
