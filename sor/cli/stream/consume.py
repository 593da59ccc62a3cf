"""`sor consume`: a run of a topic, or a stretch of it, to a tape."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from sor.cli.options.metrics import metrics_option, run_metrics
from sor.cli.options.run_of_topic import run_of_topic
from sor.core.units import format_time
from sor.errors import InputError, StreamError
from sor.text import say


@click.command("consume", epilog="Example: sor consume --run latest --from 14:30 --to 15:00 --out half-hour.parquet")
@click.option(
    "--out", required=True, metavar="FILE.parquet", type=click.Path(path_type=Path), help="The tape to write."
)
@click.option("--from", "start", metavar="TIME", help="HH:MM:SS[.fff] or ISO 8601.  [default: the run's beginning]")
@click.option("--to", "end", metavar="TIME", help="The last moment to keep.  [default: the run's end]")
@click.option("--tz", default="UTC", show_default=True, metavar="ZONE", help="Time zone of --from and --to.")
@run_of_topic
@metrics_option
def command(
    out: Path,
    start: str | None,
    end: str | None,
    tz: str,
    run_id: str,
    bootstrap_servers: str,
    topic: str,
    idle_timeout: float,
    metrics: Path | None,
) -> None:
    """Write a run of a topic, or a stretch of it, to a Parquet tape.

    A backtest of the tape gives what the run itself gives. An incomplete run is written as far as it came, and the
    exit code is 1. With --from and --to the book before the stretch is not on the tape, and nothing that comes after
    --to is waited for: a run may still be being produced.
    """
    from sor.cli.progress import stream_progress
    from sor.options.option_values import when
    from sor.options.zones import Zone, instant
    from sor.stream import open_stream
    from sor.tapes.from_snapshots import write_snapshots

    typed = [None if text is None else when(name, text, tz) for name, text in (("--from", start), ("--to", end))]
    with (
        stream_progress() as show,
        run_metrics("consume", topic, metrics) as figures,
        closing(open_stream(bootstrap_servers, topic, run_id, idle_timeout, figures.watching(show))) as source,
    ):
        figures.begin(source.run)
        bounds = source.bounds()
        if bounds is None and any(moment is not None and moment.of_day for moment in typed):
            raise InputError(f"run {source.run} does not say its day: write --from and --to with a date")
        day = None if bounds is None else Zone.named(tz).date_of(bounds[0])
        first, last = (
            None if moment is None else instant(moment, day) if day is not None else moment.ns for moment in typed
        )
        _check_stretch(source.run, bounds, first, last)
        rows = write_snapshots(source, out, first, last)
        facts = source.stream_facts()
        incomplete = bool(facts.gaps if rows.is_past_end else facts.complete is False)
        figures.read(facts, incomplete=incomplete)
    say(f"wrote {out}: {rows.snapshots:,} snapshots of run {source.run}, {out.stat().st_size / 1e6:,.1f} MB")
    if incomplete:
        raise StreamError(f"run {source.run} is incomplete: {out} has what came")


def _check_stretch(run: str, bounds: tuple[int, int] | None, first: int | None, last: int | None) -> None:
    """InputError, before anything is read, for a stretch that can hold nothing."""
    if first is not None and last is not None and first > last:
        raise InputError(f"--from {format_time(first)} is after --to {format_time(last)}")
    if bounds is None:
        return
    if (first is not None and first > bounds[1]) or (last is not None and last < bounds[0]):
        begin, end = map(format_time, bounds)
        raise InputError(f"nothing of run {run} lies between --from and --to: it has {begin} to {end}")
