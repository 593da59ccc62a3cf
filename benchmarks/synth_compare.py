"""How a synthetic tape compares with a real one: `python -m benchmarks.synth_compare REAL SYNTH [SYNTH ...]`.

Prints a table in Markdown; data/README.md has its output. The first venue of each tape (the smallest publisher_id, the
leading one of a synthetic tape) is measured by itself, and all venues of the last tape together.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

COLUMNS = (
    "ts_event publisher_id action side depth price size bid_px_00 ask_px_00 bid_sz_00 ask_sz_00 bid_ct_00 ask_ct_00"
)
TOP = ["bid_px_00", "ask_px_00", "bid_sz_00", "ask_sz_00"]
WAIT = 4_500_000_000  # nanoseconds a passive order rests in a slice of five seconds
QUANTILES = (10, 25, 50, 75, 90, 99)
Measures = dict[str, str]


def read(path: Path) -> pd.DataFrame:
    """The columns needed, times as nanoseconds, prices as whole tenths of a cent (0: no quote)."""
    columns = COLUMNS.split()
    kinds = {name: pa.int64() if "_sz_" in name or "_ct_" in name else pa.float64() for name in columns[5:]}
    kinds |= {"ts_event": pa.timestamp("ns", "UTC"), "size": pa.int64()}
    options = pa_csv.ConvertOptions(include_columns=columns, column_types=kinds)
    tape: pd.DataFrame = pa_csv.read_csv(path, convert_options=options).to_pandas()
    tape["ts"] = tape["ts_event"].astype("int64")
    for name in ("price", "bid_px_00", "ask_px_00"):
        tape[name] = (tape[name].fillna(0) * 1000).round().astype("int64")
    return tape


def one_venue(tape: pd.DataFrame) -> Measures:
    """What one venue's rows look like."""
    result: Measures = {}
    result |= _rates(tape) | _actions(tape)
    quoted = tape[(tape["bid_px_00"] > 0) & (tape["ask_px_00"] > 0)]
    result |= _spreads(((quoted["ask_px_00"] - quoted["bid_px_00"]) / 10).to_numpy())
    result |= _tops(tape) | _trades(tape)
    result |= _volatility(quoted["ts"].to_numpy(), ((quoted["bid_px_00"] + quoted["ask_px_00"]) / 20).to_numpy())
    result["an order joining the best bid fills within 4.5 s"] = _percent(_fill_chance(tape))
    return result


def _rates(tape: pd.DataFrame) -> Measures:
    ts = tape["ts"].to_numpy()
    seconds = np.bincount((ts - ts[0]) // 1_000_000_000)
    waits = np.percentile(np.diff(ts) / 1e6, (25, 50, 75, 90))
    return {
        "rows": f"{len(ts):,}",
        "rows a second": f"{len(ts) / (ts[-1] - ts[0]) * 1e9:.1f}",
        "rows a second, 5 / 50 / 95 % of seconds": _list(np.percentile(seconds, (5, 50, 95)), 0),
        "wait between rows, 25 / 50 / 75 / 90 %, ms": _list(waits, 2),
        "instants with several rows": _percent(float((tape.groupby("ts").size() > 1).mean())),
    }


def _actions(tape: pd.DataFrame) -> Measures:
    trades = tape[tape["action"] == "T"]
    return {
        "actions A / C / T": " / ".join(f"{(tape['action'] == a).mean():.3f}" for a in "ACT"),
        "aggressors of trades A / B / N": " / ".join(f"{(trades['side'] == s).mean():.2f}" for s in "ABN"),
        "rows at the best price (depth 0)": _percent(float((tape["depth"] == 0).mean())),
    }


def _spreads(cents: Any) -> Measures:
    cents = np.round(cents)
    shares = [float((cents == c).mean()) for c in range(1, 6)] + [float((cents > 5).mean())]
    return {"spread 1 / 2 / 3 / 4 / 5 / more cents": " / ".join(f"{s:.2f}" for s in shares)}


def _tops(tape: pd.DataFrame) -> Measures:
    top = tape[TOP].to_numpy()
    moved = top[1:] != top[:-1]
    sizes = np.concatenate([top[:, 2], top[:, 3]])
    counts = np.concatenate([tape["bid_ct_00"], tape["ask_ct_00"]])
    ts = tape["ts"].to_numpy()
    life = np.diff(ts[1:][moved[:, 0]]) / 1e9
    return {
        "rows that change the top": _percent(float(moved.any(axis=1).mean())),
        "rows that change a best price": _percent(float(moved[:, :2].any(axis=1).mean())),
        "a best bid lives, mean / median, s": f"{life.mean():.3f} / {np.median(life):.4f}",
        "size at the best price, 10 / 25 / 50 / 75 / 90 / 99 %": _list(np.percentile(sizes[sizes > 0], QUANTILES), 0),
        "orders at the best price, mean": f"{counts[counts > 0].mean():.2f}",
    }


def _trades(tape: pd.DataFrame) -> Measures:
    seconds = (tape["ts"].iloc[-1] - tape["ts"].iloc[0]) / 1e9
    trades, cancels = tape[tape["action"] == "T"], tape[tape["action"] == "C"]
    shown = trades[trades["side"] != "N"].groupby("ts")["size"].sum()
    removed = cancels.groupby("ts")["size"].sum().reindex(shown.index)
    orders = tape[(tape["action"] == "A")]["size"]
    return {
        "trades a second": f"{len(trades) / seconds:.1f}",
        "shares traded a second": f"{trades['size'].sum() / seconds:.0f}",
        "size of trades, 10 / 25 / 50 / 75 / 90 / 99 %": _list(np.percentile(trades["size"], QUANTILES), 0),
        "size of limit orders, the same": _list(np.percentile(orders, QUANTILES), 0),
        "trades in odd lots": _percent(float((trades["size"] % 100 != 0).mean())),
        "instants with trades (A or B)": f"{len(shown):,}",
        "of them with C of equal size": _percent(float((shown == removed).mean())),
        "trades an instant with trades": f"{len(trades) / trades['ts'].nunique():.2f}",
    }


def _volatility(ts: Any, mid: Any) -> Measures:
    grid = np.arange(ts[0], ts[-1], 1_000_000_000)
    path = mid[np.searchsorted(ts, grid, side="right") - 1]
    moves = [np.std(path[k:] - path[:-k]) for k in (1, 5, 10, 60) if k < len(path)]
    return {"sd of the mid's move over 1 / 5 / 10 / 60 s, cents": _list(np.array(moves), 1)}


def _fill_chance(tape: pd.DataFrame) -> float:
    """Share of seconds at which what is sold at or below the best bid in the next 4.5 s exceeds the queue there."""
    sold = tape[(tape["action"] == "T") & (tape["side"] == "A")]
    at, px, size = (sold[name].to_numpy() for name in ("ts", "price", "size"))
    ts, bid, queue = (tape[name].to_numpy() for name in ("ts", "bid_px_00", "bid_sz_00"))
    filled = []
    for start in range(int(ts[0]), int(ts[-1]) - WAIT, 1_000_000_000):
        i = int(np.searchsorted(ts, start, side="right")) - 1
        first, last = np.searchsorted(at, (start, start + WAIT), side="right")
        filled.append(size[first:last][px[first:last] <= bid[i]].sum() > queue[i])
    return float(np.mean(filled)) if filled else float("nan")


def all_venues(tape: pd.DataFrame) -> Measures:
    """What the venues are together: the best of them all, and how their trading moves together."""
    venues = sorted(tape["publisher_id"].unique())
    bids, asks = [], []
    for venue in venues:
        mine = tape["publisher_id"] == venue
        bids.append(tape["bid_px_00"].where(mine).ffill().fillna(0).to_numpy())
        asks.append(tape["ask_px_00"].where(mine).ffill().replace(0, np.inf).fillna(np.inf).to_numpy())
    bid, ask = np.max(bids, axis=0), np.min(asks, axis=0)
    two = (bid > 0) & np.isfinite(ask)
    ts, cents = tape["ts"].to_numpy()[two], ((ask - bid) / 10)[two]
    crossed = np.diff(ts)[cents[:-1] <= 0].sum() / (ts[-1] - ts[0])
    instants = tape[tape["action"] == "T"].groupby("ts")["publisher_id"].nunique()
    gaps = float(((tape["bid_px_00"] == 0) | (tape["ask_px_00"] == 0)).mean())
    return {
        **_rates(tape),
        **_actions(tape),
        **_spreads(cents),
        "time locked or crossed": f"{crossed * 1e6:.0f} millionths",
        "rows with a side empty": f"{gaps * 100:.2f} %",
        "a best bid lives, mean / median, s": _lives(ts, bid[two]),
        "venues at the best bid, mean": f"{np.mean(np.sum(np.array(bids)[:, two] == bid[two], axis=0)):.2f}",
        "instants with trades at several venues": _percent(float((instants > 1).mean())),
        "shares traded": f"{tape.loc[tape['action'] == 'T', 'size'].sum():,}",
        "correlation of two venues' sold shares in 5 s, mean": f"{_correlation(tape, venues):.2f}",
        **_volatility(ts, ((bid + ask) / 20)[two]),
    }


def _lives(ts: Any, px: Any) -> str:
    life = np.diff(ts[1:][px[1:] != px[:-1]]) / 1e9
    return f"{life.mean():.3f} / {np.median(life):.4f}"


def _correlation(tape: pd.DataFrame, venues: list[int]) -> float:
    sold = tape[(tape["action"] == "T") & (tape["side"] == "A")]
    window = (sold["ts"] - tape["ts"].iloc[0]) // 5_000_000_000
    table = sold.pivot_table(index=window, columns="publisher_id", values="size", aggfunc="sum").reindex(columns=venues)
    matrix = np.corrcoef(table.fillna(0).to_numpy().T)
    return float(matrix[np.triu_indices(len(venues), 1)].mean())


def _list(values: Any, digits: int) -> str:
    return " / ".join(f"{value:.{digits}f}" for value in values)


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def table(columns: dict[str, Measures]) -> str:
    """Markdown, a row for each measure in the order of first appearance."""
    names = list(dict.fromkeys(name for measures in columns.values() for name in measures))
    rows = [["", *columns], ["---"] * (len(columns) + 1)]
    rows += [[name, *(measures.get(name, "") for measures in columns.values())] for name in names]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def main(paths: list[str]) -> int:
    if len(paths) < 2:
        print("usage: python -m benchmarks.synth_compare REAL SYNTH [SYNTH ...]", file=sys.stderr)
        return 2
    columns: dict[str, Measures] = {}
    for path in paths:
        tape = read(Path(path))
        columns[Path(path).name] = one_venue(tape[tape["publisher_id"] == tape["publisher_id"].min()])
    print(table(columns), end="\n\n")
    print(table({f"{Path(paths[-1]).name}, all venues": all_venues(tape)}))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
