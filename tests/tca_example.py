"""Makes data/examples/own-fills.csv again: `python tests/tca_example.py`.

Two parent orders worked over the bundled tape, in the columns of a broker's export, and one fill that the tape cannot
have given.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from sor import backtest
from sor.core.units import format_time
from sor.venues import exchange_of_publisher

EXAMPLE = Path(__file__).parent.parent / "data" / "examples" / "own-fills.csv"
ORDERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("B-1", {"side": "buy", "quantity": 600, "start": "13:31:00", "end": "13:34:00"}),
    ("S-1", {"side": "sell", "quantity": 400, "start": "13:35:00", "end": "13:38:00"}),
)


def example() -> str:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["order_id", "transact_time", "last_mkt", "side", "last_px", "last_qty", "liquidity"])
    for name, options in ORDERS:
        for fill in backtest(strategy="X_E", router_interval=10, **options).fill_records:
            exchange = exchange_of_publisher(fill.publisher_id)
            if fill.strategy == "X_E" and exchange is not None:
                liquidity = "added" if fill.kind == "make" else "removed"
                table.writerow(
                    [name, format_time(fill.ts), exchange.mic, options["side"], fill.px, fill.qty, liquidity]
                )
    table.writerow(["S-1", "2024-06-03T13:37:30.000000000Z", "XNAS", "sell", "151.5", 25, "added"])
    return out.getvalue()


if __name__ == "__main__":
    EXAMPLE.write_text(example(), encoding="utf-8")
