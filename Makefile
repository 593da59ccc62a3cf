# Every target in one line: `make help`. Nothing but Python 3.11 and make is needed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKED_EXTRAS := broker dbn plot sweep dev

.PHONY: help setup lock demo test check tui kafka-up kafka-down bench paper screenshots

help:  ## list the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 26

setup: $(VENV)/.ready  ## install the locked packages and sor itself into .venv

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

lock:  ## write requirements.lock anew from pyproject.toml (for maintainers)
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet pyproject.toml $(LOCKED_EXTRAS:%=--extra %) \
	  --universal --python-version 3.11 --generate-hashes --no-header -o requirements.lock
	rm -rf .venv-lock

demo: setup  ## stream the bundled tape through a real Kafka and route an order: a table, and pictures in out/demo
	@$(BIN)/python scripts/demo

test: setup  ## prove that it works
	$(BIN)/python -m pytest

check: setup check-ops  ## lint, types, import rules, infrastructure
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

kafka-up: setup  ## bring up a real Kafka on loopback (VERSION=3.6.1 for the older one)
	@$(BIN)/sor kafka up $(if $(VERSION),--version $(VERSION))

kafka-down: setup  ## stop it
	@$(BIN)/sor kafka down

bench: setup .venv-bench/.ready  ## measure speed and memory, beside hftbacktest (benchmarks/engine.md)
	$(BIN)/python benchmarks/engine.py

paper: setup  ## reproduce the paper's figure and tables into docs/model.md
	$(BIN)/sor paper --out docs

# The peer brings numba and its own pins: a virtual environment of its own.
.venv-bench/.ready:
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check 'hftbacktest==2.4.*'
	@touch $@

-include ops.mk

tui: setup  ## open the terminal interface
	@$(BIN)/sor tui

screenshots: setup  ## pictures of the terminal interface, from real runs
	$(BIN)/python -m tui.pictures docs/img
