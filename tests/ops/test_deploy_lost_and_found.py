"""What AWS has and the state does not, machines that stop, addresses that change: on a simulated account."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from accounts import APPLY, MACHINES, PLAN_AGAIN, Account
from simulated_aws import REGION

RUNNING = f"[i['InstanceId'] for i in {MACHINES} if i['State']['Name'] == 'running']"

# How many alarms, topics and subscribers there are.
LEFT = (
    "[len(page) for page in (cw.describe_alarms()['MetricAlarms'], sns.list_topics()['Topics'],"
    " sns.list_subscriptions()['Subscriptions'])]"
)
WATCHERS = f"cw, sns = (boto3.client(name, region_name='{REGION}') for name in ('cloudwatch', 'sns'))"


def lose_the_state(account: Account) -> None:
    shutil.rmtree(account.home / "state")


def test_a_lost_state_makes_no_second_machine_and_is_adopted(account: Account) -> None:
    account.steps(APPLY)
    [machine] = account.show(RUNNING)
    lose_the_state(account)

    again = account.deploy("up")
    assert again.returncode == 1
    assert f"instance {machine} (running)" in again.stderr
    assert "make adopt takes them over, make destroy removes them" in again.stderr
    assert account.show(RUNNING) == [machine]

    adopted = account.deploy("adopt")
    assert adopted.returncode == 0, adopted.stderr
    assert f"taken over aws_instance.server: {machine}" in adopted.stderr
    account.steps(APPLY, PLAN_AGAIN)
    assert account.show(RUNNING) == [machine], "the machine and its disk are the same"
    gone = account.deploy("down")
    assert gone.returncode == 0, gone.stderr
    assert account.show(RUNNING) == []


def test_a_machine_behind_session_manager_with_its_alarms_is_adopted(account: Account) -> None:
    account.env.update(
        SOR_DEPLOY_ACCESS="ssm", SOR_DEPLOY_STOP_WHEN_IDLE_HOURS="2", SOR_DEPLOY_ALARM_EMAIL="operator@example.com"
    )
    account.steps(APPLY)
    [machine] = account.show(RUNNING)
    lose_the_state(account)
    for option in ("ACCESS", "STOP_WHEN_IDLE_HOURS", "ALARM_EMAIL"):
        del account.env[f"SOR_DEPLOY_{option}"]
    adopted = account.deploy("adopt")
    assert adopted.returncode == 0, adopted.stderr
    account.steps(APPLY, PLAN_AGAIN)
    assert account.show(RUNNING) == [machine]
    assert account.deploy("down").returncode == 0
    iam = "iam = boto3.client('iam', region_name='us-east-1')"
    assert account.show("iam.list_roles()['Roles'] + iam.list_instance_profiles()['InstanceProfiles']", iam) == []
    assert account.show(LEFT, WATCHERS) == [0, 0, 0]


def test_destroy_without_a_state_removes_what_carries_the_tag_and_its_alarms(account: Account) -> None:
    account.env.update(SOR_DEPLOY_STOP_WHEN_IDLE_HOURS="2", SOR_DEPLOY_ALARM_EMAIL="operator@example.com")
    account.steps(APPLY)
    assert account.show(LEFT, WATCHERS) == [4, 1, 1]
    lose_the_state(account)
    gone = account.deploy("down")
    assert gone.returncode == 0, gone.stderr
    assert "not in this state, but made as sor: instance i-" in gone.stderr
    assert "removed alarm sor-idle" in gone.stderr
    assert "nothing with the tag Deployment=sor is left" in gone.stderr
    assert account.show(RUNNING) == []
    assert account.show(LEFT, WATCHERS) == [0, 0, 0]
    assert account.show("ec2.describe_volumes()['Volumes'] + ec2.describe_key_pairs()['KeyPairs']") == []


def test_another_deployments_machine_is_left_alone(account: Account) -> None:
    account.steps(APPLY)
    account.env["SOR_DEPLOY_NAME"] = "other"
    nothing = account.deploy("down")
    assert nothing.returncode == 0, nothing.stderr
    assert "nothing to remove" in nothing.stderr
    assert "Deployment=other" in nothing.stderr
    assert len(account.show(RUNNING)) == 1


def test_killed_in_the_middle_of_apply_the_orphan_is_named(account: Account) -> None:
    call = [str(account.python), str(account.scripts), "up"]
    with subprocess.Popen(
        call, env=account.env, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if "aws_instance.server: Creating..." in line:
                break
        while not account.show(MACHINES):
            time.sleep(0.1)
        # Terraform has a session of its own, which Ctrl-C does not reach; kill -9 does.
        for pid in _children(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.kill()
        process.communicate()
    assert "aws_instance.server" not in json.loads(
        (account.home / "state" / "sor" / "terraform.tfstate").read_text()
    ).get("resources", []), "the state does not know the machine"

    again = account.deploy("up")
    assert again.returncode == 1
    assert "instance i-" in again.stderr
    assert "make adopt takes them over" in again.stderr
    assert len(account.show(RUNNING)) == 1, "no second machine"
    assert account.deploy("adopt").returncode == 0
    account.steps(APPLY, PLAN_AGAIN)
    assert len(account.show(RUNNING)) == 1
    assert account.deploy("down").returncode == 0
    assert account.show(RUNNING) == []


def another_key(account: Account) -> Path:
    private = account.home / "another"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(private)], check=True)
    return private.with_suffix(".pub")


def test_a_plan_that_costs_the_disk_stops_without_replace(account: Account) -> None:
    account.steps(APPLY)
    [machine] = account.show(RUNNING)
    other = account.show("[s['SubnetId'] for s in ec2.describe_subnets()['Subnets']]")
    used = account.show(f"{MACHINES}[0]['SubnetId']")
    account.env["SOR_DEPLOY_SUBNET_ID"] = next(subnet for subnet in other if subnet != used)
    refused = account.deploy("up")
    assert refused.returncode == 1
    assert "this would replace the machine (subnet_id), and its disk with the topics would be lost" in refused.stderr
    assert "REPLACE=1" in refused.stderr
    assert account.show(RUNNING) == [machine]

    del account.env["SOR_DEPLOY_SUBNET_ID"]
    refused = account.deploy("up", key=str(another_key(account)))
    assert refused.returncode == 1
    assert "this would replace the machine (key_name)" in refused.stderr

    # The refused options are not remembered: without them nothing changes.
    account.steps(APPLY, PLAN_AGAIN)
    assert account.show(RUNNING) == [machine]

    account.env.update(SOR_DEPLOY_SUBNET_ID=next(subnet for subnet in other if subnet != used), SOR_DEPLOY_REPLACE="1")
    account.steps(APPLY)
    assert machine not in account.show(RUNNING)


def test_a_stopped_machine_in_a_subnet_of_ones_own_is_kept(account: Account) -> None:
    account.env["SOR_DEPLOY_SUBNET_ID"] = account.show("ec2.describe_subnets()['Subnets'][0]['SubnetId']")
    account.steps(APPLY)
    [machine] = account.show(RUNNING)
    # As AWS itself shows a stopped machine: without a public address.
    state = account.home / "state" / "sor" / "terraform.tfstate"
    seen = state.read_text()
    assert '"associate_public_ip_address": true' in seen
    state.write_text(seen.replace('"associate_public_ip_address": true', '"associate_public_ip_address": false'))
    account.steps(
        "changes = tf.plan(variables, wanted.state_dir / 'again.tfplan', quiet=True)",
        "assert all('delete' not in c['change']['actions'] for c in changes), changes",
    )
    assert account.show(RUNNING) == [machine]


def test_a_stopped_machine_is_said_to_be_stopped_and_starts_again(account: Account) -> None:
    account.steps(APPLY)
    [machine] = account.show(RUNNING)
    stopped = account.deploy("stop")
    assert stopped.returncode == 0, stopped.stderr
    assert f"{machine} is stopped; its disk is kept. make start starts it" in stopped.stderr
    for command in ("status", "ssh", "logs"):
        said = account.deploy(command)
        assert said.returncode == 1
        assert said.stderr.splitlines()[-1] == f"sor deploy: {machine} is stopped: make start"
        assert "ec2-user@" not in said.stderr + said.stdout
    account.steps(
        "import cloud, visiting; tf, machine = visiting._machine(wanted)",
        "machine = cloud.start(wanted, machine.instance_id)",
        "assert machine.state == 'running' and machine.address",
        "assert machine.address in visiting._reached(wanted, tf, machine)['ssh_command']",
    )
    assert account.show(RUNNING) == [machine]


@pytest.fixture
def address_service() -> Iterator[list[str]]:
    """A service that answers with the first address of the list, which a test that moves house changes."""
    here = ["203.0.113.7"]

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{here[0]}\n".encode())

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        here.append(f"http://127.0.0.1:{server.server_port}")
        yield here
        server.shutdown()


def open_to(account: Account) -> list[str]:
    rules = account.show("[r for r in ec2.describe_security_group_rules()['SecurityGroupRules'] if r.get('CidrIpv4')]")
    return [rule["CidrIpv4"] for rule in rules if not rule["IsEgress"]]


def test_an_address_that_changes_is_looked_up_again_and_allowed(account: Account, address_service: list[str]) -> None:
    account.env["SOR_ADDRESS_SERVICE"] = address_service[1]
    del account.env["SOR_DEPLOY_SSH_CIDR"]
    here = "variables = wanted.variables(address.cidr(wanted))"
    account.steps("import address", here, APPLY)
    assert open_to(account) == ["203.0.113.7/32"]

    address_service[0] = "203.0.113.8"
    allowed = account.deploy("allow")
    assert allowed.returncode == 0, allowed.stderr
    assert "ssh is open to 203.0.113.8/32 alone" in allowed.stderr
    assert open_to(account) == ["203.0.113.8/32"]

    address_service[0] = "203.0.113.9"
    account.steps("import address", here, APPLY)
    assert open_to(account) == ["203.0.113.9/32"], "what was looked up is not remembered as if it had been typed"

    account.env["SOR_DEPLOY_SSH_CIDR"] = "198.51.100.1/32"
    assert account.deploy("allow").returncode == 0
    assert open_to(account) == ["198.51.100.1/32"]
    del account.env["SOR_DEPLOY_SSH_CIDR"]
    account.steps("import address", here, APPLY)
    assert open_to(account) == ["198.51.100.1/32"], "what was typed is remembered"
    assert account.deploy("allow").returncode == 0
    assert open_to(account) == ["203.0.113.9/32"], "and forgotten by make allow from here"


def test_the_state_in_s3_serves_another_machine(account: Account, tmp_path: Path) -> None:
    s3 = "s3 = boto3.client('s3', region_name='us-east-1'); s3.create_bucket(Bucket='states')"
    account.show("1", s3)
    backend = tmp_path / "my backend.tf"
    backend.write_text(
        'terraform {\n  backend "s3" {\n    bucket = "states"\n    key = "sor.tfstate"\n    region = "us-east-1"\n'
        f'    use_path_style = true\n    endpoints = {{ s3 = "{account.env["AWS_ENDPOINT_URL"]}" }}\n'
        "    skip_credentials_validation = true\n    skip_requesting_account_id = true\n  }\n}\n"
    )
    account.env["SOR_DEPLOY_BACKEND"] = str(backend)
    account.steps(APPLY)
    [machine] = account.show(RUNNING)
    assert not (account.home / "state" / "sor" / "terraform.tfstate").exists()
    lose_the_state(account)  # which is another machine's view of it

    account.steps(APPLY, PLAN_AGAIN)
    assert account.show(RUNNING) == [machine]
    gone = account.deploy("down")
    assert gone.returncode == 0, gone.stderr
    assert account.show(RUNNING) == []


def _children(pid: int) -> list[int]:
    """Ids of all that a process has started, and they in turn."""
    tree = subprocess.run(["ps", "-eo", "pid=,ppid="], text=True, capture_output=True, check=True).stdout.split()
    parents = {int(child): int(parent) for child, parent in zip(tree[::2], tree[1::2], strict=True)}
    found, todo = [], [pid]
    while todo:
        here = todo.pop()
        below = [child for child, parent in parents.items() if parent == here]
        found += below
        todo += below
    return found
