"""The folder of kept reports: what every run leaves behind, whatever becomes of the screen.

Of each run there are its report as JSON and, beside it, the same as an object with all fills, from which tables and
pictures are made: compressed, and for this version of sor only.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sor.files.writing import private_dir, write_whole
from sor.paths import state_dir

KEEP_REPORTS = 100
PREFIX, REPORT, RUN = "sor-report-", ".json", ".run"


def folder() -> Path:
    return state_dir() / "reports"


def keep(text: str, packed: bytes) -> Path | None:
    """Put a report where it outlives the screen; the oldest go when there are too many. None where nothing can be."""
    home = folder()
    with suppress(OSError):
        private_dir(home)
    for place in (home, Path.cwd()):
        path = place / f"{PREFIX}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}{REPORT}"
        try:
            write_whole(path.with_suffix(RUN), packed, private=place is home)
            write_whole(path, text, private=place is home)
        except OSError:
            path.with_suffix(RUN).unlink(missing_ok=True)
            continue
        for old in reports()[KEEP_REPORTS:]:
            old.with_suffix(RUN).unlink(missing_ok=True)
            old.unlink(missing_ok=True)
        return path
    return None


def reports() -> list[Path]:
    """The JSON of each kept run, the newest first."""
    return sorted(folder().glob(f"{PREFIX}*{REPORT}"), reverse=True)


def run_of(report: Path) -> str:
    """The path of the run that a report is of; empty where only its JSON is there."""
    run = report.with_suffix(RUN)
    return str(run) if run.is_file() else ""


def kept_at(report: Path) -> str:
    """When a report was kept: "11-30 10:04:37.12", which no two share. Its name where it is not one of ours."""
    try:
        at = datetime.strptime(report.name, f"{PREFIX}%Y%m%dT%H%M%S.%fZ{REPORT}")
    except ValueError:
        return report.name
    return f"{at:%m-%d %H:%M:%S}.{at.microsecond // 10_000:02d}"
