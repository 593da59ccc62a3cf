"""The synthetic tape: the same bytes for the same seed, and a market that an independent replay finds consistent."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from sor.cli.data.synth import command
from sor.core.units import NO_PRICE, parse_time
from sor.errors import InputError
from sor.paths import bundled_tape
from sor.synth import draws
from sor.synth import queue as synth_queue
from sor.synth.csv_file import HEADER, write_tape
from sor.synth.tape import SynthSpec, tape
from sor.synth.write import make_tape
from sor.tapes.convert import convert

MINUTE = 60_000_000_000
START = parse_time("2024-06-03T13:30:00Z")
FIVE_VENUES = {2, 43, 8, 15, 6}
# The first six seconds of seed 1. A change of the model changes it; nothing else may, on any machine.
GOLDEN = "fee03f90d93fd8357993b6a17f48225c03015723dd458b789c656ec7f4bc3fef"


def spec(seed: int = 1, minutes: float = 0.1, venues: int = 5, **more: object) -> SynthSpec:
    values: dict[str, object] = {"symbols": ("SYNT",), "start": START} | more
    return SynthSpec(venues=venues, length=int(minutes * MINUTE), seed=seed, **values)  # type: ignore[arg-type]


def written(path: Path, what: SynthSpec) -> bytes:
    rows = sum(write_tape(what, path))
    assert rows > 0
    return path.read_bytes()


@pytest.fixture(scope="module")
def ten_minutes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    text = written(tmp_path_factory.mktemp("synth") / "t.csv", spec(seed=11, minutes=10)).decode()
    return list(csv.DictReader(io.StringIO(text)))


# -- the same bytes ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".csv.zst"])
def test_same_seed_same_bytes(tmp_path: Path, suffix: str) -> None:
    first, again = (written(tmp_path / f"{name}{suffix}", spec()) for name in ("first", "again"))
    assert first == again
    assert written(tmp_path / f"other{suffix}", spec(seed=2)) != first


def test_bytes_are_those_of_every_machine(tmp_path: Path) -> None:
    assert hashlib.sha256(written(tmp_path / "t.csv", spec())).hexdigest() == GOLDEN


def test_compressed_forms_hold_the_same_text(tmp_path: Path) -> None:
    plain = written(tmp_path / "t.csv", spec())
    packed = written(tmp_path / "t.csv.gz", spec())
    assert gzip.decompress(packed) == plain
    assert packed[4:8] == bytes(4)  # no time stamp
    written(tmp_path / "t.csv.zst", spec())
    assert pa.input_stream(str(tmp_path / "t.csv.zst"), compression="zstd").read() == plain


def test_bundled_tape_is_what_the_documented_command_makes(tmp_path: Path) -> None:
    out = tmp_path / "t.csv"
    done = run("--activity", "0.6", "--seed", "4", "--out", str(out))
    assert done.exit_code == 0, done.output
    assert gzip.decompress(bundled_tape().read_bytes()) == out.read_bytes()


def test_header_is_databentos(tmp_path: Path) -> None:
    lines = written(tmp_path / "t.csv", spec()).decode().splitlines()
    assert lines[0] == HEADER
    assert lines[0].split(",")[:4] == ["ts_recv", "ts_event", "rtype", "publisher_id"]
    assert len(lines[0].split(",")) == 20


def cents(dollars: str) -> int:
    """150.02 -> 15002; the tape's prices have two decimals, as a test below says."""
    return int(dollars.replace(".", ""))


# -- an independent replay -----------------------------------------------------------------------------------------


Pending = tuple[str, int]  # time and size of a trade whose removal no row has shown yet


@dataclass
class Side:
    """One side of one venue as a reader of the tape must believe it to be."""

    sign: int  # +1 where a higher price is better
    px: int | None = None
    sz: int = 0
    pending: list[Pending] = field(default_factory=list)

    def settle(self) -> None:
        """What was traded is gone."""
        self.sz -= sum(size for _, size in self.pending)
        self.pending.clear()
        assert self.sz >= 0

    def better(self, px: int) -> bool:
        return self.px is None or self.sign * px > self.sign * self.px

    def agrees(self, px: int | None, sz: int) -> bool:
        """Whether (px, sz) may be displayed now; an exhausted level gives way to a worse one that we cannot know."""
        if self.px is not None and self.sz > 0:
            return (px, sz) == (self.px, self.sz)
        return (px is None and sz == 0) or (px is not None and sz > 0 and px != self.px and not self.better(px))

    def cancel(self, row: dict[str, str], price: int, size: int) -> None:
        if self.pending[:1] == [(row["ts_event"], size)]:
            self.pending.pop(0)  # the removal of a trade shown before: it is counted once
        self.settle()
        assert self.px == price
        self.sz -= size
        assert self.sz >= 0

    def add(self, price: int, size: int) -> None:
        self.settle()
        if self.sz > 0 and price == self.px:
            self.sz += size
        else:
            assert self.better(price)
            self.px, self.sz = price, size

    def trade(self, price: int, size: int) -> None:
        self.settle()
        assert self.px == price
        assert 0 < size <= self.sz


def quote(row: dict[str, str], side: str) -> tuple[int | None, int]:
    text = row[f"{side}_px_00"]
    return (cents(text) if text else None), int(row[f"{side}_sz_00"])


def replay(rows: list[dict[str, str]]) -> int:
    """Walk the rows of one venue, asserting that each follows from those before it. The number of trades."""
    book = {"bid": Side(1), "ask": Side(-1)}
    trades = 0
    for number, row in enumerate(rows):
        price, size, is_trade = cents(row["price"]), int(row["size"]), row["action"] == "T"
        mine = book["bid" if (row["side"] == "A") == is_trade else "ask"]
        if number:
            if is_trade and row["side"] != "N":
                mine.trade(price, size)
            elif row["action"] == "C" and row["depth"] == "0":
                mine.cancel(row, price, size)
            elif row["action"] == "A" and row["depth"] == "0":
                mine.add(price, size)
            for name, side in book.items():
                side.settle()
                assert side.agrees(*quote(row, name)), (number, row, side)
        for name, side in book.items():
            side.px, side.sz = quote(row, name)
        if is_trade and row["side"] != "N":
            mine.pending.append((row["ts_event"], size))
        trades += is_trade
    return trades


def by_venue(rows: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    result: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        result[row["publisher_id"]].append(row)
    return result


def test_every_row_follows_from_the_rows_before_it(ten_minutes: list[dict[str, str]]) -> None:
    for rows in by_venue(ten_minutes).values():
        assert replay(rows) > 100


@pytest.mark.parametrize(
    ("column", "value"),
    [("bid_sz_00", "7777"), ("ask_px_00", "1.00"), ("size", "7777"), ("price", "1.00"), ("action", "T")],
)
def test_the_replay_notices_a_single_wrong_field(ten_minutes: list[dict[str, str]], column: str, value: str) -> None:
    rows = [dict(row) for row in by_venue(ten_minutes)["2"][:500]]
    at = next(i for i in range(100, 500) if rows[i]["action"] == "C" and rows[i]["depth"] == "0")
    rows[at][column] = value
    with pytest.raises(AssertionError):
        replay(rows)


def test_a_venue_never_crosses_itself(ten_minutes: list[dict[str, str]]) -> None:
    for row in ten_minutes:
        (bid, bid_sz), (ask, ask_sz) = quote(row, "bid"), quote(row, "ask")
        assert bid is None or ask is None or bid < ask
        for px, sz, count in ((bid, bid_sz, row["bid_ct_00"]), (ask, ask_sz, row["ask_ct_00"])):
            assert (px is None) == (sz == 0) == (count == "0")
            assert sz >= int(count) >= 0


def test_prices_are_on_the_tick_and_sizes_positive(ten_minutes: list[dict[str, str]]) -> None:
    for row in ten_minutes:
        for name in ("price", "bid_px_00", "ask_px_00"):
            assert re.fullmatch(r"[1-9]\d*\.\d\d", row[name]) or (row[name] == "" and name != "price")
        assert int(row["size"]) > 0
        assert row["action"] in "ACT"
        assert row["side"] in "ABN"


def test_hidden_trades_are_within_the_spread(ten_minutes: list[dict[str, str]]) -> None:
    hidden = [row for row in ten_minutes if row["action"] == "T" and row["side"] == "N"]
    assert len(hidden) > 100
    for row in hidden:
        assert cents(row["bid_px_00"]) <= cents(row["price"]) <= cents(row["ask_px_00"])


def test_times_ascend_and_lie_in_the_window(ten_minutes: list[dict[str, str]]) -> None:
    for name in ("ts_event", "ts_recv"):
        times = [row[name] for row in ten_minutes]  # of one width, so they compare as text
        assert {len(time) for time in times} == {30}
        assert times == sorted(times)
    assert parse_time(ten_minutes[0]["ts_event"]) == START
    assert parse_time(ten_minutes[-1]["ts_event"]) < START + 10 * MINUTE
    for row in ten_minutes[:1000]:
        assert parse_time(row["ts_recv"]) - parse_time(row["ts_event"]) == int(row["ts_in_delta"]) > 0


def test_every_venue_is_there_from_the_first_instant(ten_minutes: list[dict[str, str]]) -> None:
    first = [row for row in ten_minutes if row["ts_event"] == ten_minutes[0]["ts_event"]]
    assert {int(row["publisher_id"]) for row in first} == FIVE_VENUES
    assert all(row["bid_px_00"] and row["ask_px_00"] for row in first)
    counts = Counter(int(row["publisher_id"]) for row in ten_minutes)
    assert set(counts) == FIVE_VENUES
    assert counts[2] == max(counts.values()) > 2 * counts[6] > 2000
    for rows in by_venue(ten_minutes).values():
        assert [int(row["sequence"]) for row in rows] == list(range(1, len(rows) + 1))


# -- calibration ---------------------------------------------------------------------------------------------------


def test_mix_of_actions(ten_minutes: list[dict[str, str]]) -> None:
    counts = Counter(row["action"] for row in ten_minutes)
    for action, expected in {"A": 0.45, "C": 0.44, "T": 0.11}.items():
        assert counts[action] / len(ten_minutes) == pytest.approx(expected, abs=0.02)


def test_leading_venue_has_the_real_rates(ten_minutes: list[dict[str, str]]) -> None:
    rows = by_venue(ten_minutes)["2"]
    assert len(rows) / 600 == pytest.approx(115, rel=0.25)
    tops = [tuple(row[f"{s}_{k}_00"] for s in ("bid", "ask") for k in ("px", "sz")) for row in rows]
    changed = sum(a != b for a, b in pairwise(tops)) / len(rows)
    assert changed == pytest.approx(0.458, abs=0.05)
    spreads = Counter(cents(r["ask_px_00"]) - cents(r["bid_px_00"]) for r in rows if r["ask_px_00"] and r["bid_px_00"])
    assert sum(spreads[cents] for cents in range(1, 6)) / len(rows) > 0.88
    assert all(spreads[cents] / len(rows) > 0.02 for cents in range(1, 6))
    moves = [i for i in range(1, len(rows)) if rows[i]["bid_px_00"] != rows[i - 1]["bid_px_00"]]
    assert 600 / len(moves) == pytest.approx(0.153, rel=0.35)


def test_removals_of_trades_are_shown_as_often_as_on_the_real_tape(ten_minutes: list[dict[str, str]]) -> None:
    traded: Counter[str] = Counter()
    cancelled: Counter[str] = Counter()
    for row in by_venue(ten_minutes)["2"]:
        if row["action"] == "T" and row["side"] != "N":
            traded[row["ts_event"]] += int(row["size"])
        elif row["action"] == "C":
            cancelled[row["ts_event"]] += int(row["size"])
    equal = sum(cancelled[ts] == size for ts, size in traded.items()) / len(traded)
    assert equal == pytest.approx(2131 / 3637, abs=0.06)


def test_what_makes_a_tape_hard_is_there(ten_minutes: list[dict[str, str]]) -> None:
    instants: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in ten_minutes:
        instants[row["ts_event"]].append(row)
    several = [rows for rows in instants.values() if len(rows) > 1]
    assert len(several) > 0.03 * len(instants)
    swept = [rows for rows in several if len({r["publisher_id"] for r in rows if r["action"] == "T"}) > 1]
    assert len(swept) > 50
    trades = [row for row in ten_minutes if row["action"] == "T"]
    assert sum(int(row["size"]) % 100 != 0 for row in trades) > 0.5 * len(trades)
    assert sum(int(row["size"]) % 100 == 0 for row in trades) > 0.05 * len(trades)
    assert any(row["bid_px_00"] == "" for row in ten_minutes)
    assert any(row["ask_px_00"] == "" for row in ten_minutes)
    assert len({row["publisher_id"] for row in ten_minutes if "" in (row["bid_px_00"], row["ask_px_00"])}) >= 3


def test_the_consolidated_book_is_locked_or_crossed_for_moments_only(ten_minutes: list[dict[str, str]]) -> None:
    bids: dict[str, int] = {}
    asks: dict[str, int] = {}
    wrong, since = 0, 0
    for row in ten_minutes:
        now = parse_time(row["ts_event"])
        if bids and asks and max(bids.values()) >= min(asks.values()):
            wrong += now - since
        since = now
        for book, name in ((bids, "bid"), (asks, "ask")):
            px, _ = quote(row, name)
            if px is None:
                book.pop(row["publisher_id"], None)
            else:
                book[row["publisher_id"]] = px
    assert wrong < 10 * MINUTE / 10_000


def test_outflows_of_venues_are_correlated_but_not_identical(ten_minutes: list[dict[str, str]]) -> None:
    sold = {venue: np.zeros(120) for venue in ("2", "43", "8", "15", "6")}
    for row in ten_minutes:
        if row["action"] == "T" and row["side"] == "A":
            sold[row["publisher_id"]][(parse_time(row["ts_event"]) - START) // (5 * 10**9)] += int(row["size"])
    matrix = np.corrcoef(list(sold.values()))
    pairs = matrix[np.triu_indices(5, 1)]
    assert pairs.min() > 0.1
    assert pairs.max() < 0.95


def test_resting_orders_have_a_realistic_chance_in_five_seconds(ten_minutes: list[dict[str, str]]) -> None:
    rows = by_venue(ten_minutes)["2"]
    times = np.array([parse_time(row["ts_event"]) for row in rows])
    sold = [int(r["size"]) if (r["action"], r["side"]) == ("T", "A") else 0 for r in rows]
    prices = [cents(r["price"]) for r in rows]
    filled = []
    for begin in range(START, START + 595 * 10**9, 10**9):
        first, last = np.searchsorted(times, (begin, begin + 4_500_000_000), side="right")
        px, queue = quote(rows[first - 1], "bid")
        if px is not None:
            filled.append(sum(sold[i] for i in range(first, last) if prices[i] <= px) > queue)
    assert 0.45 < np.mean(filled) < 0.9  # 0.63 on the real tape


def test_lower_activity_slows_the_clock_and_keeps_the_volatility() -> None:
    def facts(activity: int) -> tuple[int, float]:
        rows = list(tape(spec(seed=5, minutes=15, activity=activity)))
        ts, mid = (np.concatenate(x) for x in zip(*((r.ts, (r.bid + r.ask) / 2) for r in rows), strict=True))
        ts, mid = ts[mid < 1e9], mid[mid < 1e9]  # both sides quoted
        path = mid[np.searchsorted(ts, np.arange(ts[0], ts[-1], 10**9), side="right") - 1]
        return len(ts), float(np.std(np.diff(path)))

    rows, volatility = facts(1000)
    slow_rows, slow_volatility = facts(400)
    assert slow_rows / rows == pytest.approx(0.4, abs=0.1)
    assert slow_volatility == pytest.approx(volatility, rel=0.25)


# -- several symbols, many venues ----------------------------------------------------------------------------------


def test_several_symbols_are_consistent_and_interleaved(tmp_path: Path) -> None:
    what = spec(seed=3, minutes=1, venues=15, symbols=("AAA", "BB.B"))
    rows = list(csv.DictReader(io.StringIO(written(tmp_path / "t.csv", what).decode())))
    assert [r["ts_event"] for r in rows] == sorted(r["ts_event"] for r in rows)
    assert {(r["symbol"], r["instrument_id"]) for r in rows} == {("AAA", "1"), ("BB.B", "2")}
    assert len({r["publisher_id"] for r in rows}) == 15
    for symbol in ("AAA", "BB.B"):
        for mine in by_venue([r for r in rows if r["symbol"] == symbol]).values():
            assert replay(mine) >= 0


def test_blocks_join_without_a_seam() -> None:
    """What a venue shows does not change between the last row of a block and the first of the next."""
    blocks = list(tape(spec(seed=4, minutes=4, activity=300)))
    assert len(blocks) == 4
    rows = [
        {
            "ts_event": str(ts), "publisher_id": str(venue), "action": chr(action), "side": chr(side),
            "depth": str(depth), "price": str(price), "size": str(size),
            "bid_px_00": "" if bid == 1 << 40 else str(bid), "ask_px_00": "" if ask == 1 << 40 else str(ask),
            "bid_sz_00": str(bid_sz), "ask_sz_00": str(ask_sz),
        }
        for b in blocks
        for ts, venue, action, side, depth, price, size, bid, ask, bid_sz, ask_sz in zip(
            b.ts, b.venue, b.action, b.side, b.depth, b.price, b.size, b.bid, b.ask, b.bid_sz, b.ask_sz, strict=True
        )
    ]  # fmt: skip
    for mine in by_venue(rows).values():
        assert replay(mine) > 0


# -- the bundled tape ----------------------------------------------------------------------------------------------


def test_bundled_tape_suits_the_default_order() -> None:
    """5,000 shares are under a tenth of what trades, and the file stays small."""
    assert bundled_tape().stat().st_size < 3_000_000
    with gzip.open(bundled_tape(), "rt", newline="") as file:
        rows = list(csv.DictReader(file))
    assert 60_000 <= len(rows) <= 100_000
    assert {int(row["publisher_id"]) for row in rows} == FIVE_VENUES
    assert {row["symbol"] for row in rows} == {"SYNT"}
    assert sum(int(row["size"]) for row in rows if row["action"] == "T") > 50_000
    for side in ("bid", "ask"):  # the static allocator answers once 5,000 shares are displayed in lots of 100
        depth: dict[str, int] = {}
        deepest = 0
        for row in rows:
            depth[row["publisher_id"]] = int(row[f"{side}_sz_00"]) // 100 * 100
            deepest = max(deepest, sum(depth.values()))
        assert deepest >= 5_000
    span = parse_time(rows[-1]["ts_event"]) - parse_time(rows[0]["ts_event"])
    assert 9.9 * MINUTE < span < 10 * MINUTE


# -- draws and queues ----------------------------------------------------------------------------------------------


def test_tables_have_all_rows_and_their_shares() -> None:
    rows = draws.table([(7, 1), (9, 2), (11, 0.5)])
    assert len(rows) == draws.ROWS
    counts = Counter(rows.tolist())
    assert counts[9] == pytest.approx(2 * counts[7], abs=2)
    assert counts[7] == pytest.approx(2 * counts[11], abs=2)


def test_draws_are_pinned() -> None:
    drawn = draws.Draws(1, 2, 3)
    assert drawn.words(5).tolist() == [47504, 63177, 4600, 43940, 9467]
    assert drawn.waits(10**9, 40_000).mean() == pytest.approx(1e9, rel=0.02)


@settings(deadline=None)
@given(st.integers(1, 10**9), st.integers(0, 10**10), st.integers(0, 100))
def test_arrivals_ascend_within_the_window(mean: int, end: int, seed: int) -> None:
    end = min(end, 1000 * mean)
    times = draws.Draws(seed).arrivals(mean, end)
    assert (np.diff(times) >= 0).all()
    assert not len(times) or 0 <= times[0] <= times[-1] < end


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 500), st.integers(0, 500), st.lists(st.integers(-300, 300), max_size=20)), min_size=1
    )
)
def test_lindley_is_the_recursion(levels: list[tuple[int, int, list[int]]]) -> None:
    expected, step, level = [], [], []
    for index, (first, low, steps) in enumerate(levels):
        q, floor = first, min(first, low)
        expected.append(q)
        for x in steps:
            q = max(floor, q + x)
            expected.append(q)
        step += [0, *steps]
        level += [index] * (1 + len(steps))
    firsts = np.array([first for first, _, _ in levels])
    floors = np.array([min(first, low) for first, low, _ in levels])
    assert synth_queue._lindley(np.array(step), np.array(level), firsts, floors).tolist() == expected


# -- Parquet -------------------------------------------------------------------------------------------------------


def test_straight_to_parquet_is_the_csv_converted(tmp_path: Path) -> None:
    """Byte for byte, whatever the chunks that the rows come in; two symbols, empty sides among the quotes."""
    what = spec(seed=3, minutes=1.3, venues=4, symbols=("AA", "BB"))
    written(tmp_path / "t.csv", what)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sor.tapes.parquet.writer.GROUP_ROWS", 3_000)
        convert(tmp_path / "t.csv", tmp_path / "t.parquet")
        (tmp_path / "straight").mkdir()
        counted: list[int] = []
        make_tape(what, tmp_path / "straight" / "t.parquet", counted.append)
    straight = (tmp_path / "straight" / "t.parquet").read_bytes()
    assert straight == (tmp_path / "t.parquet").read_bytes()
    file = pq.ParquetFile(io.BytesIO(straight))
    assert sum(counted) == file.metadata.num_rows
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert all(0.98 <= size / most <= 1 for size, most in zip(sizes[:-1], [3_000] + [6_000] * 99, strict=False))
    assert NO_PRICE in file.read(["ask_px"]).column(0).to_pylist()


def test_an_interrupted_parquet_tape_leaves_nothing(tmp_path: Path) -> None:
    def stop(rows: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_tape(spec(minutes=3), tmp_path / "t.parquet", stop)
    assert list(tmp_path.iterdir()) == []


# -- the command ---------------------------------------------------------------------------------------------------


def run(*args: str) -> Result:
    return CliRunner().invoke(command, args)


def test_command_writes_a_tape_and_says_so(tmp_path: Path) -> None:
    out = tmp_path / "t.csv.gz"
    done = run("--venues", "2", "--minutes", "0.1", "--seed", "7", "--symbol", "XY", "--out", str(out))
    assert done.exit_code == 0
    assert done.stdout == ""
    assert "rows" in done.stderr
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(out.read_bytes()).decode())))
    assert {row["publisher_id"] for row in rows} == {"2", "43"}
    assert {row["symbol"] for row in rows} == {"XY"}
    assert [p.name for p in tmp_path.iterdir()] == ["t.csv.gz"]


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["--venues", "0"], "--venues 0"),
        (["--venues", "16"], "--venues 16"),
        (["--venues", "-3"], "--venues -3"),
        (["--minutes", "-1"], "--minutes -1"),
        (["--minutes", "0"], "--minutes 0"),
        (["--minutes", "nan"], "--minutes nan"),
        (["--minutes", "inf"], "--minutes inf"),
        (["--minutes", "ten"], "--minutes ten"),
        (["--minutes", "1e9"], "--minutes 1e9"),
        (["--seed", "-1"], "--seed -1"),
        (["--activity", "0"], "--activity 0"),
        (["--symbol", "a b"], "--symbol"),
        (["--symbol", ""], "--symbol"),
        (["--symbol", "A", "--symbol", "A"], "twice"),
        (["--start", "yesterday"], "--start yesterday"),
    ],
)
def test_wrong_options_are_one_clear_line(tmp_path: Path, args: list[str], word: str) -> None:
    done = run(*args, "--out", str(tmp_path / "t.csv"))
    assert isinstance(done.exception, InputError)
    assert word in str(done.exception)
    assert "\n" not in str(done.exception)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_run_leaves_nothing(tmp_path: Path) -> None:
    blocks = write_tape(spec(minutes=3), tmp_path / "t.csv")
    next(blocks)
    blocks.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["t", "t.gz", "t.csv.bz2", "folder.csv", "none/t.csv", "none/t.parquet"])
def test_an_out_that_cannot_be_is_one_clear_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    done = run("--minutes", "0.1", "--out", str(tmp_path / name))
    assert isinstance(done.exception, InputError)
    assert str(tmp_path / name) in str(done.exception)
    assert "\n" not in str(done.exception)
    assert done.output == ""
    assert [p.name for p in tmp_path.iterdir()] == ["folder.csv"]


def test_out_is_required_and_numbers_are_numbers(tmp_path: Path) -> None:
    assert run("--venues", "5").exit_code == 2
    assert run("--venues", "five", "--out", str(tmp_path / "t.csv")).exit_code == 2
