"""The bundled tape by the simple strategies, byte for byte.

After a change that is meant to change these figures, look at the difference and rewrite the file with
`python tests/report/test_golden.py`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sor import backtest
from sor.report.encode import encode

GOLDEN = Path(__file__).with_name("golden_static.json")
STRATEGIES = ("best_ask", "twap", "static", "vwap", "market_vwap")
ORDERS: dict[str, dict[str, Any]] = {
    "buy": {},
    "sell": {"side": "sell"},
    "replenish": {"liquidity": "replenish", "snapshot_rule": "first", "fees": "none"},
    "late": {"quantity": 2_000, "start": "13:32:00", "end": "13:36:00.5", "latency_us": 500, "interval": 30},
    "limited": {"limit_price": "150.00", "max_quote_age": 5},
}


def figures() -> str:
    """What the reports say of the simple strategies, as the JSON that the program would print."""
    found = {name: backtest(strategy="static", **options).data for name, options in ORDERS.items()}
    return encode(
        {
            name: {
                "savings_vs_baselines_bps": data["savings_vs_baselines_bps"],
                "order": data["order"],
                "tape": data["tape"],
                "stream": data["stream"],
                "strategies": {strategy: data["strategies"][strategy] for strategy in STRATEGIES},
            }
            for name, data in found.items()
        }
    )


def test_the_bundled_tape_gives_the_same_bytes() -> None:
    assert figures().encode() == GOLDEN.read_bytes()


if __name__ == "__main__":
    GOLDEN.write_bytes(figures().encode())
