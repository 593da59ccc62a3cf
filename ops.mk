# Deploying, the rehearsal, and their checks. Included by the Makefile; everything here runs from .venv-ops.
TF_DIR := infra/terraform
UNITS := $(wildcard systemd/*.service systemd/*.timer)

DEPLOYING := deploy deploy-plan destroy adopt start stop allow ssh status logs attach metrics backup restore diagnose

# The options of deploy, by their make names: make deploy REGION=eu-central-1 INSTANCE_TYPE=t4g.micro. They travel in the
# environment, as they were typed: in a command, a quotation mark in one of them would end it and begin another.
$(DEPLOYING): export SOR_DEPLOY_NAME = $(value DEPLOYMENT)
$(DEPLOYING): export SOR_DEPLOY_REGION = $(or $(value REGION),$(value AWS_REGION),$(value AWS_DEFAULT_REGION))
$(DEPLOYING): export SOR_DEPLOY_INSTANCE_TYPE = $(value INSTANCE_TYPE)
$(DEPLOYING): export SOR_DEPLOY_ACCESS = $(value ACCESS)
$(DEPLOYING): export SOR_DEPLOY_SSH_CIDR = $(value SSH_CIDR)
$(DEPLOYING): export SOR_DEPLOY_KEY = $(value KEY)
$(DEPLOYING): export SOR_DEPLOY_VOLUME_SIZE_GB = $(value VOLUME_GB)
$(DEPLOYING): export SOR_DEPLOY_CPU_CREDITS = $(value CPU_CREDITS)
$(DEPLOYING): export SOR_DEPLOY_SUBNET_ID = $(value SUBNET)
$(DEPLOYING): export SOR_DEPLOY_STOP_WHEN_IDLE_HOURS = $(value IDLE_HOURS)
$(DEPLOYING): export SOR_DEPLOY_AUTO = $(value AUTO)
$(DEPLOYING): export SOR_DEPLOY_REPLACE = $(value REPLACE)
$(DEPLOYING): export SOR_DEPLOY_BACKEND = $(value BACKEND)
$(DEPLOYING): export SOR_DEPLOY_UNIT = $(value UNIT)
$(DEPLOYING): export SOR_DEPLOY_FILE = $(value FILE)
$(DEPLOYING): export SOR_DEPLOY_TERMINATION_PROTECTION = $(value PROTECT)
$(DEPLOYING): export SOR_DEPLOY_ALARM_EMAIL = $(value ALARM_EMAIL)
$(DEPLOYING): export SOR_DEPLOY_METRICS = $(value METRICS)
$(DEPLOYING): export SOR_DEPLOY_EXTRA_VARS = $(value EXTRA_VARS)
# make itself hands on what was typed as well, and reads it as make's own language.
unexport DEPLOYMENT REGION INSTANCE_TYPE ACCESS SSH_CIDR KEY VOLUME_GB CPU_CREDITS SUBNET IDLE_HOURS AUTO REPLACE BACKEND \
  UNIT FILE PROTECT ALARM_EMAIL METRICS EXTRA_VARS KEEP REHEARSE_ARGS VERSION
DEPLOYER = SOR_TF_PLUGIN_DIR="$$(scripts/tf-plugin-dir)" $(OPS)/bin/python scripts/deploy

rehearse rehearse-emulated: export SOR_REHEARSE = 1
rehearse rehearse-emulated: export SOR_REHEARSE_KEEP = $(value KEEP)
rehearse rehearse-emulated: export PYTEST_ADDOPTS = $(value REHEARSE_ARGS)

.PHONY: $(DEPLOYING) test-ops rehearse rehearse-emulated check-ops check-terraform check-ansible check-systemd lock-ops

##@ Keep a server on AWS

deploy: setup $(OPS)/.ready  ## make a server on AWS: REGION= [KEY= INSTANCE_TYPE= SSH_CIDR= AUTO=1 ...]
	@$(DEPLOYER) up

deploy-plan: $(OPS)/.ready  ## show what deploy would make; needs no AWS account
	@$(DEPLOYER) plan

destroy: $(OPS)/.ready  ## remove everything that deploy made
	@$(DEPLOYER) down

adopt: $(OPS)/.ready  ## take over a server whose state was lost, by its tags: REGION= [DEPLOYMENT=]
	@$(DEPLOYER) adopt

start: $(OPS)/.ready  ## start a server that was stopped, and wait for it
	@$(DEPLOYER) start

stop: $(OPS)/.ready  ## stop the server; its disk stays
	@$(DEPLOYER) stop

allow: $(OPS)/.ready  ## open ssh to where you are now: [SSH_CIDR=a.b.c.d/32]
	@$(DEPLOYER) allow

ssh: $(OPS)/.ready  ## open a shell on the server
	@$(DEPLOYER) ssh

status: $(OPS)/.ready  ## show the server, its units and what the doctor finds
	@$(DEPLOYER) status

logs: $(OPS)/.ready  ## follow the journal of a unit on the server: [UNIT=kafka]
	@$(DEPLOYER) logs

attach: $(OPS)/.ready  ## open the server's terminal interface, which goes on when the line drops
	@$(DEPLOYER) attach

metrics: $(OPS)/.ready  ## open a tunnel to the server's figures for Prometheus (METRICS=1)
	@$(DEPLOYER) metrics

backup: $(OPS)/.ready  ## copy the server's topics, tapes and reports here: [FILE=]
	@$(DEPLOYER) backup

restore: $(OPS)/.ready  ## bring a backup back to the server: FILE=
	@$(DEPLOYER) restore

diagnose: $(OPS)/.ready  ## pack what a helper needs to see, without secrets: [FILE=]
	@$(DEPLOYER) diagnose

##@ Prove operations

test-ops: dev $(OPS)/.ready  ## the program that deploys, against a simulated AWS (Terraform; its AWS provider at hand)
	$(BIN)/python -m pytest -n "$$SOR_TEST_WORKERS" --dist loadgroup -m "ops and not slow"

# In a network of its own, so that a broker of yours, or of another test, is not in its way.
rehearse: dev $(OPS)/.ready  ## prove the deployment on a systemd host built on this machine (root, Debian): [KEEP=1]
	@scripts/own-network $(BIN)/python -m pytest tests/rehearsal -m rehearsal -v -s --ignore=tests/rehearsal/test_rehearsal_emulated.py

rehearse-emulated: dev $(OPS)/.ready  ## the same on an emulated machine with a kernel of its own, as old as Amazon Linux's tools (slow)
	@$(BIN)/python -m pytest tests/rehearsal/test_rehearsal_emulated.py -m rehearsal -v -s

check-ops: check-terraform check-ansible check-systemd  ## lint and test infra, roles and units

$(OPS)/.ready: requirements-ops.lock
	@test -x $(OPS)/bin/python || $(PYTHON) -m venv $(OPS)
	$(OPS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-ops.lock
	@touch $@

check-terraform: $(OPS)/.ready
	@scripts/check-terraform $(OPS)

check-ansible: $(OPS)/.ready
	@scripts/check-ansible $(OPS)

check-systemd:
	@scripts/check-systemd $(UNITS)

lock-ops:  # for maintainers: write the two lock files of operations again
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet requirements-ops.in --universal --python-version 3.11 --generate-hashes \
	  --no-header -o requirements-ops.lock
	.venv-lock/bin/uv pip compile --quiet pyproject.toml -c requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-header -o requirements-server.lock
	rm -rf .venv-lock

