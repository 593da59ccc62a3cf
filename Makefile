# Every target in one line: `make help`. Nothing but Python 3.11 and make is needed.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DOCS := .venv-docs
OPS := .venv-ops
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
# What running needs, with the optional packages; `setup` is what an editable install needs. The rest is for changing it.
RUN_EXTRAS := broker dbn plot setup
DEV_EXTRAS := $(RUN_EXTRAS) sweep dev
# Not compiled ahead: half of the set-up's time would go into files that nobody imports.
PIP_INSTALL := python -m pip install --quiet --disable-pip-version-check --no-compile
PYTHON_OK := import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11 ...")

.PHONY: help setup dev lock demo test test-rest test-broker test-all check audit coverage docs docs-serve tui kafka-up kafka-down bench bench-track paper screenshots

# What is typed travels in the environment: in a command, a quotation mark in it would end it and begin another.
test test-rest test-all test-ops coverage: export SOR_TEST_WORKERS = $(WORKERS)
kafka-up: export SOR_KAFKA_WANTED = $(value VERSION)

help:  ## list the targets
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z-]*:.*## / { printf "  make %-19s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run it

setup: $(VENV)/.ready  ## install what every command needs into .venv, and sor itself

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c '$(PYTHON_OK)'
	@echo "Installing $$(grep -c == requirements.lock) locked packages into $(VENV): about half a minute and 500 MB, a Java runtime included" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/$(PIP_INSTALL) --require-hashes -r requirements.lock
	@$(BIN)/$(PIP_INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

demo: setup  ## stream the bundled tape through a real Kafka and route an order: a table, and pictures in out/demo
	@$(BIN)/python scripts/demo

tui: setup  ## open the terminal interface
	@$(BIN)/sor tui

kafka-up: setup  ## bring up a real Kafka on loopback (VERSION=3.6.1 for the older one)
	@$(BIN)/sor kafka up $${SOR_KAFKA_WANTED:+--version "$$SOR_KAFKA_WANTED"}

kafka-down: setup  ## stop it
	@$(BIN)/sor kafka down

##@ Change it

dev: setup $(VENV)/.dev  ## install what tests and checks need as well

$(VENV)/.dev: requirements-dev.lock $(VENV)/.ready
	@echo "Installing $$(grep -c == requirements-dev.lock) locked packages for tests and checks: about a minute, 350 MB more" >&2
	@$(BIN)/$(PIP_INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

# Every test that is not slow is in one of the two: in the first what is quick and needs neither a JVM nor Terraform.
TESTED := $(BIN)/python -m pytest -n "$$SOR_TEST_WORKERS" --dist loadgroup
QUICK := not slow and not long and not ops and (not broker or smoke)
REST := not slow and (long or ops or (broker and not smoke))

test: dev  ## prove that it works: every quick test that needs no JVM, and one run through a real broker
	$(TESTED) -m "$(QUICK)"

test-rest: dev $(OPS)/.ready  ## what `test` leaves out: all that a broker can do and suffer, long runs, and test-ops
	$(TESTED) -m "$(REST)"

test-all: test test-rest  ## every test, the quick ones first

test-broker: dev  ## of those, what needs a real Kafka
	$(BIN)/python -m pytest -m "broker and not slow and not smoke"

check: dev check-ops  ## lint, types, spelling, import rules, infrastructure
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive sor tui scripts

audit: .venv-audit/.ready  ## look every locked package up among the known vulnerabilities (asks the Python Package Index)
	@for lock in requirements*.lock; do echo "$$lock" && \
	  .venv-audit/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes -r "$$lock" || exit 1; done

.venv-audit/.ready:
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/$(PIP_INSTALL) 'pip-audit==2.10.1'
	@touch $@

coverage: dev  ## the lines that `make test` reaches: a table, and out/coverage/index.html
	$(TESTED) -m "$(QUICK)" --cov --cov-report=term:skip-covered --cov-report=html

bench: dev .venv-bench/.ready  ## measure speed and memory, beside hftbacktest (benchmarks/engine.md)
	$(BIN)/python benchmarks/engine.py
	$(BIN)/python benchmarks/day.py --minutes 3.9,39

# The peer brings numba and its own pins: a virtual environment of its own.
.venv-bench/.ready:
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/$(PIP_INSTALL) 'hftbacktest==2.4.*'
	@touch $@

##@ Write about it

docs: setup $(DOCS)/.ready  ## build the site from docs/ into out/site, every link checked
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict --quiet
	@echo "out/site/index.html"

docs-serve: setup $(DOCS)/.ready  ## show the site at http://127.0.0.1:8000 while you write
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs serve

$(DOCS)/.ready: requirements-docs.lock
	@test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	@$(DOCS)/bin/$(PIP_INSTALL) --require-hashes -r requirements-docs.lock
	@touch $@

paper: setup  ## reproduce the paper's figures and tables into docs/paper.md
	$(BIN)/sor paper --all --out docs

screenshots: setup  ## pictures of the terminal interface, from real runs
	$(BIN)/python -m tui.pictures docs/img

# For maintainers: the lock files again, from pyproject.toml and requirements-docs.in.
COMPILE := .venv-lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock:
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	$(COMPILE) pyproject.toml $(DEV_EXTRAS:%=--extra %) -o requirements-dev.lock
	$(COMPILE) pyproject.toml -c requirements-dev.lock $(RUN_EXTRAS:%=--extra %) -o requirements.lock
	$(COMPILE) requirements-docs.in -o requirements-docs.lock
	rm -rf .venv-lock

include ops.mk
