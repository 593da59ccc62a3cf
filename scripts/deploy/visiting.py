"""A server that is there: start, stop, look at it, log in, let another address in."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from typing import Any

import address
import cloud
import preflight
import server
import settings as config
from cloud import Machine
from console import say
from making import opened
from settings import METRICS_DIR, DeployError, Settings
from terraform import Terraform

# Ports of the exporters on the server, and here: this machine may have a node_exporter of its own.
TUNNEL = {9100: 19100, 9404: 19404}


def ssh(wanted: Settings) -> None:
    """A shell on the server."""
    os.execvp("ssh", server.ssh_command(wanted, reach(wanted), tty=True))


def status(wanted: Settings) -> None:
    """The machine, its units, and what the doctor finds."""
    tf, machine = _machine(wanted)
    say(f"{machine.instance_id} in {wanted.region}: {machine.state}, {machine.address or 'no address'}")
    balance = cloud.credit_balance(wanted, machine.instance_id)
    if balance is not None:
        say(f"processor credits: {balance:.0f} left (one is a minute of one processor at full speed)")
    outputs = _reached(wanted, tf, machine)
    remote = "systemctl --no-pager --lines=0 status zookeeper kafka; free -m; df -h /; sor doctor"
    sys.exit(subprocess.run(server.ssh_command(wanted, outputs, remote), check=False).returncode)


def logs(wanted: Settings) -> None:
    """Follow the journal; UNIT=kafka by default."""
    unit = os.environ.get("SOR_DEPLOY_UNIT") or "kafka"
    if not all(c.isalnum() or c in "@-_.*" for c in unit):
        raise DeployError(f"{unit!r} is no name of a unit: UNIT=kafka")
    remote = f"sudo journalctl -u '{unit}' -n 200 -f"
    os.execvp("ssh", server.ssh_command(wanted, reach(wanted), remote, tty=True))


def start(wanted: Settings) -> None:
    """Start a machine that was stopped, and wait until it answers."""
    tf, machine = _machine(wanted)
    if machine.state != "running":
        say(f"starting {machine.instance_id}")
        machine = cloud.start(wanted, machine.instance_id)
    outputs = _reached(wanted, tf, machine)
    opened_to = _let_in(wanted, tf, address.cidr(wanted))
    server.wait_for_boot(wanted, outputs, opened_to)
    say(f"{machine.instance_id} runs at {machine.address}; Kafka takes a moment longer: make status")


def attach(wanted: Settings) -> None:
    """The terminal interface on the server, in a tmux that goes on when the line drops."""
    remote = "tmux new-session -A -s sor sor-tui"
    os.execvp("ssh", server.ssh_command(wanted, reach(wanted), remote, tty=True))


def metrics(wanted: Settings) -> None:
    """A tunnel to the exporters on the server's loopback, until Ctrl-C."""
    if not wanted.metrics:
        raise DeployError("this deployment has no metrics: make deploy METRICS=1")
    outputs = reach(wanted)
    forwards = [word for there, here in TUNNEL.items() for word in ("-L", f"127.0.0.1:{here}:127.0.0.1:{there}")]
    say("tunnel to the server's figures, until Ctrl-C. In another terminal:")
    say(f"  prometheus --config.file={shlex.quote(str(METRICS_DIR / 'prometheus.yml'))}")
    say(f"  Grafana: import {METRICS_DIR / 'dashboard.json'}; its data source is http://127.0.0.1:9090")
    ssh, *rest = server.ssh_command(wanted, outputs)
    os.execvp(ssh, [ssh, "-N", "-o", "ExitOnForwardFailure=yes", *forwards, *rest])


def stop(wanted: Settings) -> None:
    """Stop the machine: the disk stays and costs, the hours do not."""
    _, machine = _machine(wanted)
    if machine.state == "running":
        say(f"stopping {machine.instance_id}")
        cloud.stop(wanted, machine.instance_id)
    say(f"{machine.instance_id} is stopped; its disk is kept. make start starts it, make destroy removes it")


def allow(wanted: Settings) -> None:
    """Open ssh to the address of this machine now, and to no other. SSH_CIDR=... names another one."""
    if wanted.access != "ssh":
        raise DeployError(f"the deployment {wanted.name} opens no port: it is reached through Session Manager")
    tf, _ = _machine(wanted)
    typed = os.environ.get("SOR_DEPLOY_SSH_CIDR", "").strip() not in ("", "here")
    if not typed:
        # What was typed once stood for a place; now it is to be this one.
        wanted = replace(wanted, ssh_cidr="")
    config.remember(wanted)
    opened_to = _let_in(wanted, tf, address.cidr(wanted))
    say(f"ssh is open to {opened_to} alone")


def _let_in(wanted: Settings, tf: Terraform, cidr: str) -> str:
    """Bring the one rule of the firewall to this address, without touching anything else."""
    file = wanted.state_dir / "allow.tfplan"
    if cidr and tf.plan(wanted.variables(cidr), file, only="aws_vpc_security_group_ingress_rule.ssh", quiet=True):
        tf.apply(file)
    file.unlink(missing_ok=True)
    return cidr


def _machine(wanted: Settings) -> tuple[Terraform, Machine]:
    """The machine of this deployment, as AWS has it now."""
    tf = opened(wanted)
    ids = tf.ids()
    if not ids:
        raise DeployError(
            f"nothing is deployed under the name {wanted.name} here: make deploy REGION=..., or make adopt"
        )
    if "aws_instance.server" not in ids:
        raise DeployError(f"the deployment {wanted.name} is not complete: run make deploy again")
    preflight.account(wanted)
    return tf, cloud.machine(wanted, ids["aws_instance.server"])


def reach(wanted: Settings) -> dict[str, Any]:
    """What is needed to reach a machine that runs."""
    return _reached(wanted, *_machine(wanted))


def _reached(wanted: Settings, tf: Terraform, machine: Machine) -> dict[str, Any]:
    """Terraform's outputs for a machine that runs, with the address that it has now: each start gives another one."""
    if machine.state != "running":
        raise DeployError(f"{machine.instance_id} is {machine.state}: {server.remedy(machine.state)}")
    outputs = tf.outputs()
    if outputs.get("public_ip") != machine.address:
        tf.refresh(wanted.variables())
        outputs = tf.outputs()
        server.write_inventory(wanted, outputs)
    return outputs
