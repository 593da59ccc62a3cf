"""What the files in infra/metrics ask for, for tests that hold it against what is exported."""

from __future__ import annotations

import json
import re
from pathlib import Path

INFRA = Path(__file__).resolve().parents[1] / "infra"
RULES = INFRA / "metrics" / "kafka.yml"
DASHBOARD = INFRA / "metrics" / "dashboard.json"
PROMETHEUS = INFRA / "metrics" / "prometheus.yml"


def expressions() -> list[str]:
    """Every query of the dashboard."""
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", ())]


def metrics_of(expression: str) -> set[str]:
    """The metrics that a query names: words with an underscore, outside of label selectors."""
    return set(re.findall(r"\b[a-z]+_[a-zA-Z0-9_]+\b", re.sub(r"\{[^}]*\}|\([a-z, ]*\) ", " ", expression)))


def dashboard_metrics(*beginnings: str) -> set[str]:
    """Those of all queries that begin so."""
    return {name for text in expressions() for name in metrics_of(text) if name.startswith(beginnings)}


def samples_of(text: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Prometheus' own reading of what an exporter answers: labels and values by the samples' names."""
    from prometheus_client.parser import text_string_to_metric_families

    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found
