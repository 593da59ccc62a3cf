"""`sor place`: one problem, JSON in, JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from sor.errors import InputError
from sor.files.json_file import parse_json

_EXAMPLE = '{"S": 1000, "h": 0.02, "f": 0.003, "theta": 0.0005, "lambda_under": 0.045, "lambda_over": 0.05, "venues": '
_EXAMPLE += '[{"queue": 2000, "rebate": 0.002, "outflow": {"family": "exponential", "mean": 2200}}]}'


@click.command(epilog=f"Example: echo '{_EXAMPLE}' | sor place -")
@click.argument("file", metavar="FILE")
@click.option(
    "--method", type=click.Choice(["exact", "closed", "sa"]), default="exact", show_default=True,
    help="exact: the optimum; closed: without overbooking; sa: the paper's stochastic approximation.",
)  # fmt: skip
@click.option("--samples", type=click.IntRange(min=1), default=None, help="Joint outcomes to draw (default 32768).")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draw.")
@click.option(
    "--certify", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS",
    help="Time for branch and bound to close the gap.",
)  # fmt: skip
@click.option(
    "--max-shortfall", type=float, default=None, metavar="SHARES",
    help="Shares that may be missing on average, in place of lambda_under.",
)  # fmt: skip
def command(
    file: str, method: str, samples: int | None, seed: int, certify: float, max_shortfall: float | None
) -> None:
    """Solve one Cont-Kukanov problem in FILE (- reads standard input): dollars and shares in, one JSON object out."""
    data = _read(file)
    from sor.core.place import Problem, place, place_within

    problem = Problem.from_json(data)
    if max_shortfall is None:
        click.echo(json.dumps(place(problem, method, samples, seed, certify).to_json()))
        return
    found = place_within(problem, max_shortfall, method, samples, seed, certify)
    more = {"lambda_under": found.lambda_under, "shortfall": found.shortfall}
    click.echo(json.dumps(found.placement.to_json() | more))


def _read(file: str) -> Any:
    name = "standard input" if file == "-" else file
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return parse_json(raw)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None
