"""What was made by a deployment and is in no state: found by its tags, so that it can be imported into the state.

It comes to that when the state was lost, when another machine made it, or when Terraform was killed in the middle.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cloud
from botocore.exceptions import BotoCoreError, ClientError
from cloud import Found
from settings import DeployError, Settings

SERVER = "aws_instance.server"
GROUP = "aws_security_group.server"
SSM_POLICY = "AmazonSSMManagedInstanceCore"


def unmanaged(wanted: Settings, there: dict[str, str]) -> list[Found]:
    """What carries the deployment's tag and is not in the state, whose ids by address are `there`."""
    known = set(there.values())
    return [found for found in cloud.tagged(wanted) if found.key not in known]


def imports(wanted: Settings, there: dict[str, str]) -> tuple[Settings, dict[str, str]]:
    """The options that the one machine shows, and what is to be imported: ids by Terraform's addresses."""
    found = unmanaged(wanted, there)
    machines = [f.key for f in found if f.kind == "instance"]
    if not found:
        raise DeployError(
            f"nothing in {wanted.region} carries the tag Deployment={wanted.name} that is not in the state"
        )
    if len(machines) + (SERVER in there) > 1:
        ids = [there[SERVER]] if SERVER in there else []
        raise DeployError(
            f"more than one machine carries the tag Deployment={wanted.name}: {', '.join(ids + machines)}; "
            "terminate those that are not wanted (aws ec2 terminate-instances --instance-ids ...), then run this again"
        )
    if not machines and SERVER not in there:
        raise DeployError(f"only leftovers and no machine: {', '.join(map(str, found))}; make destroy removes them")
    try:
        wanted, parts = _describe(wanted, machines[0] if machines else there[SERVER])
    except (ClientError, BotoCoreError, IndexError) as error:
        raise DeployError(f"AWS does not tell what belongs to the machine: {error}") from error
    return wanted, {to: key for to, key in parts.items() if to not in there}


def _describe(wanted: Settings, instance_id: str) -> tuple[Settings, dict[str, str]]:
    """The options that a machine shows, and what belongs to it: ids by Terraform's addresses."""
    ec2 = cloud.client(wanted, "ec2")
    machine = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    group = machine["SecurityGroups"][0]["GroupId"]
    parts = {
        "aws_key_pair.operator": machine["KeyName"],
        GROUP: group,
        **_rules(ec2, group),
        SERVER: instance_id,
    }
    volume = ec2.describe_volumes(VolumeIds=[machine["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"][0]
    seen: dict[str, Any] = {
        "instance_type": machine["InstanceType"],
        "subnet_id": machine["SubnetId"],
        "volume_size_gb": volume["Size"],
        "access": "ssh",
    }
    profile = machine.get("IamInstanceProfile")
    if profile:
        seen["access"] = "ssm"
        parts |= _profile(wanted, profile["Arn"].rpartition("/")[2])
    alarms, options = _alarms(wanted)
    return replace(wanted, **seen, **options), parts | alarms


def _alarms(wanted: Settings) -> tuple[dict[str, str], dict[str, Any]]:
    """The alarms, where their mails go, and the options that these show.

    Not the subscription, which has no name until its mail is answered: Amazon takes one that is there for a new one.
    """
    alarms = cloud.alarms(wanted)
    idle = alarms.pop("idle", None)
    topic = cloud.topic_of(wanted, alarms.values())
    parts: dict[str, str] = {}
    options: dict[str, Any] = {}
    if idle:
        parts["aws_cloudwatch_metric_alarm.idle[0]"] = idle["AlarmName"]
        options["stop_when_idle_hours"] = idle["EvaluationPeriods"]
    if topic:
        subscribed = cloud.client(wanted, "sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        options["alarm_email"] = subscribed[0]["Endpoint"] if subscribed else wanted.alarm_email
    if topic and options["alarm_email"]:
        parts["aws_sns_topic.alarms[0]"] = topic
        parts |= {f'aws_cloudwatch_metric_alarm.mail["{key}"]': alarm["AlarmName"] for key, alarm in alarms.items()}
    return parts, options


def _rules(ec2: Any, group: str) -> dict[str, str]:
    """The two rules of the firewall."""
    filters = [{"Name": "group-id", "Values": [group]}]
    rules = {}
    for rule in ec2.describe_security_group_rules(Filters=filters)["SecurityGroupRules"]:
        if rule["IsEgress"] and rule["FromPort"] == 443:
            rules["aws_vpc_security_group_egress_rule.https"] = rule["SecurityGroupRuleId"]
        elif not rule["IsEgress"] and rule["FromPort"] == 22:
            rules["aws_vpc_security_group_ingress_rule.ssh[0]"] = rule["SecurityGroupRuleId"]
    return rules


def _profile(wanted: Settings, profile: str) -> dict[str, str]:
    """What lets Session Manager in."""
    iam = cloud.client(wanted, "iam")
    role = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"][0]["RoleName"]
    attached = iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    parts = {"aws_iam_role.ssm[0]": role, "aws_iam_instance_profile.ssm[0]": profile}
    for policy in attached:
        if policy["PolicyName"] == SSM_POLICY:
            parts["aws_iam_role_policy_attachment.ssm[0]"] = f"{role}/{policy['PolicyArn']}"
    return parts
