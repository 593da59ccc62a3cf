"""The form: what a tape holds is said while its path is typed, where a run would write, and what was run last."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from driving import SHORT, driving, small_tape
from textual.widgets import Input

from tui.messages import RunRequest
from tui.reach import where_it_goes
from tui.state import form
from tui.state.remembered import last_form, remember
from tui.widgets.form.path_suggester import PathSuggester


@pytest.mark.long
async def test_a_tape_is_looked_at_while_its_path_is_typed(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n")
    async with driving({"stream": "embedded"}, size=(80, 24)) as d:
        tape, start, end = (d.app.screen.query_one(f"#{name}", Input) for name in ("tape", "start", "end"))
        assert start.placeholder == "tape's first"
        tape.focus()
        tape.value = small_tape()
        await d.sees("SYNT, 2024-06-03", "5 venues")
        assert start.placeholder.startswith("13:30:00.")
        assert end.placeholder.startswith("13:31:")
        d.app.screen.query_one("#tz", Input).value = "America/New_York"
        await d.until(lambda: start.placeholder.startswith("09:30:00."))
        tape.value = str(tmp_path / "bad.csv")
        await d.until(lambda: "bad.csv" in str(d.app.screen.query_one("#facts").render()))
        assert start.placeholder == "tape's first"
        tape.value = ""
        d.app.screen.query_one("#tz", Input).value = ""
        await d.until(lambda: not d.app.screen.query_one("#facts").has_class("-there"))


async def test_it_says_where_a_run_would_write(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as broker:
        servers = f"127.0.0.1:{broker.getsockname()[1]}"
        async with driving({"servers": servers, "topic": "mine"}, size=(80, 24)) as d:
            await d.sees(f"WRITES the tape to topic mine at {servers}")
            d.app.screen.query_one("#run", Input).value = "latest"
            await d.sees("Run reads latest", "writes nothing there")
        assert where_it_goes(RunRequest(servers=servers, stream="embedded"))[1] is False
    assert where_it_goes(RunRequest(servers=servers))[0].startswith("No broker answers")
    assert where_it_goes(RunRequest(servers=servers, stream="kafka"))[1] is True


async def test_the_last_form_is_remembered_but_for_a_session_with_options() -> None:
    values = {**SHORT, "strategy": "twap", "day": "2024-06-03", "tz": "UTC", "clip": "yes"}
    async with driving(values, tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        assert d.app.app_state.shown is not None
        assert d.app.app_state.shown.data["rules"]["strategy"] == "twap"
    assert last_form() == values
    remember({"nonsense": "1", "side": "sell"})
    assert last_form() == {"side": "sell"}
    options = {"speed": "max", "servers": "127.0.0.1:9092", "topic": "mock_l1_stream"}
    assert form.of_options(options) == {}
    assert form.of_options({**options, "strategy": "mine.py:Mine"}) == {"own": "mine.py:Mine"}


async def test_a_strategy_of_ones_own_runs_from_the_form(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from sor.core.strategies.interface import Plan\n\n\nclass Taker:\n    name = 'taker'\n\n"
        "    def decide(self, view):\n        return Plan(sweep=view.leaves, goal=None)\n"
    )
    async with driving({**SHORT, "own": f"{tmp_path}/mine.py:Taker"}, size=(80, 24), tape_is_read=False) as d:
        await d.press("ctrl+r")
        await d.finished()
        assert d.app.app_state.shown is not None, d.app.message
        assert d.app.app_state.shown.data["rules"]["strategy"] == "Taker"
        await d.press("f3")
        await d.sees("1,000 of 1,000 done", "X_M", "twap")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("own", "no/such.py:Mine", "does not exist"),
        ("own", "mine.py", "say which class"),
        ("day", "yesterday", "day"),
        ("tz", "Mars/Olympus", "no time zone"),
        ("stale_crossed", "soon", "stale-crossed"),
        ("tape", "/no/a.csv /no/b.csv", "does not exist"),
    ],
)
def test_what_is_wrong_is_one_sentence(name: str, value: str, words: str) -> None:
    text = form.problem(name, value)
    assert text is not None
    assert words in text
    assert "\n" not in text


async def test_a_long_error_is_wrapped_under_its_field() -> None:
    async with driving({**SHORT, "start": "25 o'clock"}, size=(80, 24), tape_is_read=False) as d:
        why = d.app.screen.query_one("#why-start")
        await d.until(lambda: why.size.height > 1)
        row = d.app.screen.query_one("#row-start")
        assert why.region.y == row.region.y + 1
        d.app.screen.query_one("#start", Input).value = ""
        await d.until(lambda: not d.app.screen.query("#why-start"))


def test_several_tapes_are_one_field(tmp_path: Path) -> None:
    (tmp_path / "a b.csv").touch()
    assert form.request({"tape": f"{tmp_path}/a b.csv"}).options["tape"] == (f"{tmp_path}/a b.csv",)
    assert form.request({"tape": "x.csv XNAS=y.csv"}).options["tape"] == ("x.csv", "XNAS=y.csv")
    assert form.request({"own": "m.py:N", "param": "a=1 b=2"}).options == {
        "strategy": "m.py:N",
        "param": ("a=1", "b=2"),
    }


async def test_paths_are_completed(tmp_path: Path) -> None:
    (tmp_path / "day.csv").touch()
    (tmp_path / "deep").mkdir()
    ask = PathSuggester().get_suggestion
    assert await ask(f"{tmp_path}/da") == f"{tmp_path}/day.csv"
    assert await ask(f"x.csv {tmp_path}/de") == f"x.csv {tmp_path}/deep/"
    assert await ask(f"{tmp_path}/no") is None
    assert await ask(f"{tmp_path}/none/x") is None
    assert await ask(f"{tmp_path}/*") is None


def test_the_form_has_every_field_that_a_run_takes() -> None:
    from sor.request import REQUEST_FIELDS

    assert set(REQUEST_FIELDS) <= set(form.FIELDS)
