"""Reports side by side: one report's own figures come out again, a report against itself is a draw, and what cannot be
compared is said in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import pytest
from browsing import check_page, start
from jsonschema import Draft202012Validator
from page_figures import figures, resolve
from schema_keys import plain, undescribed, unknown

import sor
from sor import backtest
from sor.cli import run
from sor.comparison.compare import Comparison, compare
from sor.comparison.page import page
from sor.comparison.types.comparison import ComparisonJson
from sor.comparison.types.schema import FILE, comparison_schema
from sor.core.statistics import bootstrap_t
from sor.errors import InputError
from sor.report.files.folder import write
from sor.report.report import Report
from sor.report.types.json_schema import schema_text

pytestmark = pytest.mark.usefixtures("tape_read_once")

OPTIONS: dict[str, Any] = {"start": "13:31:00", "end": "13:33:00", "quantity": 1_000}
HOSTILE = '"><script>alert(1)</script><img src="http://127.0.0.1:9/x">\u202e\x1b[31m'


@pytest.fixture(scope="module")
def router_report() -> Report:
    return backtest(strategy="cont_kukanov", **OPTIONS)


@pytest.fixture(scope="module")
def other_report() -> Report:
    return backtest(strategy="imbalance", **OPTIONS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from start()


@pytest.fixture
def kept(router_report: Report, tmp_path: Path) -> Callable[..., Path]:
    """The router's report in a file, changed in some places: {"order.quantity": 5}."""

    def changed(name: str = "r.json", **changes: Any) -> Path:
        data = json.loads(router_report.to_json(), parse_float=Decimal)
        for place, value in changes.pop("at", {}).items():
            *keys, last = place.split(".")
            inner = data
            for key in keys:
                inner = inner[key]
            inner[last] = value
        path = tmp_path / name
        path.write_text(json.dumps(data, default=float))
        return path

    return changed


def on(day: str, savings: float) -> dict[str, Any]:
    """Changes that make it another day's report."""
    tape = {f"tape.{end}": f"{day}T13:30:00.000000000Z" for end in ("first", "last")}
    order = {"order.start": f"{day}T13:31:00.000000000Z", "order.end": f"{day}T13:33:00.000000000Z"}
    return tape | order | {"headline.mean_savings_bps": savings}


def test_each_routers_figures_are_its_reports(router_report: Report, other_report: Report) -> None:
    found = compare(router_report, other_report).data
    assert [one["router"] for one in found["routers"]] == ["cont_kukanov", "imbalance"]
    assert found["over"] == "slices"
    for one, report in zip(found["routers"], (router_report, other_report), strict=True):
        headline = report.data["headline"]
        assert one["mean_savings_bps"] == headline["mean_savings_bps"]
        assert one["ci95"] == headline["ci95"]
        assert one["p_value"] == report.data["out_of_sample"]["p_value"]["X_M"]
    assert sum(one["chance_of_best"] for one in found["routers"]) == 1
    best = max(found["routers"], key=lambda one: one["mean_savings_bps"])
    assert best["behind_best_bps"] is None
    (last,) = (one for one in found["routers"] if one is not best)
    behind = best["mean_savings_bps"] - last["mean_savings_bps"]
    assert abs(last["behind_best_bps"] - behind) <= Decimal("0.000001")


def test_savings_by_slice_are_the_headlines_sample(router_report: Report) -> None:
    found = router_report.data["headline"]
    by_slice = found["by_slice_bps"]
    assert len(by_slice) == found["slices"]["of"]
    assert abs(Fraction(sum(by_slice)) / len(by_slice) - Fraction(found["mean_savings_bps"])) <= Fraction(1, 10**6)
    line = next(line for line in router_report.to_json().splitlines() if "by_slice_bps" in line)
    assert json.loads("{" + line.strip().rstrip(",") + "}", parse_float=Decimal)["by_slice_bps"] == list(by_slice)


def test_a_report_against_itself_is_a_draw(router_report: Report) -> None:
    one, two = compare(router_report, router_report).data["routers"]
    assert (one["router"], two["router"]) == ("cont_kukanov #1", "cont_kukanov #2")
    assert one["chance_of_best"] == two["chance_of_best"] == Decimal("0.5")
    assert two["behind_best_bps"] == 0
    assert two["behind_best_ci95"] == [0, 0]


def test_places_and_reports_in_memory_give_the_same(
    router_report: Report, other_report: Report, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, report in (("a", router_report), ("b", other_report)):
        write(report, tmp_path / "runs" / name, pictures=False)
    memory = compare(router_report, other_report).data
    for places in ([tmp_path / "runs"], [tmp_path / "runs/a", tmp_path / "runs/b/report.json"]):
        found = sor.compare(*places)
        assert found.data["routers"] == memory["routers"]
        assert found.data["options"] == memory["options"]
    assert run(["compare", str(tmp_path / "runs"), "--json"], "sor") == 0
    assert capsys.readouterr().out == compare(tmp_path / "runs").to_json()


def test_the_order_of_reports_changes_no_figure(router_report: Report, other_report: Report) -> None:
    one, two = compare(router_report, other_report).data["routers"]
    assert compare(other_report, router_report).data["routers"] == [two, one]


def test_options_that_differ_are_shown_and_named(router_report: Report) -> None:
    slow = backtest(strategy="cont_kukanov", latency_us=500, **OPTIONS)
    found = compare(router_report, slow).data
    assert [one["router"] for one in found["routers"]] == [
        "cont_kukanov (latency us 0)",
        "cont_kukanov (latency us 500)",
    ]
    assert list(found["options"]) == ["latency_us", "cancel_latency_us"]
    assert found["options"]["latency_us"] == {
        "cont_kukanov (latency us 0)": "0",
        "cont_kukanov (latency us 500)": "500",
    }
    assert any("X_M did not pay the same" in line for line in found["warnings"])


def test_holm_is_over_the_routers(kept: Callable[..., Path], router_report: Report) -> None:
    """A p-value that would do alone does not do among many."""
    values = [Decimal(v) for v in (3, 1, -1, 2, 4, -2, 3, 1, 0, 2, 3, -1, 2, 1, 1, -3, 2, 4, 0, 1, 2, -2, 3, 1)]
    estimate = bootstrap_t([int(value * 10**6) for value in values])
    assert estimate is not None
    assert estimate.p_value is not None
    many = int(Fraction(5, 100) / estimate.p_value) + 1
    assert estimate.p_value <= Fraction(5, 100)
    paths = [kept(f"{n}.json", at={"headline.by_slice_bps": values, "rules.seed": n}) for n in range(many)]
    assert {one["verdict"] for one in compare(*paths[:2]).data["routers"]} <= {"cheaper", "no evidence of a difference"}
    assert {one["verdict"] for one in compare(*paths).data["routers"]} == {"no evidence of a difference"}


def test_over_days_a_day_is_one_value(kept: Callable[..., Path]) -> None:
    saved = {"2024-06-03": 0.5, "2024-06-04": 1.25, "2024-06-05": -0.25, "2024-06-06": 0.75}
    paths = [kept(f"{day}.json", at=on(day, value)) for day, value in saved.items()]
    found = compare(*paths).data
    (one,) = found["routers"]
    estimate = bootstrap_t([int(value * 10**6) for value in saved.values()], block=1)
    assert estimate is not None
    assert found["days"] == list(saved)
    assert (one["days"], found["over"]) == (4, "days")
    assert one["mean_savings_bps"] == Decimal("0.5625")
    assert one["p_value"] == round(Decimal(float(estimate.p_value or 0)), 6)
    assert any("4 days are few" in line for line in found["warnings"])


def test_only_days_that_all_routers_have_are_judged(kept: Callable[..., Path]) -> None:
    days = {"2024-06-03": 1.0, "2024-06-04": 2.0, "2024-06-05": 9.0}
    paths = [kept(f"a{day}.json", at=on(day, value)) for day, value in days.items()]
    paths += [kept(f"b{day}.json", at=on(day, 3.0) | {"rules.seed": 1}) for day in list(days)[:2]]
    first, second = compare(*paths).data["routers"]
    assert (first["router"], first["days"], first["mean_savings_bps"]) == ("cont_kukanov (seed 0)", 2, Decimal("1.5"))
    assert (second["days"], second["mean_savings_bps"], second["chance_of_best"]) == (2, 3, 1)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"order.quantity": 999}, "another order (Buy 999 SYNT; Buy 1,000 SYNT)"),
        ({"order.side": "sell"}, "another order"),
        ({"tape.symbol": "ABC"}, "another order"),
        ({"order.end": "2024-06-03T13:32:00.000000000Z"}, "another window"),
        ({"tape.volume_in_window": 5}, "another tape"),
        ({"strategies": 5}, "damaged report"),
        ({"order": {}}, "damaged report"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    changes: dict[str, Any], said: str, kept: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["compare", str(kept("a.json")), str(kept("b.json", at=changes))], "sor") == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_too_few_reports_and_empty_folders(kept: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least two"):
        compare(kept())
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no report\.json in this folder"):
        compare(tmp_path / "empty")


def test_reports_without_slices_or_headline_are_said(kept: Callable[..., Path], router_report: Report) -> None:
    data = json.loads(router_report.to_json(), parse_float=Decimal)["headline"]
    del data["by_slice_bps"]
    found = compare(kept("old.json", at={"headline": data}), kept("none.json", at={"headline": None}), router_report)
    assert found.data["warnings"][0].startswith("Not judged against X_M, as their reports carry no savings by slice: ")
    assert [one["verdict"] is None for one in found.data["routers"]] == [True, True, False]
    assert figures(page(found.data))


def test_every_figure_of_the_page_is_the_jsons(router_report: Report, other_report: Report) -> None:
    found = compare(router_report, other_report)
    shown = figures(page(found.data))
    assert len(shown) > 20
    for at, value, _ in shown:
        assert value == str(resolve(found.data, at))


@pytest.mark.long
def test_the_page_in_a_browser(
    browser: Any, router_report: Report, kept: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = {"tape.symbol": HOSTILE, "rules.strategy": HOSTILE}
    places = [str(kept("a.json", at=bad)), str(kept("b.json", at=bad | {"rules.seed": 7}))]
    out = tmp_path / "compare.html"
    assert run(["compare", *places, "--html", str(out)], "sor") == 0
    assert "\x1b" not in capsys.readouterr().out
    check_page(browser, out)
    text = out.read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text


def test_frame_and_notebook(router_report: Report, other_report: Report) -> None:
    found = compare(router_report, other_report)
    assert isinstance(found, Comparison)
    assert list(found.to_frame().index) == ["cont_kukanov", "imbalance"]
    assert "cont_kukanov" in found._repr_html_()
    assert repr(found) == "<Comparison: Buy 1,000 SYNT, 2 routers, 1 days>"


def test_the_schema_is_what_the_types_say_and_explains_every_key() -> None:
    """Else: python -m sor.comparison.types.schema"""
    assert FILE.read_text(encoding="utf-8") == schema_text(comparison_schema())
    Draft202012Validator.check_schema(comparison_schema())
    assert undescribed(comparison_schema()) == []


def test_comparisons_are_what_the_types_say(
    kept: Callable[..., Path], router_report: Report, other_report: Report
) -> None:
    """Over routers, over days, and of reports that cannot be judged or lack what later versions write."""
    old = kept("old.json", at={"headline": None})
    days = [kept(f"{day}.json", at=on(f"2024-06-{day:02d}", 0.5)) for day in (3, 4)]
    for found in (compare(router_report, other_report), compare(*days), compare(old, router_report)):
        Draft202012Validator(comparison_schema()).validate(plain(found.data))
        assert unknown(plain(found.data), comparison_schema()) == []
        msgspec.convert(found.data, ComparisonJson)


@pytest.mark.parametrize(
    ("place", "value"),
    [("over", "weeks"), ("routers", [{}]), ("reports", None), ("options", {"fees": {"a": 1}}), ("version", "")],
)
def test_other_comparisons_are_refused(router_report: Report, place: str, value: Any) -> None:
    found = plain(compare(router_report, router_report).data)
    validator = Draft202012Validator(comparison_schema())
    assert validator.is_valid(found)
    assert not validator.is_valid(found | {place: value})
    assert not validator.is_valid({key: inner for key, inner in found.items() if key != place})
