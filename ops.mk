# Deploying, the rehearsal, and their checks. Included by the Makefile; everything here runs from .venv-ops.
OPS := .venv-ops
TF_DIR := infra/terraform
UNITS := $(wildcard systemd/*.service)

# The options of deploy, by their make names: make deploy REGION=eu-central-1 INSTANCE_TYPE=t4g.micro.
REGION ?= $(or $(AWS_REGION),$(AWS_DEFAULT_REGION))
DEPLOY_ENV = SOR_TF_PLUGIN_DIR="$$(scripts/tf-plugin-dir)" SOR_DEPLOY_NAME='$(DEPLOYMENT)' SOR_DEPLOY_REGION='$(REGION)' \
  SOR_DEPLOY_INSTANCE_TYPE='$(INSTANCE_TYPE)' SOR_DEPLOY_ACCESS='$(ACCESS)' SOR_DEPLOY_SSH_CIDR='$(SSH_CIDR)' \
  SOR_DEPLOY_KEY='$(KEY)' SOR_DEPLOY_VOLUME_SIZE_GB='$(VOLUME_GB)' SOR_DEPLOY_CPU_CREDITS='$(CPU_CREDITS)' \
  SOR_DEPLOY_SUBNET_ID='$(SUBNET)' SOR_DEPLOY_STOP_WHEN_IDLE_HOURS='$(IDLE_HOURS)' SOR_DEPLOY_AUTO='$(AUTO)' \
  SOR_DEPLOY_UNIT='$(UNIT)' SOR_DEPLOY_EXTRA_VARS='$(EXTRA_VARS)'
DEPLOYER = $(DEPLOY_ENV) $(OPS)/bin/python scripts/deploy

.PHONY: deploy deploy-plan destroy ssh status logs rehearse check-ops check-terraform check-ansible check-systemd lock-ops

deploy: setup $(OPS)/.ready  ## make a server on AWS: REGION= [KEY= INSTANCE_TYPE= SSH_CIDR= AUTO=1 ...]
	@$(DEPLOYER) up

deploy-plan: $(OPS)/.ready  ## show what deploy would make; needs no AWS account
	@$(DEPLOYER) plan

destroy: $(OPS)/.ready  ## remove everything that deploy made
	@$(DEPLOYER) down

ssh: $(OPS)/.ready  ## open a shell on the server
	@$(DEPLOYER) ssh

status: $(OPS)/.ready  ## show the server, its units and what the doctor finds
	@$(DEPLOYER) status

logs: $(OPS)/.ready  ## follow the journal of a unit on the server: [UNIT=kafka]
	@$(DEPLOYER) logs

rehearse: setup $(OPS)/.ready  ## prove the deployment on a systemd host built on this machine (root, Debian)
	@SOR_REHEARSE=1 $(BIN)/python -m pytest tests/rehearsal -m rehearsal -v -s $(REHEARSE_ARGS)

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

lock-ops:  # for maintainers: write the two lock files of operations anew
	$(PYTHON) -m venv .venv-lock && .venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet requirements-ops.in --universal --python-version 3.11 --generate-hashes \
	  --no-header -o requirements-ops.lock
	.venv-lock/bin/uv pip compile --quiet pyproject.toml -c requirements.lock --universal --python-version 3.11 \
	  --generate-hashes --no-header -o requirements-server.lock
	rm -rf .venv-lock

# Where tests run unattended they prove operations as well; elsewhere these are skipped until .venv-ops is there.
ifeq ($(CI),true)
test: $(OPS)/.ready
endif
