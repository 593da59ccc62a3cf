"""A real browser that looks at pages: what they ask of the network, what they complain of, and what overflows."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

WIDTHS = (1280, 480)


def start() -> Iterator[Any]:
    """Chromium without a screen; the tests that need it are skipped where it is missing."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    program, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("Chromium or chromedriver is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for argument in ("--headless=new", "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def open_page(browser: Any, path: Path, width: int = 1280) -> None:
    """Show a file as a window of this width would, on a phone as on a desk."""
    browser.get_log("browser")
    browser.get_log("performance")
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    browser.get(path.as_uri())


def complaints(browser: Any) -> list[str]:
    """Lines of the console."""
    return [entry["message"] for entry in browser.get_log("browser")]


def requests(browser: Any) -> list[str]:
    """Addresses that were asked for since the page was opened, its own file among them."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]


def overflow(browser: Any) -> int:
    """Pixels by which the page is wider than its window."""
    return int(browser.execute_script("const r = document.documentElement; return r.scrollWidth - r.clientWidth"))


def dead_links(browser: Any) -> list[str]:
    """Links that lead nowhere within the page, or out of it."""
    return list(
        browser.execute_script(
            "return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
            ".filter(h => !h || h[0] != '#' || !document.getElementById(h.slice(1)))"
        )
    )


def check_page(browser: Any, path: Path) -> None:
    """What holds for every page, at both widths."""
    for width in WIDTHS:
        open_page(browser, path, width)
        assert complaints(browser) == []
        assert {url for url in requests(browser) if not url.startswith("data:")} <= {path.as_uri()}
        assert overflow(browser) <= 0, width
        assert dead_links(browser) == []
        assert browser.execute_script("return document.scripts.length") == 0
