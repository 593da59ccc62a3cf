"""The core is pure, and nothing heavy is loaded unless it is used: looked at from fresh interpreters."""

from __future__ import annotations

import subprocess
import sys

SHELL = {
    "click",
    "crc32c",
    "dask",
    "distributed",
    "kafka",
    "matplotlib",
    "msgspec",
    "pandas",
    "pyarrow",
    "rich",
    "socket",
    "textual",
    "tui",
}


def modules_after(code: str) -> set[str]:
    """All names in sys.modules after this code has run in a fresh interpreter."""
    program = f"{code}\nimport sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_core_is_pure() -> None:
    """Every module of the core, imported: nothing of the shell comes with it."""
    found = modules_after(
        "import pkgutil, importlib, sor.core\n"
        "for module in pkgutil.walk_packages(sor.core.__path__, 'sor.core.'): importlib.import_module(module.name)"
    )
    assert {"sor.core.backtest.session", "sor.core.market.book", "sor.core.execution.accounting"} <= found
    assert {name.partition(".")[0] for name in found} & (SHELL - {"socket"}) == set()
    ours = {name for name in found if name.partition(".")[0] == "sor"}
    assert {name for name in ours if not name.startswith("sor.core")} <= {"sor", "sor.errors"}


def test_the_package_itself_loads_nothing() -> None:
    before = modules_after("")
    found = {name.partition(".")[0] for name in modules_after("import sor") - before}
    assert found <= {"sor", "typing", "collections", "functools", "operator", "contextlib", "re", "types"} | {
        name for name in found if name.startswith("_") or name in sys.stdlib_module_names
    }
    assert found & (SHELL | {"numpy"}) == set()


def test_a_request_loads_no_reader_and_no_report() -> None:
    found = {name.partition(".")[0] for name in modules_after("import sor.request, sor.running.run, sor.api")}
    assert found & (SHELL - {"socket"}) == set()


def test_a_backtest_of_a_csv_tape_loads_only_what_it_uses() -> None:
    """Memory and start: no masked arrays, no linear algebra of scipy, no data frames, no Kafka client, no pictures."""
    grid = "lambda_over='1.5x', lambda_under='1.5x', theta_queue='0.1x'"
    found = modules_after(f"import sor.api; sor.api.backtest({grid}).to_json()")
    assert {"pyarrow.csv", "sor.core.router.walk_forward"} <= found
    assert found & {"numpy.ma", "scipy", "pandas", "kafka", "matplotlib", "msgspec", "ssl", "_hashlib"} == set()
    assert found & {"sor.report.types"} == set()
    assert found & {"pyarrow.compute", "importlib.metadata", "sor.core.place.bound", "sor.core.place.solve"} == set()
    assert found & {"sor.tapes.vendor.spec", "sor.core.market.nbbo_book", "sor.core.market.nbbo_queues"} == set()


def test_other_outputs_load_no_types_of_their_keys() -> None:
    found = modules_after("import sor.comparison.compare, sor.tca.run, sor.sweep.report.analysis")
    assert {name for name in found if name.startswith("sor.") and "types" in name.split(".")} == set()
    assert "msgspec" not in found


def test_a_backtest_by_its_command_loads_no_completion_no_toml_and_starts_no_process() -> None:
    short = "'--strategy', 'static', '--end', '13:31:00', '--json'"
    found = modules_after(
        f"import os, sys; out, sys.stdout = sys.stdout, open(os.devnull, 'w')\n"
        f"from sor.cli import run; assert run(['backtest', {short}], 'sor') == 0\n"
        f"sys.stdout = out"
    ) - modules_after("import os")
    assert {"sor.cli.options.config_file", "sor.running.backtest_workers", "sor.tapes.csv.reader"} <= found
    assert found & {"click.shell_completion", "difflib", "sor.files.toml_file", "subprocess", "tomllib"} == set()
