"""`make deploy` and its kin. Usage: python scripts/deploy COMMAND, options from the environment (see ops.mk)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import preflight
import server
import settings as config
import simulated
import terraform
from settings import DeployError, Settings
from terraform import Terraform

USAGE = "usage: python scripts/deploy plan|up|down|ssh|status|logs"


def say(text: str) -> None:
    print(f"==> {text}", file=sys.stderr, flush=True)


def confirm(question: str) -> bool:
    """AUTO=1 answers yes; so does a person who types yes."""
    if os.environ.get("SOR_DEPLOY_AUTO") == "1":
        return True
    if not sys.stdin.isatty():
        raise DeployError("nobody is there to confirm: run it in a terminal, or with AUTO=1")
    return input(f"{question} Type yes: ").strip() == "yes"


def plan(wanted: Settings) -> None:
    """Show what a deployment would make. Needs neither credentials nor a network: AWS is simulated."""
    terraform.require()
    say("this plan is made against a simulated AWS (moto) on this machine: no account, nothing is changed")
    with tempfile.TemporaryDirectory() as folder, simulated.aws() as env:
        tf = Terraform(Path(folder), tuple(env.items()))
        example = Path(folder) / "example.pub"
        example.write_text((config.TERRAFORM_DIR / "tests" / "fixtures" / "operator.pub").read_text())
        key = wanted.public_key if wanted.public_key.is_file() else example
        variables = wanted.variables() | {
            "region": wanted.region or "eu-central-1",
            "ssh_cidr": wanted.ssh_cidr or config.EXAMPLE_CIDR,
            "public_key_file": str(key),
        }
        tf.init()
        changes = tf.plan(variables, Path(folder) / "plan")
    say(
        f"{len(changes)} resources would be made; {config.EXAMPLE_CIDR} and the key are examples unless yours are given"
    )


def up(wanted: Settings) -> None:
    """Everything: check, plan, confirm, apply, wait, set up, prove, print the ssh line."""
    terraform.require()
    preflight.tools(wanted.access)
    preflight.key(wanted)
    say(f"AWS: {preflight.account(wanted)}, {wanted.region}")
    tf = Terraform(wanted.state_dir)
    if wanted.access == "ssh" and not wanted.ssh_cidr:
        wanted = replace(wanted, ssh_cidr=preflight.own_cidr())
    config.remember(wanted)
    tf.init()
    if "aws_instance.server" not in tf.resources():
        say(preflight.quota(wanted))
    wheel = server.build_wheel()

    # Standard mode starts without credits, at a tenth of a core. The hour of setting up runs unlimited (about
    # a cent) and the mode that was asked for comes last; after an interruption the next run puts it right.
    building = wanted.variables() | {"cpu_credits": "unlimited"}
    changed = _apply(tf, wanted.variables() if wanted.ready_mark.exists() else building, wanted)
    outputs = tf.outputs()
    server.write_inventory(wanted, outputs)
    if any(c["address"] == "aws_instance.server" and "create" in c["change"]["actions"] for c in changed):
        wanted.known_hosts.unlink(missing_ok=True)

    say(f"waiting for {outputs['public_ip'] or outputs['instance_id']} (ssh, then cloud-init)")
    server.wait_for_boot(wanted, outputs)
    server.playbook(wanted, "site.yml", wheel)
    say("smoke test: one backtest through Kafka, on the server")
    server.playbook(wanted, "smoke.yml", wheel)
    _settle_credits(tf, wanted)
    wanted.ready_mark.touch()
    say("done. Log in, then type sor-tui:")
    print(" ".join(server.ssh_command(wanted, outputs, tty=True)))


def down(wanted: Settings) -> None:
    """Remove everything that was made, say what, and look whether anything is left."""
    terraform.require()
    tf = Terraform(wanted.state_dir)
    if not tf.state_file.exists():
        say(f"nothing to remove: there is no state in {wanted.state_dir}")
        return
    preflight.account(wanted)
    tf.init()
    there = tf.resources()
    if not there:
        say("nothing to remove: the state is empty")
        return
    file = wanted.state_dir / "destroy.tfplan"
    tf.plan(wanted.variables(), file, destroy=True)
    if not confirm(f"Remove these {len(there)} resources and the topics on the disk?"):
        raise DeployError("nothing was removed")
    tf.apply(file)
    file.unlink()
    left = tf.resources()
    if left:
        raise DeployError(f"still there: {', '.join(left)}: run make destroy again")
    for trace in (wanted.known_hosts, wanted.inventory, wanted.ready_mark):
        trace.unlink(missing_ok=True)
    for address in there:
        say(f"removed {address}")
    orphans = preflight.tagged(wanted)
    if orphans:
        raise DeployError(f"made by this deployment but not in its state, remove by hand: {', '.join(orphans)}")
    say(f"nothing with the tag Deployment={wanted.name} is left in {wanted.region}")


def ssh(wanted: Settings) -> None:
    """A shell on the server."""
    os.execvp("ssh", server.ssh_command(wanted, _outputs(wanted, refresh=True), tty=True))


def status(wanted: Settings) -> None:
    """The machine, its units, and what the doctor finds."""
    outputs = _outputs(wanted, refresh=True)
    state = preflight.instance_state(wanted, outputs["instance_id"])
    say(f"{outputs['instance_id']} in {outputs['region']}: {state}, {outputs['public_ip']}")
    remote = "systemctl --no-pager --lines=0 status zookeeper kafka; free -m; df -h /; sor doctor"
    sys.exit(subprocess.run(server.ssh_command(wanted, outputs, remote), check=False).returncode)


def logs(wanted: Settings) -> None:
    """Follow the journal; UNIT=kafka by default."""
    unit = os.environ.get("SOR_DEPLOY_UNIT") or "kafka"
    if not all(c.isalnum() or c in "@-_.*" for c in unit):
        raise DeployError(f"{unit!r} is no name of a unit: UNIT=kafka")
    remote = f"sudo journalctl -u '{unit}' -n 200 -f"
    os.execvp("ssh", server.ssh_command(wanted, _outputs(wanted), remote, tty=True))


def _apply(tf: Terraform, variables: dict[str, Any], wanted: Settings) -> list[dict[str, Any]]:
    """Plan, show, confirm, apply; returns what changed."""
    file = wanted.state_dir / "deploy.tfplan"
    changes = tf.plan(variables, file)
    if changes:
        gone = [c["address"] for c in changes if "delete" in c["change"]["actions"]]
        if "aws_instance.server" in gone:
            say("NOTE: the machine would be replaced, and its disk with the topics goes with it")
        if not confirm(f"Carry out these {len(changes)} changes?"):
            raise DeployError("nothing was changed")
        tf.apply(file)
    file.unlink(missing_ok=True)
    return changes


def _settle_credits(tf: Terraform, wanted: Settings) -> None:
    """Bring the machine to the credit mode that was asked for; this and nothing else may change here."""
    file = wanted.state_dir / "deploy.tfplan"
    changes = tf.plan(wanted.variables(), file, quiet=True)
    if [c["address"] for c in changes] not in ([], ["aws_instance.server"]) or any(
        c["change"]["actions"] != ["update"] for c in changes
    ):
        raise DeployError(
            "the machine is set up, but AWS differs from the plan by more than the credit mode: run make deploy again"
        )
    if changes:
        say(f"processor credits: {wanted.cpu_credits}")
        tf.apply(file)
    file.unlink(missing_ok=True)


def _outputs(wanted: Settings, *, refresh: bool = False) -> dict[str, Any]:
    tf = Terraform(wanted.state_dir)
    if not tf.state_file.exists():
        raise DeployError(f"nothing is deployed under the name {wanted.name}: make deploy REGION=...")
    tf.init()
    if refresh:
        preflight.account(wanted)
        tf.refresh(wanted.variables())
    outputs = tf.outputs()
    if not outputs.get("instance_id"):
        raise DeployError(f"the deployment {wanted.name} is not complete: run make deploy again")
    return outputs


COMMANDS: dict[str, Callable[[Settings], None]] = {
    "plan": plan,
    "up": up,
    "down": down,
    "ssh": ssh,
    "status": status,
    "logs": logs,
}


def main(args: list[str]) -> int:
    if len(args) != 1 or args[0] not in COMMANDS:
        print(USAGE, file=sys.stderr)
        return 2
    try:
        COMMANDS[args[0]](config.load())
    except DeployError as error:
        print(f"sor deploy: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("sor deploy: interrupted; what was made is remembered, run the same command again", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
