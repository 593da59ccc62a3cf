"""`sor consume`: a run of a topic, or a stretch of it, to a tape."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from sor.errors import InputError, StreamError
from sor.stream import BOOTSTRAP_SERVERS, TOPIC
from sor.text import say


@click.command("consume", epilog="Example: sor consume --run latest --from 14:30 --to 15:00 --out half-hour.parquet")
@click.option(
    "--out", required=True, metavar="FILE.parquet", type=click.Path(path_type=Path), help="The tape to write."
)
@click.option("--from", "start", metavar="TIME", help="HH:MM:SS[.fff] or ISO 8601.  [default: the run's beginning]")
@click.option("--to", "end", metavar="TIME", help="The last moment to keep.  [default: the run's end]")
@click.option("--tz", default="UTC", show_default=True, metavar="ZONE", help="Time zone of --from and --to.")
@click.option(
    "--run", "run_id", default="latest", show_default=True, metavar="latest|ID", help="Which run of the topic."
)
@click.option("--bootstrap-servers", envvar="SOR_BOOTSTRAP_SERVERS", default=BOOTSTRAP_SERVERS, show_default=True)
@click.option("--topic", default=TOPIC, show_default=True)
@click.option(
    "--idle-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=90.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up when nothing has come for so long.",
)
def command(
    out: Path,
    start: str | None,
    end: str | None,
    tz: str,
    run_id: str,
    bootstrap_servers: str,
    topic: str,
    idle_timeout: float,
) -> None:
    """Write a run of a topic, or a stretch of it, to a Parquet tape.

    A backtest of the tape gives what the run itself gives. An incomplete run is written as far as it came, and the
    exit code is 1. With --from and --to the book before the stretch is not on the tape.
    """
    from sor.cli.progress import stream_progress
    from sor.request import when
    from sor.stream import open_stream
    from sor.tapes.from_snapshots import write_snapshots
    from sor.zones import Zone, instant

    typed = [None if text is None else when(name, text, tz) for name, text in (("--from", start), ("--to", end))]
    with (
        stream_progress() as show,
        closing(open_stream(bootstrap_servers, topic, run_id, idle_timeout, show)) as source,
    ):
        bounds = source.bounds()
        if bounds is None and any(moment is not None and moment.of_day for moment in typed):
            raise InputError(f"run {source.run} does not say its day: write --from and --to with a date")
        day = None if bounds is None else Zone.of(tz).date_of(bounds[0])
        first, last = (
            None if moment is None else instant(moment, day) if day is not None else moment.ns for moment in typed
        )
        rows = write_snapshots(source, out, first, last)
        complete = source.stream_facts().complete
    say(f"wrote {out}: {rows.snapshots:,} snapshots of run {source.run}, {out.stat().st_size / 1e6:,.1f} MB")
    if complete is False:
        raise StreamError(f"run {source.run} is incomplete: {out} has what came")
