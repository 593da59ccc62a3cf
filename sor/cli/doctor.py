"""`sor doctor`: what is wrong here, and the command that fixes it."""

from __future__ import annotations

import json
import sys

import click

from sor.cli.options.kafka_config import kafka_config
from sor.doctor.finding import Finding, State
from sor.text import say

_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.WRONG: "red", State.SKIPPED: "bright_black"}


@click.command(epilog="Example: sor doctor --json    (exit code 1 when something is wrong)")
@kafka_config
@click.option(
    "--bootstrap-servers",
    envvar="SOR_BOOTSTRAP_SERVERS",
    default="127.0.0.1:9092",
    show_default=True,
    help="Where the broker is (SOR_BOOTSTRAP_SERVERS).",
)
@click.option("--topic", default="mock_l1_stream", show_default=True, help="The topic to look at.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON and nothing else.")
@click.pass_context
def command(context: click.Context, bootstrap_servers: str, topic: str, as_json: bool) -> None:
    """Check this machine: Java, memory, units, ports, broker, topic, disk, clock."""
    from sor.doctor import examine, is_well

    findings: list[Finding] = []
    for finding in examine(bootstrap_servers, topic):
        findings.append(finding)
        if not as_json:
            _show(finding)
    well = is_well(findings)
    if as_json:
        click.echo(json.dumps({"well": well, "findings": [finding.as_dict() for finding in findings]}, indent=2))
    elif not well:
        wrong = [finding.name for finding in findings if finding.state is State.WRONG]
        say(f"wrong: {', '.join(wrong)}", to=sys.stdout)
    else:
        say("nothing is wrong", to=sys.stdout)
    if not well:
        context.exit(1)


def _show(finding: Finding) -> None:
    import os
    import sys

    colour = None if "NO_COLOR" in os.environ or not sys.stdout.isatty() else _COLOURS[finding.state]
    state = click.style(f"{finding.state:<8}", fg=colour) if colour else f"{finding.state:<8}"
    say(f"{state} {finding.name:<14} {finding.seen}", to=sys.stdout)
    if finding.fix:
        say(f"{'':<8} {'':<14} fix: {finding.fix}", to=sys.stdout)
