"""The bake-off of docs/findings.md: `findings.py synthetic OUT`, `lean FOLDER OUT`, `days FOLDER` or `show SWEEP`.

Sweeps the routers over the tapes, as one would by hand, and prints what all orders say together, and each tape. `days`
sets the tuned router beside the paper's simple allocations on each day of LEAN's, and says where venues are shown.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sor.report.format import venue_names
from sor.sweep.report.analysis import answer
from sor.sweep.report.tables import bake_off_cells, bake_off_words
from sor.sweep.store import read_table

ROUTERS = "cont_kukanov,X_E,cont_kukanov_online,delay,censored,imbalance,proportional_update"
SEEDS = range(1, 6)
STUDIES = (("ibm", "buy", 900), ("ibm", "sell", 900), ("aig", "buy", 900), ("bac", "buy", 9_000))  # shares of an order
WINDOW = ("--tz", "America/New_York", "--start", "10:00:00", "--end", "10:45:00")


def synthetic(out: Path) -> Path:
    """Five seeds, three venues, orders of 600 shares over a minute each."""
    tapes = out / "tapes"
    tapes.mkdir(parents=True, exist_ok=True)
    for seed in SEEDS:
        if not (file := tapes / f"{seed}.csv.gz").exists():
            sor("data", "synth", "--venues", "3", "--minutes", "5", "--seed", str(seed), "--out", str(file))
    times = ["--start", "13:32:00", "--end", "13:35:00", "--every", "60", "--quantity", "600"]
    return swept([f"{tapes}/*.csv.gz"], times, out / "synthetic")


def lean(folder: Path, out: Path) -> list[Path]:
    """Three stocks: orders of seven and a half minutes each, 10:00 to 10:45."""
    return [
        swept(
            [f"{folder}/{symbol}-*.zip"],
            [*WINDOW, "--every", "450", "--quantity", str(quantity), "--side", side],
            out / f"{symbol}-{side}",
        )
        for symbol, side, quantity in STUDIES
        if any(folder.glob(f"{symbol}-*.zip"))
    ]


def days(folder: Path) -> None:
    """One order a day, for all that its study's orders buy: the tuned router against each simple allocation."""
    print(
        "| day | against X_M | against X_E | against X_L | X_L's venue | shown at the bid |\n|---|---|---|---|---|---|"
    )
    sizes = {symbol: 6 * quantity for symbol, _, quantity in STUDIES}
    for quotes in sorted(folder.glob("*_quote.zip")):
        day = quotes.name.removesuffix("_quote.zip")
        tapes = [quotes, folder / f"{day}_trade.zip"]
        shown = printed_json("data", "info", "--json", *map(str, tapes))["shown"]["bid"]
        venue, *_ = sorted(shown, key=lambda name: (-shown[name], name))
        quantity = sizes[day.split("-")[0]]
        order = [*WINDOW, "--quantity", str(quantity), *(word for tape in tapes for word in ("--tape", str(tape)))]
        report = printed_json("backtest", "--json", *order)
        print(f"| {day} | {' | '.join(_against(report, venue))} | {_shares(shown)} |", flush=True)


def _against(report: dict[str, Any], venue: str) -> list[str]:
    """Savings and 95 % interval against X_M, X_E and all limit at a venue, in bps, and that venue's name."""
    found = report["out_of_sample"]
    cells = []
    for baseline in ("X_M", "X_E", f"X_L_{venue}"):
        mean, interval = found["mean_savings_bps"][baseline], found["ci95"][baseline]
        cells.append(f"{mean:+.2f} ({interval[0]:+.2f} to {interval[1]:+.2f})" if interval else f"{mean:+.2f} (-)")
    return [*cells, venue_names()[int(venue)]]


def _shares(shown: dict[str, float]) -> str:
    largest = sorted(shown.items(), key=lambda item: -item[1])
    return ", ".join(f"{venue_names()[int(venue)]} {share:.0%}" for venue, share in largest if share >= 0.005)


def printed_json(*words: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    run = subprocess.run([sys.executable, "-m", "sor", *words], check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def swept(tapes: Sequence[str], order: Sequence[str], out: Path) -> Path:
    sor(
        "sweep",
        *(word for tape in tapes for word in ("--tape", tape)),
        *order,
        "--strategy",
        ROUTERS,
        "--out",
        str(out),
    )
    return out


def sor(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "sor", *words], check=True)


def show(out: Path) -> None:
    found = answer(out).data["bake_off"]
    assert found is not None, "fewer than two routers worked the same orders"
    print("| router | bps | 95 % interval | p | found | best | filled | c/share |\n|---|---|---|---|---|---|---|---|")
    for cells in bake_off_cells(found):
        print(f"| {' | '.join(cells)} |")
    print(f"\n{bake_off_words(found)}\n")
    rows = read_table(out, ["tape", "strategy", "saved_by_slice", "x_m_cost"]).to_pylist()
    tapes, names = (sorted({row[key] for row in rows}) for key in ("tape", "strategy"))
    print(f"| savings against X_M, bps | {' | '.join(map(str, names))} |\n|---|{'---|' * len(names)}")
    for tape in tapes:
        cells = []
        for name in names:
            mine = [row for row in rows if (row["tape"], row["strategy"]) == (tape, name)]
            cost = sum(abs(float(row["x_m_cost"])) for row in mine)
            cells.append(f"{sum(sum(row['saved_by_slice']) for row in mine) / cost * 1e-5:+.2f}" if cost else "-")
        print(f"| {Path(str(tape).split('+')[0]).name} | {' | '.join(cells)} |")


def main(words: Sequence[str]) -> None:
    if len(words) == 2 and words[0] == "synthetic":
        show(synthetic(Path(words[1])))
    elif len(words) == 3 and words[0] == "lean":
        for study in lean(Path(words[1]), Path(words[2])):
            print(f"\n{study.name}\n")
            show(study)
    elif len(words) == 2 and words[0] == "days":
        days(Path(words[1]))
    elif len(words) == 2 and words[0] == "show":
        show(Path(words[1]))
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
