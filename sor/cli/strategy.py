"""`sor strategy`: write, check and list strategies of one's own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sor.errors import InputError
from sor.text import say

TEMPLATE = '''"""A router of my own. Try it: sor backtest --strategy {file}:{name}"""

from sor.strategies import Allocation, Router, Setting, View, resting_places


class {name}(Router):
    """Rests half of each slice at the venue with the shortest queue at the national best, and takes the rest now."""

    def __init__(self, share: float = 0.5) -> None:
        self.share = share  # --param share=0.3

    def begin(self, setting: Setting) -> None:
        """Called once: the order, its slices, and the fees (nanodollars a share)."""
        self.fees = setting.fees

    def allocate(self, view: View, size: int) -> Allocation:
        """`size` shares are to be done in the slice that begins now."""
        best = max((v.rest_px for v in view.venues), default=0)
        places = [v for v in view.venues if v.venue in resting_places(view, best) and v.rest_px == best]
        if not places:
            return Allocation(market=size)
        shortest = min(places, key=lambda v: (v.rest_sz, v.venue))
        rest = int(size * self.share)
        return Allocation(market=size - rest, limits={{shortest.venue: rest}})
'''


@click.group()
def command() -> None:
    """Strategies of your own: write one, check it, list all that can be used."""


@command.command(epilog="Example: sor strategy new MyRouter")
@click.argument("name")
@click.option("--out", type=click.Path(), metavar="FILE", help="Where to write it.  [default: NAME in lower case .py]")
def new(name: str, out: str | None) -> None:
    """Write a file with a router to start from."""
    if not name.isidentifier():
        raise InputError(f"{name!r} cannot be the name of a class: letters, digits and _ only, such as MyRouter")
    path = Path(out or f"{name.lower()}.py")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(name=name, file=path))
    except FileExistsError:
        raise InputError(f"{path}: the file is there already: name another with --out") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from None
    say(f"{path} is written. Next: sor strategy check {path}:{name}")


@command.command(epilog="Example: sor strategy check myrouter.py:MyRouter")
@click.argument("reference", metavar="FILE.py:NAME")
@click.option("--param", multiple=True, metavar="KEY=VALUE", help="A parameter of it; repeatable.")
def check(reference: str, param: tuple[str, ...]) -> None:
    """Run it on hard tapes: no look-ahead, the same answers twice, legal plans; and print the time of a decision."""
    from time import perf_counter

    from sor.plug_ins.check import check_strategy
    from sor.plug_ins.decision_times import DecisionTimes, in_words
    from sor.request import BacktestRequest

    spec = BacktestRequest(strategy=reference, param=param).spec()
    if spec.plug_in is None:
        raise InputError(f"{reference} comes with sor: name one of your own, as FILE.py:NAME")
    if spec.plug_in.candidates:
        raise InputError("a check is of one set of parameters: give one value each")
    times = DecisionTimes(spec.plug_in.name, perf_counter)
    with times.patience():
        found = check_strategy(times.timed(spec.plug_in))
    for problem in found.problems:
        say(f"FAIL  {problem}")
    if found.problems:
        sys.exit(1)
    click.echo("ok    no look-ahead: what comes later changes no answer")
    click.echo("ok    the same answers twice")
    click.echo(f"ok    {found.decisions:,} legal answers, to both sides")
    click.echo(f"time  {in_words(times.typical)} a decision, {in_words(times.slowest)} the slowest")
    if remark := times.remark():
        say(f"slow  {remark}")


@command.command("list", epilog="Example: sor strategy list")
def list_all() -> None:
    """Name all strategies that --strategy takes."""
    from sor.core.spec import STRATEGIES
    from sor.plug_ins.find import names

    for name in (*STRATEGIES, *names()):
        click.echo(name)
    say("One of your own: FILE.py:NAME or package.module:NAME (sor strategy new NAME writes a file to start from)")
