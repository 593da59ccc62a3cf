"""What is wrong with this machine, and the command that fixes it. `examine` is for the command and the screen alike."""

from __future__ import annotations

from collections.abc import Iterator

from sor.doctor.finding import Finding, State

__all__ = ["Finding", "State", "examine", "is_well"]


def examine(servers: str = "127.0.0.1:9092", topic: str = "mock_l1_stream") -> Iterator[Finding]:
    """Every finding, in the order in which one would look; takes a few seconds when the broker is away."""
    from sor.doctor import broker, machine, metrics, programs
    from sor.doctor import systemd as units

    yield from programs.check()
    yield from machine.check()
    yield from units.check()
    yield from broker.check(servers, topic)
    yield from metrics.check()


def is_well(findings: list[Finding]) -> bool:
    """Whether nothing is wrong; warnings are no illness."""
    return all(finding.state is not State.WRONG for finding in findings)
