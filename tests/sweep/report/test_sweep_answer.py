"""What `sor sweep report` says: zero where there is nothing, a useless parameter by name, and no luck sold as skill."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import check_page, start
from sweep_tools import MONDAY, make_tape, rows, run_sweep

from sor.errors import InputError
from sor.report.encode import encode
from sor.report.format import signed
from sor.sweep.report.analysis import answer
from sor.sweep.report.page import page, write_page
from sor.sweep.report.tuning import split

SECOND = 10**9


@pytest.fixture(scope="module")
def table(days: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Orders of two sizes on three days, with a parameter that cannot matter to these strategies."""
    out = tmp_path_factory.mktemp("answer") / "out"
    options = {
        "tape": [str(day) for day in days], "side": "buy,sell", "quantity": "200,800", "every": 10, "interval": 3,
        "strategy": "twap,best_ask", "lambda_over": "0.01,0.05", "fees": "none",
    }  # fmt: skip
    run_sweep(out, options)
    return out


def test_a_strategy_against_itself_is_not_compared_and_saves_zero(table: Path) -> None:
    data = answer(table).data
    assert all(entry["strategy"] != entry["baseline"] for entry in data["overall"] + data["judged"])
    for row in rows(table, ["strategy", "savings_twap_bps", "savings_best_ask_bps"]):
        assert row[f"savings_{row['strategy']}_bps"] == 0


def test_a_useless_parameter_makes_no_difference(table: Path) -> None:
    found = answer(table).data["parameters"]
    assert [(p["strategy"], p["parameter"], p["makes_a_difference"]) for p in found] == [
        ("twap", "lambda_over", False),
        ("best_ask", "lambda_over", False),
    ]
    assert all("makes no difference" in p["verdict"] and p["largest_difference_bps"] == 0 for p in found)


def test_means_are_those_of_the_table(table: Path) -> None:
    data, found = answer(table).data, rows(table)
    for entry in data["overall"]:
        mine = [
            row[f"savings_{entry['baseline']}_bps"]
            for row in found
            if (row["strategy"], row["lambda_over"]) == (entry["strategy"], entry["parameters"]["lambda_over"])
        ]
        assert entry["orders"] == len(mine)
        assert entry["mean_bps"] == pytest.approx(np.mean(mine), abs=1e-6)
        assert entry["ci95"] is None or entry["ci95"][0] <= entry["mean_bps"] <= entry["ci95"][1]


def test_venues_add_up_to_the_savings(table: Path) -> None:
    data = answer(table).data
    for entry in data["judged"]:
        parts = [
            v["mean_bps"]
            for v in data["by"]["venue"]
            if (v["strategy"], v["baseline"]) == (entry["strategy"], entry["baseline"])
        ]
        assert parts
        assert sum(parts) == pytest.approx(entry["mean_bps"], abs=1e-4)


def test_what_is_tuned_on_is_not_judged_on(table: Path) -> None:
    found = rows(table, ["day", "start", "end", "strategy"])
    tune, judge = split(found, 10 * SECOND)
    assert tune
    assert judge
    assert not tune & judge
    ends = max(row["end"] for row in found if id(row) in tune)
    assert ends < min(row["start"] for row in found if id(row) in judge)
    assert not {row["day"] for row in found if id(row) in tune} & {row["day"] for row in found if id(row) in judge}
    for entry in answer(table).data["judged"]:
        assert entry["tuned"]["sets"] == 2
        assert entry["orders"] < len(found) // 4  # one strategy, one set, the later days only


def test_overlapping_orders_are_purged() -> None:
    """One day, orders of 30 s every 10 s: no order that is tuned on lasts into the judged part."""
    import pandas as pd

    found: list[dict[str, Any]] = [
        {"day": "d", "start": pd.Timestamp(at * SECOND), "end": pd.Timestamp((at + 30) * SECOND)}
        for at in range(0, 300, 10)
    ]
    tune, judge = split(found, 30 * SECOND)
    assert max(row["end"] for row in found if id(row) in tune) < min(row["start"] for row in found if id(row) in judge)


class Links(HTMLParser):
    """Whatever a page would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.depth: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if (tag, attrs) == ("link", [("rel", "icon"), ("href", "data:,")]):
            return  # an icon that is empty, so that no browser asks for one
        self.found += [f"{tag} {name}" for name, _ in attrs if name in ("src", "href", "data", "action")]
        if tag in ("script", "link", "iframe", "img"):
            self.found.append(tag)
        if tag not in ("meta", "line", "circle"):
            self.depth.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("meta", "line", "circle"):
            assert self.depth.pop() == tag


def test_json_and_page(table: Path) -> None:
    data = answer(table).data
    assert json.loads(encode(data)) == json.loads(json.dumps(data))
    assert answer(table).data == data  # the same draws each time
    text = page(data)
    links = Links()
    links.feed(text)
    assert links.found == []
    assert links.depth == []
    assert "url(" not in text
    assert "<svg" in text
    assert data["verdict"][0].split(":")[0] in text
    for entry in data["judged"]:
        assert f">{signed(entry['mean_bps'], 3)}<" in text


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from start()


@pytest.mark.long
def test_the_page_in_a_browser(browser: Any, table: Path, tmp_path: Path) -> None:
    found = answer(table)
    found.data["sweep"]["symbols"][:] = ['"><script>alert(1)</script><img src="http://127.0.0.1:9/x">']
    write_page(found, tmp_path / "sweep.html")
    check_page(browser, tmp_path / "sweep.html")
    assert "<script>alert(1)</script>" in browser.find_element("tag name", "header").text


def test_markouts_of_the_router(tmp_path: Path) -> None:
    tape = make_tape(tmp_path / "day.csv", minutes=2.5)
    options = {
        "tape": str(tape), "quantity": 300, "start": "13:30:40", "end": "13:31:20", "every": 20,
        "lambda_over": "1.5x", "lambda_under": "1.5x", "theta_queue": "0", "strategy": "cont_kukanov",
    }  # fmt: skip
    run_sweep(tmp_path / "out", options)
    (entry,) = answer(tmp_path / "out").data["execution"]
    fills = [fill for row in rows(tmp_path / "out") for fill in row["passive_fills"]]
    assert fills
    shares = sum(fill["qty"] for fill in fills)
    for name in ("markout_1s_bps", "markout_10s_bps", "markout_60s_bps"):
        mean = sum(fill["qty"] * fill[name] for fill in fills) / shares
        assert entry[name]["mean_bps"] == pytest.approx(mean, abs=1e-6)
    assert 0 < entry["making_share"] < 1
    assert any(e["baseline"] == "X_M" for e in answer(tmp_path / "out").data["judged"])


def test_nothing_to_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no sweep"):
        answer(tmp_path)
    (tmp_path / "bad.csv").write_text("no tape\n")
    run_sweep(tmp_path / "out", {"tape": str(tmp_path / "bad.csv"), "strategy": "twap"})
    with pytest.raises(InputError, match="no order of this sweep was done"):
        answer(tmp_path / "out")


# -- no evidence in noise ----------------------------------------------------------------------------------------------


def noise(path: Path, seed: int, seconds: int = 160) -> Path:
    """A tape whose mid is a fair coin's walk at two venues with the same constant spread: no one can save anything."""
    random = np.random.default_rng(seed)
    mids = 10_000 + np.cumsum(random.choice([-1, 1], 4 * seconds))
    lines = ["ts_event,publisher_id,bid_px_00,bid_sz_00,ask_px_00,ask_sz_00"]
    for at, mid in enumerate(mids.tolist()):
        ts = MONDAY + at * SECOND // 4
        lines += [f"{ts},{venue},{(mid - 1) / 100:.2f},10000,{(mid + 1) / 100:.2f},10000" for venue in (1, 2)]
    path.write_text("\n".join(lines) + "\n")
    return path


def found_in_noise(folder: Path, seed: int) -> Mapping[str, Any]:
    folder.mkdir()
    options = {
        "tape": str(noise(folder / "noise.csv", seed)), "quantity": 100, "every": 10, "interval": 1, "fees": "none",
        "strategy": "twap,best_ask",
    }  # fmt: skip
    run_sweep(folder / "out", options)
    return answer(folder / "out", seed=seed).data


def test_noise_is_called_noise(tmp_path: Path) -> None:
    data = found_in_noise(tmp_path / "0", 0)
    assert data["verdict"][0] == "There is no evidence of savings in this sweep."
    assert {entry["found"] for entry in data["judged"]} == {"nothing"}
    assert all("No evidence that" in entry["verdict"] for entry in data["judged"])


@pytest.mark.slow
def test_false_positives_are_at_the_nominal_level(tmp_path: Path) -> None:
    """Over 200 tapes of noise, the reports that find anything at all are 5 % of them but for chance (99.5 %: 19)."""
    wrong = sum(
        any(entry["found"] != "nothing" for entry in found_in_noise(tmp_path / str(seed), seed)["judged"])
        for seed in range(200)
    )
    assert wrong <= 19
