"""What gives Prometheus the figures of this server, if that was asked for (make deploy METRICS=1)."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator

from sor.doctor import server_layout as place
from sor.doctor.finding import Finding, State

# Name of the finding: the address that answers, and the unit in which it lives.
EXPORTERS = {
    "metrics node": ("http://127.0.0.1:9100/metrics", "sor-node-exporter"),
    "metrics kafka": ("http://127.0.0.1:9404/metrics", "kafka"),
}
SECONDS = 5.0


def check() -> Iterator[Finding]:
    """One finding for each exporter; none on a machine without metrics."""
    if not (place.UNITS / "sor-node-exporter.service").exists():
        return
    for name, (url, unit) in EXPORTERS.items():
        yield _ask(name, url, unit)


def _ask(name: str, url: str, unit: str) -> Finding:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is behind no proxy
    try:
        with direct.open(url, timeout=SECONDS) as answer:
            lines = answer.read().decode(errors="replace").splitlines()
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        fix = f"sudo systemctl restart {unit}; journalctl -u {unit} -n 50"
        return Finding(name, State.WRONG, f"{url} does not answer: {reason}", fix)
    figures = sum(not line.startswith("#") for line in lines)
    return Finding(name, State.OK, f"{figures} figures at {url}")
