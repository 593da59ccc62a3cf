"""docs/place.md, its examples and the schema: commands print what the page shows, the schema says what is read."""

from __future__ import annotations

import copy
import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.cli import run
from sor.core.place import Problem
from sor.errors import InputError

REPO = Path(__file__).parents[2]
PAGE = (REPO / "docs" / "place.md").read_text()
SCHEMA = json.loads((REPO / "data" / "place-problem.schema.json").read_text())
EXAMPLES = sorted((REPO / "data" / "examples").glob("place-*.json"))
SHOWN = re.findall(r"^\$ (sor place .*)\n(\{.*\})$", PAGE, re.MULTILINE)
is_right = jsonschema.Draft202012Validator(SCHEMA).is_valid


def test_the_page_shows_what_the_commands_print(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(REPO)
    assert len(SHOWN) == 3
    for command, expected in SHOWN:
        assert run(shlex.split(command)[1:], "sor") == 0
        printed, wanted = json.loads(capsys.readouterr().out), json.loads(expected)
        assert printed.keys() == wanted.keys()
        assert printed.pop("L") == pytest.approx(wanted.pop("L"), rel=1e-6)
        assert printed.pop("method") == wanted.pop("method")
        assert printed == pytest.approx(wanted, rel=1e-6, abs=1e-9)


def test_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(code, "docs/place.md", "exec"), {})
    assert capsys.readouterr().out == "583.05 0.051\n"


def test_every_family_has_an_example_and_a_row() -> None:
    families = {found["properties"]["family"]["const"] for found in SCHEMA["$defs"]["outflow"]["oneOf"]}
    text = "".join(path.read_text() for path in EXAMPLES)
    assert {family for family in families if f'"{family}"' in text and f"`{family}`" in PAGE} == families


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_as_the_schema_says(path: Path) -> None:
    data = json.loads(path.read_text())
    jsonschema.validate(data, SCHEMA)
    Problem.from_json(data)


junk = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.text(max_size=3), st.builds(list), st.builds(dict))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [*([path] if path else []), *(place for key, item in inner for place in places(item, (*path, key)))]


@given(st.sampled_from(EXAMPLES), st.data())
@settings(max_examples=200)
def test_what_the_program_reads_is_as_the_schema_says(path: Path, data: st.DataObject) -> None:
    """Not the reverse: the schema knows nothing of A1 to A3."""
    problem = copy.deepcopy(json.loads(path.read_text()))
    *way, last = data.draw(st.sampled_from(places(problem)))
    inner = problem
    for key in way:
        inner = inner[key]
    how = data.draw(st.sampled_from(["set", "drop", "add"]))
    if how == "set":
        inner[last] = data.draw(junk)
    elif how == "drop":
        del inner[last]
    elif isinstance(inner, dict):
        inner["unknown"] = 1
    try:
        Problem.from_json(problem)
    except InputError:
        return
    assert is_right(problem)
