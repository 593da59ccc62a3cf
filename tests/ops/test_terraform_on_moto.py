"""Terraform for real, against moto's AWS on a loopback port: apply, plan again, change, destroy."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from accounts import APPLY, APPLY_UNLIMITED, MACHINES, PLAN_AGAIN, SETTLE, Account
from simulated_aws import REGION, REPO


def test_apply_settle_no_changes_destroy(account: Account) -> None:
    # moto reports every machine as standard, so the switch itself is not seen here; that nothing else changes is.
    account.steps(APPLY_UNLIMITED, SETTLE, PLAN_AGAIN)

    machines = account.show(MACHINES)
    assert len(machines) == 1, "a change of the credit mode must not replace the machine"
    machine = machines[0]
    assert machine["InstanceType"] == "t3.micro"
    assert machine["MetadataOptions"]["HttpTokens"] == "required"
    tags = {"Name": "sor", "Project": "sor", "Deployment": "sor", "ManagedBy": "terraform"}
    assert {t["Key"]: t["Value"] for t in machine["Tags"]} == tags
    volume = account.show("ec2.describe_volumes()['Volumes'][0]")
    assert (volume["Encrypted"], volume["VolumeType"], volume["Size"]) == (True, "gp3", 8)

    group = account.show(f"ec2.describe_security_groups(GroupIds=['{machine['SecurityGroups'][0]['GroupId']}'])")
    opened = group["SecurityGroups"][0]
    assert _rules(opened["IpPermissions"]) == [(22, 22, "tcp", ["203.0.113.7/32"], [])]
    assert _rules(opened["IpPermissionsEgress"]) == [(443, 443, "tcp", ["0.0.0.0/0"], [])]

    folder = account.home / "state" / "sor"
    assert folder.stat().st_mode & 0o077 == 0, "the state is the user's own"
    assert (folder / "terraform.tfstate").exists()
    assert not list((REPO / "infra" / "terraform").glob("*.tfstate*")), "no state in the checkout"

    del account.env["SOR_DEPLOY_AUTO"]
    refused = account.deploy("down")
    assert refused.returncode == 1
    assert "nobody is there to confirm" in refused.stderr
    assert account.show(MACHINES)[0]["State"]["Name"] == "running"

    # The options and the key are remembered: destroy asks for nothing but a yes.
    for name in ("SOR_DEPLOY_REGION", "SOR_DEPLOY_SSH_CIDR", "SOR_DEPLOY_KEY"):
        del account.env[name]
    (account.home / "id.pub").unlink()
    account.env["SOR_DEPLOY_AUTO"] = "1"
    gone = account.deploy("down")
    assert gone.returncode == 0, gone.stderr
    for address in ("aws_instance.server", "aws_key_pair.operator", "aws_security_group.server"):
        assert f"removed {address}" in gone.stderr
    assert "nothing with the tag Deployment=sor is left" in gone.stderr
    assert [m["State"]["Name"] for m in account.show(MACHINES)] == ["terminated"]
    assert account.show("ec2.describe_volumes()['Volumes'] + ec2.describe_key_pairs()['KeyPairs']") == []
    groups = account.show("[g['GroupName'] for g in ec2.describe_security_groups()['SecurityGroups']]")
    assert set(groups) == {"default"}

    again = account.deploy("down")
    assert again.returncode == 0
    assert "nothing to remove" in again.stderr


def test_session_manager_idle_alarm_and_graviton(account: Account) -> None:
    account.env.update(
        SOR_DEPLOY_ACCESS="ssm", SOR_DEPLOY_STOP_WHEN_IDLE_HOURS="2", SOR_DEPLOY_INSTANCE_TYPE="t4g.micro"
    )
    account.steps(APPLY, PLAN_AGAIN)
    machine = account.show(MACHINES)[0]
    group = account.show(f"ec2.describe_security_groups(GroupIds=['{machine['SecurityGroups'][0]['GroupId']}'])")
    assert group["SecurityGroups"][0]["IpPermissions"] == [], "Session Manager needs no ingress at all"

    parameter = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    ssm = f"ssm = boto3.client('ssm', region_name='{REGION}')"
    assert machine["ImageId"] == account.show(f"ssm.get_parameter(Name='{parameter}')['Parameter']['Value']", ssm)

    iam = "iam = boto3.client('iam', region_name='us-east-1')"
    role = account.show("iam.list_roles()['Roles'][0]['RoleName']", iam)
    policies = account.show(f"iam.list_attached_role_policies(RoleName='{role}')['AttachedPolicies']", iam)
    assert [p["PolicyName"] for p in policies] == ["AmazonSSMManagedInstanceCore"]

    cloudwatch = f"cw = boto3.client('cloudwatch', region_name='{REGION}')"
    alarms = account.show("cw.describe_alarms()['MetricAlarms']", cloudwatch)
    assert [(a["AlarmName"], a["AlarmActions"]) for a in alarms] == [
        ("sor-idle", [f"arn:aws:automate:{REGION}:ec2:stop"])
    ]

    assert account.deploy("down").returncode == 0
    assert account.show("cw.describe_alarms()['MetricAlarms']", cloudwatch) == []
    assert account.show("iam.list_roles()['Roles'] + iam.list_instance_profiles()['InstanceProfiles']", iam) == []


def test_alarms_by_mail_come_and_go(account: Account) -> None:
    clients = f"cw, sns = (boto3.client(name, region_name='{REGION}') for name in ('cloudwatch', 'sns'))"
    alarms = "{a['AlarmName']: sorted(a['AlarmActions']) for a in cw.describe_alarms()['MetricAlarms']}"
    mails = "[s['Endpoint'] for s in sns.list_subscriptions()['Subscriptions']]"
    account.env["SOR_DEPLOY_ALARM_EMAIL"] = "operator@example.com"
    account.steps(APPLY_UNLIMITED, SETTLE, PLAN_AGAIN)
    [topic] = account.show("[t['TopicArn'] for t in sns.list_topics()['Topics']]", clients)
    recover = f"arn:aws:automate:{REGION}:ec2:recover"
    assert account.show(alarms, clients) == {
        "sor-credits": [topic],
        "sor-instance": [topic],
        "sor-system": [recover, topic],
    }
    assert account.show(mails, clients) == ["operator@example.com"]
    [machine] = account.show(MACHINES)

    del account.env["SOR_DEPLOY_ALARM_EMAIL"]
    account.steps(PLAN_AGAIN)  # it is remembered
    account.env["SOR_DEPLOY_ALARM_EMAIL"] = "none"
    account.steps(APPLY, PLAN_AGAIN)
    assert account.show(f"[{alarms}, {mails}, sns.list_topics()['Topics']]", clients) == [{}, [], []]
    assert [m["InstanceId"] for m in account.show(MACHINES)] == [machine["InstanceId"]]


def test_status_says_how_many_processor_credits_are_left(account: Account, tmp_path: Path) -> None:
    account.steps(APPLY)
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexit 0\n")
    ssh.chmod(0o755)
    account.env["PATH"] = f"{tmp_path}:{account.env['PATH']}"
    assert "processor credits" not in account.deploy("status").stderr, "no reading yet"

    account.ask(
        f"import datetime; cw = boto3.client('cloudwatch', region_name='{REGION}'); now = datetime.datetime.now()\n"
        "def put(value, minutes): cw.put_metric_data(Namespace='AWS/EC2', MetricData=["
        "{'MetricName': 'CPUCreditBalance', 'Value': value, 'Timestamp': now - datetime.timedelta(minutes=minutes),"
        f" 'Dimensions': [{{'Name': 'InstanceId', 'Value': {MACHINES}[0]['InstanceId']}}]}}])\n"
        "put(17.4, 5); put(30, 15); print('null')"
    )
    status = account.deploy("status")
    assert status.returncode == 0, status.stderr
    assert "processor credits: 17 left" in status.stderr, status.stderr


def test_a_lock_file_beside_the_state_is_obeyed(account: Account) -> None:
    if "SOR_TF_PLUGIN_DIR" not in account.env:
        pytest.skip("no local AWS provider to make a lock file from")
    terraform = ["terraform", f"-chdir={account.home}"]
    shutil.copy(REPO / "infra" / "terraform" / "versions.tf", account.home)
    mirror = f"-fs-mirror={account.env['SOR_TF_PLUGIN_DIR']}"
    subprocess.run([*terraform, "providers", "lock", mirror], env=account.env, check=True, capture_output=True)
    lock = account.home / ".terraform.lock.hcl"
    state = account.home / "state" / "sor"
    state.mkdir(parents=True)

    shutil.copy(lock, state)
    account.steps("assert tf.ids() == {}")

    forged = re.sub('"h1:[^"]*"', f'"h1:{"A" * 43}="', lock.read_text())
    (state / lock.name).write_text(forged)
    refused = account.deploy("status")
    assert refused.returncode == 1
    assert "terraform init failed" in refused.stderr
    assert (state / lock.name).read_text() == forged, "it is the operator's"


def test_interrupted_while_the_machine_is_made_nothing_is_forgotten(account: Account) -> None:
    """Ctrl-C must not make Terraform drop what AWS has already carried out."""
    call = [str(account.python), str(REPO / "scripts" / "deploy"), "up"]
    with subprocess.Popen(
        call, env=account.env, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        seen = ""
        for line in process.stdout:
            seen += line
            if "aws_instance.server: Creating..." in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        seen += process.communicate()[0]
    assert process.returncode == 130, seen
    assert "stopping once AWS has done what was begun" in seen
    assert "what was made is remembered, run the same command again" in seen

    gone = account.deploy("down")
    assert gone.returncode == 0, gone.stderr
    assert all(machine["State"]["Name"] == "terminated" for machine in account.show(MACHINES))
    assert account.show("ec2.describe_volumes()['Volumes'] + ec2.describe_key_pairs()['KeyPairs']") == []


def _rules(permissions: list[dict[str, Any]]) -> list[tuple[int, int, str, list[str], list[Any]]]:
    return [
        (p["FromPort"], p["ToPort"], p["IpProtocol"], [r["CidrIp"] for r in p["IpRanges"]], p["Ipv6Ranges"])
        for p in permissions
    ]
