"""`make deploy` and `make destroy`: from nothing to a server that is proven, and back."""

from __future__ import annotations

import shlex
import tempfile
from pathlib import Path
from typing import Any

import address
import adopting
import cloud
import preflight
import server
import settings as config
import simulated
import terraform
from console import chosen, confirm, say
from settings import DeployError, Settings
from terraform import Terraform

SERVER = "aws_instance.server"


def opened(wanted: Settings) -> Terraform:
    """Terraform with this deployment's state."""
    config.make_folder(wanted)
    tf = Terraform(wanted.state_dir, backend=Path(wanted.backend).expanduser().absolute() if wanted.backend else None)
    tf.init()
    return tf


def plan(wanted: Settings) -> None:
    """Show what a deployment would make. Needs neither credentials nor a network: AWS is simulated."""
    terraform.require()
    say("this plan is made against a simulated AWS (moto) on this machine: no account, nothing is changed")
    with tempfile.TemporaryDirectory() as folder, simulated.aws() as env:
        tf = Terraform(Path(folder), tuple(env.items()))
        example = Path(folder) / "example.pub"
        example.write_text((config.TERRAFORM_DIR / "tests" / "fixtures" / "operator.pub").read_text())
        key = wanted.public_key if wanted.public_key.is_file() else example
        variables = wanted.variables(wanted.ssh_cidr or config.EXAMPLE_CIDR) | {
            "region": wanted.region or "eu-central-1",
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
    variables = wanted.variables(address.cidr(wanted))
    tf = opened(wanted)
    there = tf.ids()
    unmanaged = adopting.unmanaged(wanted, there)
    if unmanaged:
        raise DeployError(
            f"{', '.join(map(str, unmanaged))}: made as {wanted.name} and not in this state ({wanted.state_dir}). "
            "make adopt takes them over, make destroy removes them, DEPLOYMENT=NAME makes another server"
        )
    if SERVER in there:
        _wake(wanted, there[SERVER])
    else:
        say(preflight.quota(wanted))
    wheel = server.build_wheel()

    # Standard mode starts without credits, at a tenth of each processor. The hour of setting up runs unlimited (about
    # a cent) and the mode that was asked for comes last; after an interruption the next run puts it right.
    building = variables | {"cpu_credits": "unlimited"}
    changed = apply(tf, variables if wanted.ready_mark.exists() else building, wanted)
    outputs = tf.outputs()
    server.write_inventory(wanted, outputs)
    if any(c["address"] == SERVER and "create" in c["change"]["actions"] for c in changed):
        wanted.known_hosts.unlink(missing_ok=True)

    say(f"waiting for {outputs['public_ip'] or outputs['instance_id']} (ssh, then cloud-init)")
    first_contact = not wanted.known_hosts.exists()
    server.wait_for_boot(wanted, outputs, str(variables["ssh_cidr"]))
    if first_contact:
        server.verify_host_key(wanted, outputs)
    server.playbook(wanted, outputs, "site.yml", wheel)
    say("smoke test: one backtest through Kafka, on the server")
    server.playbook(wanted, outputs, "smoke.yml", wheel)
    settle_credits(tf, variables, wanted)
    wanted.ready_mark.touch()
    if wanted.cpu_credits == "standard":
        say("a T3 starts with no processor credits: for its first hour or so a backtest may take 12 s instead of 2")
    say("done. Log in, then type sor-tui:")
    print(shlex.join(server.ssh_command(wanted, outputs, tty=True)))


def down(wanted: Settings) -> None:
    """Remove everything that was made, say what, and look whether anything is left."""
    terraform.require()
    preflight.account(wanted)
    tf = opened(wanted)
    there = tf.ids()
    unmanaged = adopting.unmanaged(wanted, there)
    if not there and not unmanaged:
        say(f"nothing to remove: the state in {wanted.state_dir} is empty, and nothing in {wanted.region} carries "
            f"the tag Deployment={wanted.name}")  # fmt: skip
        return
    if wanted.termination_protection:
        raise DeployError("the machine is protected: make deploy PROTECT=0, then make destroy")
    for thing in unmanaged:
        say(f"not in this state, but made as {wanted.name}: {thing}")
    if there:
        file = wanted.state_dir / "destroy.tfplan"
        tf.plan(wanted.variables(), file, destroy=True)
    if not confirm(f"Remove these {len(there) + len(unmanaged)} resources and the topics on the disk?"):
        raise DeployError("nothing was removed")
    if there:
        tf.apply(file)
        file.unlink()
        left = tf.ids()
        if left:
            raise DeployError(f"still there: {', '.join(left)}: run make destroy again")
    unmanaged += cloud.remove(wanted, unmanaged)
    for trace in (wanted.known_hosts, wanted.inventory, wanted.ready_mark):
        trace.unlink(missing_ok=True)
    for name in [*there, *map(str, unmanaged)]:
        say(f"removed {name}")
    orphans = cloud.tagged(wanted)
    if orphans:
        raise DeployError(
            f"made by this deployment and still there: {', '.join(map(str, orphans))}: make destroy again"
        )
    say(f"nothing with the tag Deployment={wanted.name} is left in {wanted.region}")


def adopt(wanted: Settings) -> None:
    """Write what carries the tag, and is in no state, into the state: after a lost state, or on another machine."""
    terraform.require()
    preflight.key(wanted)
    preflight.account(wanted)
    tf = opened(wanted)
    wanted, imports = adopting.imports(wanted, tf.ids())
    apply(tf, wanted.variables(address.cidr(wanted)), wanted, imports)
    for to, key in imports.items():
        say(f"taken over {to}: {key}")
    say("make deploy brings it up to date, make destroy removes it")


def apply(
    tf: Terraform, variables: dict[str, Any], wanted: Settings, imports: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """Plan, show, confirm, apply; returns what changed. A plan that would cost the disk is stopped."""
    file = wanted.state_dir / "deploy.tfplan"
    again = ("aws_key_pair.operator",) if wanted.has_another_key() and SERVER in tf.ids() else ()
    changes = tf.plan(variables, file, again=again, imports=imports)
    if changes:
        _spare_the_machine(changes)
        if not confirm(f"Carry out these {len(changes)} changes?"):
            raise DeployError("nothing was changed")
    # Not before: options that were refused are not those of the next call.
    config.remember(wanted)
    if changes:
        tf.apply(file)
    file.unlink(missing_ok=True)
    return changes


def settle_credits(tf: Terraform, variables: dict[str, Any], wanted: Settings) -> None:
    """Bring the machine to the credit mode that was asked for; this and nothing else may change here."""
    file = wanted.state_dir / "deploy.tfplan"
    changes = tf.plan(variables, file, quiet=True)
    if [c["address"] for c in changes] not in ([], [SERVER]) or any(
        c["change"]["actions"] != ["update"] for c in changes
    ):
        raise DeployError(
            "the machine is set up, but AWS differs from the plan by more than the credit mode: run make deploy again"
        )
    if changes:
        say(f"processor credits: {wanted.cpu_credits}")
        tf.apply(file)
    file.unlink(missing_ok=True)


def _spare_the_machine(changes: list[dict[str, Any]]) -> None:
    """AUTO=1 agrees to changes, but never to the loss of the disk: that takes REPLACE=1."""
    doomed = [c for c in changes if c["address"] == SERVER and "delete" in c["change"]["actions"]]
    if not doomed or chosen("REPLACE"):
        return
    paths = doomed[0]["change"].get("replace_paths") or []
    reasons = ", ".join(sorted({str(path[0]) for path in paths})) or "it is not in the plan"
    raise DeployError(
        f"nothing was changed: this would replace the machine ({reasons}), and its disk with the topics would be lost. "
        "Keep the option as it was, or make backup first and then say REPLACE=1"
    )


def _wake(wanted: Settings, instance_id: str) -> None:
    """A stopped machine has no address and answers nobody; IDLE_HOURS stops machines."""
    if cloud.machine(wanted, instance_id).state in ("stopped", "stopping"):
        say(f"{instance_id} is stopped: starting it")
        cloud.start(wanted, instance_id)
