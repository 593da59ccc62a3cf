"""A run's figures as Prometheus reads them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sor.sources.source import StreamFacts
from sor.stream.metrics import METRICS, RunFigures, RunState, exposition
from sor.stream.progress import StreamProgress

BEGUN = RunFigures("produce", "market", "r1", started=1000.0, updated=1000.0)


def read(figures: RunFigures) -> dict[str, float]:
    """Prometheus' own reading: samples by name, of the state the one that is 1."""
    found = {}
    for family in text_string_to_metric_families(exposition(figures)):
        assert family.documentation
        for sample in family.samples:
            labels = dict(sample.labels)
            state = labels.pop("state", None)
            assert labels == {"command": figures.command, "topic": figures.topic, "run": figures.run}
            if state is None:
                found[sample.name] = sample.value
            elif sample.value:
                found[state] = sample.value
    return found


def test_a_run_that_has_begun_says_only_what_is_known() -> None:
    assert read(BEGUN) == {
        "sor_messages_total": 0,
        "sor_run_start_time_seconds": 1000,
        "sor_run_update_time_seconds": 1000,
        "running": 1,
    }


def test_a_look_changes_the_figures_and_an_older_count_does_not() -> None:
    seen = BEGUN.after(StreamProgress("sending", 250, done=0.5, lag=0.25), 1005.5)
    assert read(seen) == {
        "sor_messages_total": 250,
        "sor_lag_seconds": 0.25,
        "sor_run_done_ratio": 0.5,
        "sor_run_start_time_seconds": 1000,
        "sor_run_update_time_seconds": 1005.5,
        "running": 1,
    }
    later = seen.after(StreamProgress("reading", 200, unread=7, note="the broker is back"), 1006.0)
    assert read(later)["sor_messages_total"] == 250
    assert read(later)["sor_unread_messages"] == 7
    assert read(later)["sor_run_done_ratio"] == 0.5


def test_every_way_to_end_has_its_state() -> None:
    facts = StreamFacts(10, 8, duplicates=3, gaps=2, rejected=1, complete=False)
    part = read(BEGUN.read(facts, 1010.0, incomplete=True))
    assert part["incomplete"] == 1
    assert (part["sor_messages_total"], part["sor_gaps"]) == (8, 2)
    assert (part["sor_duplicate_messages_total"], part["sor_rejected_messages_total"]) == (3, 1)
    whole = StreamFacts(10, 10)
    assert BEGUN.read(whole, 1010.0, incomplete=False).state is RunState.COMPLETE
    assert BEGUN.read(replace(whole, complete=None), 1010.0, incomplete=False).state is RunState.UNPROVEN
    assert BEGUN.sent(10, True, 1010.0).state is RunState.COMPLETE
    assert BEGUN.sent(10, False, 1010.0).state is RunState.INTERRUPTED
    assert BEGUN.stopped(RunState.FAILED, 1010.0).state is RunState.FAILED


@pytest.mark.parametrize("run", ['a"b', "a\\b", "a\nb", "a\\nb", "é\u202e", "{}", "AAPL/2024"])
def test_any_name_of_a_run_is_one_label(run: str) -> None:
    assert read(replace(BEGUN, run=run))["sor_messages_total"] == 0


def test_the_names_keep_the_conventions() -> None:
    for name, kind, _, _ in METRICS:
        assert re.fullmatch(r"sor_[a-z_]+", name)
        assert (kind == "counter") == name.endswith("_total")
