"""`sor backtest --from-kafka --group NAME`: the symbols of a run, shared with the other members of a group."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sor.core.spec import Spec
from sor.errors import InputError, RunError, StreamError
from sor.request import BacktestRequest
from sor.text import say

if TYPE_CHECKING:
    from sor.report.files.symbol_folders import ResultFolders
    from sor.stream.consume.source import KafkaSource


class SymbolWorker:
    """Works the order of one symbol after the other and keeps the results in a folder for all members."""

    def __init__(self, folders: ResultFolders, spec: Spec, as_json: bool) -> None:
        self._folders, self._spec, self._as_json = folders, spec, as_json
        self.written = 0
        self._unkept: dict[str, str] = {}  # symbols whose result could not be kept, and why

    def has(self, symbol: str) -> bool:
        return symbol in self._unkept or self._folders.has(symbol)

    def problem(self, symbol: str) -> str | None:
        return self._unkept.get(symbol) or self._folders.problem(symbol)

    def made_before_end(self, symbol: str) -> bool:
        return symbol not in self._unkept and self._folders.made_before_end(symbol)

    def work(self, symbol: str, source: KafkaSource) -> None:
        try:
            self._work(symbol, source)
        except InputError as error:  # what is in the way of this symbol's result: the others go on
            self._unkept[symbol] = str(error)
            say(f"sor: {symbol}: {error}")

    def _work(self, symbol: str, source: KafkaSource) -> None:
        from sor.running.run import run

        try:
            report = run(source, self._spec)
        except (InputError, RunError) as error:  # of this symbol: the others go on
            self._say(symbol, str(error), self._folders.write_failure(symbol, error))
            return
        ours = self._folders.write(symbol, report)
        complete = "incomplete" if report.data["stream"]["complete"] is False else "done"
        self._say(symbol, complete, ours)
        if ours and self._as_json:
            from sor.report.encode import encode_line

            sys.stdout.write(encode_line({"symbol": symbol, "report": report.data}))
            sys.stdout.flush()

    def _say(self, symbol: str, what: str, ours: bool) -> None:
        where = self._folders.place(symbol) if ours else "another member's result is kept"
        self.written += ours
        say(f"sor: {symbol}: {what}: {where}")


def work(
    request: BacktestRequest,
    group: str,
    out: str | None,
    as_json: bool,
    bootstrap_servers: str,
    topic: str,
    run_id: str,
    idle_timeout: float,
) -> None:
    """Until every symbol of the run has a result in `out`. StreamError where one is missing, incomplete or failed."""
    if out is None:
        raise InputError("--group needs --out DIR, one folder for all members: the results of the run are kept there")
    if request.symbol is not None:
        raise InputError("--group works on every symbol of the run: leave --symbol out")
    from sor.cli.progress import stream_progress
    from sor.report.files.folder import check_writable
    from sor.report.files.symbol_folders import ResultFolders
    from sor.stream.consume.group import Group

    spec = request.spec()
    check_writable(Path(out))
    with stream_progress() as show:
        member = Group(bootstrap_servers, topic, group, run_id, idle_timeout, show, request.rule())
        with closing(member):
            folders = ResultFolders(Path(out), member.run)
            desk = SymbolWorker(folders, spec, as_json)
            worked = member.work(desk)
            problems = _problems(member.symbols(), desk.problem)
    here = (
        f"run {member.run}: {worked.done} of {worked.of} symbols are in {folders.folder}, {desk.written} by this member"
    )
    if worked.done < worked.of:
        raise StreamError(f"{here}; the others did not come within {idle_timeout:g} s")
    if problems:
        raise StreamError(f"{here}, but not all are whole: {'; '.join(problems[:3])}{'; ...' if problems[3:] else ''}")
    say(f"sor: {here}; complete")


def _problems(symbols: list[str], problem: Callable[[str], str | None]) -> list[str]:
    """What is wrong with results, in words."""
    found = []
    for symbol in symbols:
        try:
            text = problem(symbol)
        except (OSError, ValueError, KeyError) as error:
            text = f"no result ({error})"
        if text is not None:
            found.append(f"{symbol}: {text}")
    return found
