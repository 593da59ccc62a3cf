"""TOML files of formats: the shipped ones, a user's own, and hostile ones."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tape_oracle import snapshots
from thorough import THOROUGH

from sor.core.market.batch import Quote
from sor.errors import InputError
from sor.tapes import open_tape
from sor.tapes.vendor.check import fault
from sor.tapes.vendor.shipped import FOLDER, found_in, names, read_spec, shipped

SCHEMA = json.loads((FOLDER / "schema.json").read_text())
SHIPPED = {name: tomllib.loads((FOLDER / f"{name}.toml").read_text()) for name in names()}


@pytest.mark.parametrize("name", names())
def test_shipped_formats_are_as_the_schema_says(name: str) -> None:
    jsonschema.validate(SHIPPED[name], SCHEMA)
    assert fault(SHIPPED[name], SCHEMA, SCHEMA) is None
    assert read_spec(FOLDER / f"{name}.toml", name) == shipped(name)
    assert shipped(name).about


# To JSON 1.0 is a whole number, to TOML it is none, and neither is it to us.
fractions = st.floats(0, 2).filter(lambda value: not value.is_integer())
junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    fractions,
    st.text(max_size=3),
    st.builds(list),  # a new one each time: what is drawn may be changed again
    st.builds(lambda: {"x": 1}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place within a value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


@given(st.sampled_from(names()), st.data())
@settings(max_examples=100 * THOROUGH, deadline=None)
def test_the_check_agrees_with_a_validator_of_the_whole_standard(name: str, data: st.DataObject) -> None:
    keys = copy.deepcopy(SHIPPED[name])
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(places(keys)))
        change(keys, place, data.draw(junk), data.draw(st.sampled_from(["set", "drop", "add"])))
    is_right = jsonschema.Draft202012Validator(SCHEMA).is_valid(keys)
    said = fault(keys, SCHEMA, SCHEMA)
    assert (said is None) == is_right
    assert said is None or "\n" not in said


def change(keys: Any, place: tuple[Any, ...], value: Any, how: str) -> None:
    for key in place[:-1]:
        keys = keys[key]
    if not place:
        keys["unknown"] = value
    elif how == "set":
        keys[place[-1]] = value
    elif how == "drop":
        del keys[place[-1]]
    elif isinstance(keys[place[-1]], dict):
        keys[place[-1]]["unknown"] = value
    elif isinstance(keys[place[-1]], list):
        keys[place[-1]].append(value)


MINE = """
holds = "quotes"
header = ["stamp", "exch", "b", "bs", "a", "as"]
zone = "America/New_York"
event = { read = ["stamp"], as = "iso" }
symbol = ["ticker"]
venue = { column = "exch", names = { N = "XNYS", Q = 2 } }
size = 100
quote = { bid = "b", bid_size = "bs", ask = "a", ask_size = "as" }
"""
ROWS = "stamp,exch,b,bs,a,as\n2024-06-03 09:30:00.5,N,10.00,3,10.02,4\n2024-06-03 09:30:01,Q,10.01,1,10.03,2\n"


def test_ten_lines_make_a_format(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINE)
    (tmp_path / "day.csv").write_text(ROWS)
    first, second = snapshots(open_tape(tmp_path / "day.csv", format=str(tmp_path / "mine.toml")))
    nyse = 9
    assert first.ts == 1_717_421_400_500_000_000  # 13:30 UTC
    assert first.quotes == (Quote(nyse, 10_000_000_000, 300, 10_020_000_000, 400),)
    assert second.quotes == (Quote(2, 10_010_000_000, 100, 10_030_000_000, 200),)
    (other,) = snapshots(open_tape(tmp_path / "day.csv", format=str(tmp_path / "mine.toml"), lot=7))[:1]
    assert other.quotes[0].bid_sz == 21


HOSTILE = {
    "unknown key": (MINE + "colour = 1", "colour: there is no such key; the keys here are about"),
    "unknown inner key": (MINE.replace("as = ", "az = "), "event: the key as is missing"),
    "wrong kind": (MINE.replace("size = 100", 'size = "100"'), "size: '100' is no whole number"),
    "wrong word": (MINE.replace('"iso"', '"minutes"'), "event.as: 'minutes' is none of ns, us"),
    "no zone": (MINE.replace("America/New_York", "../../etc/passwd"), "is no time zone"),
    "bad pattern": (MINE + "file = '(a'", "no pattern that RE2 reads"),
    "pattern without names": (MINE + "file = '(a)'", "named groups"),
    "pattern of backtracking": (MINE + "file = '(?P<date>(?:a+)+)$'", None),
    "half": (MINE[:100], "this is not TOML"),
    "nothing": ("", "holds, event and venue are needed"),
    "no venue": (MINE.replace('column = "exch", ', ""), "venue needs one of column"),
    "both headers": (MINE + 'columns = ["a"]', "one of the keys header"),
    "trades without trade": (MINE.replace('"quotes"', '"trades"'), "has no use for the key quote"),
    "like nobody": ('like = "nobody"', "there is no format 'nobody'"),
    "dots": (".".join("a" * 20_000) + " = 1", "dotted parts"),
    "nested lists": ("x = " + "[" * 20_000, "nested too deeply"),
    "large": ("#" * 70_000, "more than 64 KiB"),
    "binary": (b"\xff\xfe\x00".decode("latin-1"), "TOML"),
    "negative lot": (MINE.replace("size = 100", "size = -1"), "size: -1 is out of range"),
    "infinite price": (MINE + "price = inf", "price: inf is out of range"),
    "no number": (MINE + "price = nan", "price: nan is out of range"),
    "huge number": (MINE + "prices_late = 1e400", "there is no such key"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_gives_one_clear_line(tmp_path: Path, name: str) -> None:
    text, words = HOSTILE[name]
    (tmp_path / "mine.toml").write_text(text, encoding="latin-1")
    (tmp_path / "day.csv").write_text(ROWS)
    if words is None:
        open_tape(tmp_path / "day.csv", format=str(tmp_path / "mine.toml"))
        return
    with pytest.raises(InputError) as error:
        open_tape(tmp_path / "day.csv", format=str(tmp_path / "mine.toml"))
    line = str(error.value)
    assert line.startswith(str(tmp_path / "mine.toml"))
    assert words in line
    assert "\n" not in line


def test_a_name_that_is_no_format_lists_them(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_text(ROWS)
    with pytest.raises(InputError, match=r"--format nobody: no such format.*databento.*lean-quotes"):
        open_tape(tmp_path / "day.csv", format="nobody")
    with pytest.raises(InputError, match=r"none\.toml: cannot be read"):
        open_tape(tmp_path / "day.csv", format=str(tmp_path / "none.toml"))


def test_patterns_are_found_in_linear_time() -> None:
    assert found_in("(?P<date>(?:a|aa)+)$", "a" * 5000 + "b") is None
    assert found_in(r"(?P<date>\d{8})", "taq_20180102.gz") == {"date": "20180102"}
