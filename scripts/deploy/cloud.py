"""What AWS itself says of a deployment, whatever Terraform's state says: the machine, and all that carries the tag."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError
from settings import DeployError, Settings

ALIVE = ["pending", "running", "stopping", "stopped"]


@dataclass(frozen=True, slots=True)
class Machine:
    """One instance as it is now; `address` is empty while it does not run."""

    instance_id: str
    state: str
    address: str


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that carries the deployment's tag; `key` is what the API calls it by, and Terraform's id of it."""

    kind: str
    key: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.key}" + (f" ({self.note})" if self.note else "")


def client(settings: Settings, service: str) -> Any:
    return boto3.Session(region_name=settings.region).client(service)


def machine(settings: Settings, instance_id: str) -> Machine:
    """The instance now; state `gone` when AWS does not know it (any more)."""
    try:
        answer = client(settings, "ec2").describe_instances(InstanceIds=[instance_id])
        seen = answer["Reservations"][0]["Instances"][0]
    except (ClientError, IndexError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] != "InvalidInstanceID.NotFound":
            raise DeployError(f"AWS does not tell the state of {instance_id}: {error}") from error
        return Machine(instance_id, "gone", "")
    except BotoCoreError as error:
        raise DeployError(f"AWS does not tell the state of {instance_id}: {error}") from error
    return Machine(instance_id, str(seen["State"]["Name"]), str(seen.get("PublicIpAddress") or ""))


def start(settings: Settings, instance_id: str) -> Machine:
    """Start a stopped machine, also one that is still stopping; returns it running, with its new address."""
    ec2 = client(settings, "ec2")
    try:
        if machine(settings, instance_id).state == "stopping":
            ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance_id])
        ec2.start_instances(InstanceIds=[instance_id])
        ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id])
    except (ClientError, BotoCoreError, WaiterError) as error:
        raise DeployError(f"{instance_id} cannot be started: {error}") from error
    return machine(settings, instance_id)


def stop(settings: Settings, instance_id: str) -> None:
    """Stop it and wait until it is stopped."""
    ec2 = client(settings, "ec2")
    try:
        ec2.stop_instances(InstanceIds=[instance_id])
        ec2.get_waiter("instance_stopped").wait(InstanceIds=[instance_id])
    except (ClientError, BotoCoreError, WaiterError) as error:
        raise DeployError(f"{instance_id} cannot be stopped: {error}") from error


def credit_balance(settings: Settings, instance_id: str) -> float | None:
    """Processor credits left, in minutes of one processor, at the last reading within an hour; None without one."""
    now = datetime.now(UTC)
    try:
        answer = client(settings, "cloudwatch").get_metric_statistics(
            Namespace="AWS/EC2", MetricName="CPUCreditBalance", Period=300, Statistics=["Average"],
            Dimensions=[{"Name": "InstanceId", "Value": instance_id}],
            StartTime=now - timedelta(hours=1), EndTime=now,
        )  # fmt: skip
    except (ClientError, BotoCoreError):
        return None
    readings = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return float(readings[-1]["Average"]) if readings else None


def host_keys(settings: Settings, instance_id: str) -> list[str]:
    """The public host keys that cloud-init wrote to the console, as `type base64`; empty where there are none (yet)."""
    try:
        ec2 = client(settings, "ec2")
        text = str(ec2.get_console_output(InstanceId=instance_id, Latest=True).get("Output") or "")
    except (ClientError, BotoCoreError):
        return []
    return read_host_keys(text)


def read_host_keys(console: str) -> list[str]:
    """The keys of the last block that cloud-init wrote: a console remembers earlier boots too."""
    blocks = re.findall(r"-----BEGIN SSH HOST KEY KEYS-----(.*?)-----END SSH HOST KEY KEYS-----", console, re.DOTALL)
    return re.findall(r"((?:ssh|ecdsa)-\S+ AAAA\S+)", blocks[-1]) if blocks else []


def tagged(settings: Settings) -> list[Found]:
    """All that carries this deployment's tag and costs or opens something, machines that are terminated apart."""
    ec2 = client(settings, "ec2")
    tag = [{"Name": "tag:Deployment", "Values": [settings.name]}, {"Name": "tag:Project", "Values": ["sor"]}]
    alive = [{"Name": "instance-state-name", "Values": ALIVE}]
    try:
        reservations = ec2.describe_instances(Filters=tag + alive)["Reservations"]
        machines = [i for r in reservations for i in r["Instances"]]
        found = [Found("instance", i["InstanceId"], i["State"]["Name"]) for i in machines]
        # A disk that is attached goes with its machine.
        loose = [v for v in ec2.describe_volumes(Filters=tag)["Volumes"] if not v["Attachments"]]
        found += [Found("volume", v["VolumeId"]) for v in loose]
        found += [
            Found("security group", g["GroupId"]) for g in ec2.describe_security_groups(Filters=tag)["SecurityGroups"]
        ]
        found += [Found("key pair", k["KeyName"]) for k in ec2.describe_key_pairs(Filters=tag)["KeyPairs"]]
    except (ClientError, BotoCoreError) as error:
        raise DeployError(f"AWS does not say what carries the tag Deployment={settings.name}: {error}") from error
    return found


def alarms(settings: Settings) -> dict[str, Any]:
    """The alarms of this deployment as CloudWatch describes them, by the last part of their names."""
    names = {f"{settings.name}-{key}": key for key in ("idle", "system", "instance", "credits")}
    seen = client(settings, "cloudwatch").describe_alarms(AlarmNames=list(names))["MetricAlarms"]
    return {names[alarm["AlarmName"]]: alarm for alarm in seen}


def topic_of(settings: Settings, alarms: Iterable[Any]) -> str | None:
    """The topic that the mails of alarms go through: this deployment's own, whatever others an operator has added."""
    topics = (action for alarm in alarms for action in alarm["AlarmActions"])
    return next((t for t in topics if t.endswith(f":{settings.name}-alarms")), None)


def remove(settings: Settings, found: list[Found]) -> list[Found]:
    """Remove things that are in no state: machines first, because the others are in use until those are gone.

    Returns what went with the machines: their alarms, which carry no tag that can be asked for.
    """
    ec2 = client(settings, "ec2")
    machines = [f.key for f in found if f.kind == "instance"]
    try:
        if machines:
            ec2.terminate_instances(InstanceIds=machines)
            ec2.get_waiter("instance_terminated").wait(InstanceIds=machines)
        for thing in found:
            if thing.kind == "volume":
                ec2.delete_volume(VolumeId=thing.key)
            elif thing.kind == "security group":
                ec2.delete_security_group(GroupId=thing.key)
            elif thing.kind == "key pair":
                ec2.delete_key_pair(KeyName=thing.key)
        return _remove_alarms(settings, machines) if machines else []
    except (ClientError, BotoCoreError, WaiterError) as error:
        raise DeployError(f"not everything could be removed: {error}; run make destroy again") from error


def _remove_alarms(settings: Settings, machines: list[str]) -> list[Found]:
    """The alarms of machines that are gone, and the topic that their mails went through."""
    ours = [a for a in alarms(settings).values() if a["Dimensions"][0]["Value"] in machines]
    if not ours:
        return []
    client(settings, "cloudwatch").delete_alarms(AlarmNames=[a["AlarmName"] for a in ours])
    topic = topic_of(settings, ours)
    if topic:
        client(settings, "sns").delete_topic(TopicArn=topic)
    return [Found("alarm", a["AlarmName"]) for a in ours] + ([Found("topic", topic)] if topic else [])
