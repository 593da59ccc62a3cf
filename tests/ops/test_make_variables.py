"""What is typed as NAME=VALUE behind `make` reaches the program as it was typed, and never a shell."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
HOSTILE = ["a'; touch x; '", 'a"; touch x; "', "`touch x`", "$(shell touch x)", "$$(touch x)", "a; touch x", "a b\\ c"]
PASS_ON = '#!/bin/sh\n"$@"\n'
RECORD = '#!/bin/sh\nenv -0 > environment\nprintf "%s\\n" "$@" > arguments\n'
OPTION = re.compile(r"export (SOR_DEPLOY_\w+) = \$\((?:value |or \$\(value )(\w+)\)")
DEPLOY = dict(OPTION.findall((REPO / "ops.mk").read_text()))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The real makefiles around programs that note how they were called."""
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    for name in ("Makefile", "ops.mk"):
        shutil.copy(REPO / name, tmp_path)
    programs = dict.fromkeys((".venv/bin/python", ".venv/bin/sor", ".venv-ops/bin/python"), RECORD)
    for name, text in {**programs, "scripts/tf-plugin-dir": "#!/bin/sh\n", "scripts/own-network": PASS_ON}.items():
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    for name in ("requirements.lock", "requirements-ops.lock", "requirements-dev.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    for name in (".venv/.ready", ".venv/.dev", ".venv-ops/.ready"):
        (tmp_path / name).touch()
    return tmp_path


def made(checkout: Path, *words: str, **environment: str) -> tuple[dict[str, str], list[str]]:
    """The environment and the arguments of the program that make has called at the end."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SOR_", "MAKE", "MFLAGS", "AWS_", "PYTEST_"))}
    done = subprocess.run(["make", *words], cwd=checkout, env=clean | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not (checkout / "x").exists(), words
    found = (checkout / "environment").read_text().split("\0")
    return dict(line.split("=", 1) for line in found if "=" in line), (checkout / "arguments").read_text().splitlines()


@pytest.mark.parametrize("value", HOSTILE)
def test_options_of_deploy_are_not_read_by_a_shell(checkout: Path, value: str) -> None:
    assert len(DEPLOY) == 19
    typed = [f"{name}={value}" for name in DEPLOY.values()]
    for target in ("deploy-plan", "destroy"):
        environment, _ = made(checkout, target, *typed)
        assert {name: environment[name] for name in DEPLOY} == dict.fromkeys(DEPLOY, value)


@pytest.mark.parametrize("value", HOSTILE)
def test_no_other_option_is_read_by_a_shell(checkout: Path, value: str) -> None:
    assert made(checkout, "kafka-up", f"VERSION={value}")[1] == ["kafka", "up", "--version", value]
    environment, _ = made(checkout, "rehearse", f"KEEP={value}", f"REHEARSE_ARGS={value}")
    assert (environment["SOR_REHEARSE_KEEP"], environment["PYTEST_ADDOPTS"]) == (value, value)
    if "$" not in value:  # how many workers may be computed, in make's own language
        assert value in made(checkout, "test", f"WORKERS={value}", CI="")[1]


def test_each_test_is_in_one_of_the_two_parts_of_all(checkout: Path) -> None:
    quick, rest = (compile(made(checkout, target)[1][-1], target, "eval") for target in ("test", "test-rest"))
    names = ("broker", "smoke", "ops", "long")
    for marks in itertools.product((False, True), repeat=len(names)):
        of_test = dict(zip(names, marks, strict=True)) | {"slow": False}
        if of_test["broker"] or not of_test["smoke"]:
            assert eval(quick, of_test) is not eval(rest, of_test), of_test
        assert not eval(quick, of_test | {"slow": True})
        assert not eval(rest, of_test | {"slow": True})
    assert eval(quick, dict.fromkeys((*names, "slow"), False) | {"broker": True, "smoke": True})
    assert eval(rest, dict.fromkeys((*names, "slow"), False) | {"broker": True})


def test_what_is_not_typed_is_not_there_and_the_region_may_be_the_users_own(checkout: Path) -> None:
    assert made(checkout, "kafka-up")[1] == ["kafka", "up"]
    environment, arguments = made(checkout, "deploy-plan", AWS_DEFAULT_REGION="eu-west-1")
    assert arguments == ["scripts/deploy", "plan"]
    assert environment["SOR_DEPLOY_REGION"] == "eu-west-1"
    assert all(not environment[name] for name in DEPLOY if name != "SOR_DEPLOY_REGION")
