"""What must be right before anything is made: tools, key, credentials, region, quota, one's own address."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ProfileNotFound
from settings import DeployError, Settings

# "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", counted in vCPUs.
VCPU_QUOTA = "L-1216C47A"


def tools(access: str) -> None:
    """Every program that a deployment calls."""
    if not (Path(sys.executable).parent / "ansible-playbook").exists():
        raise DeployError("ansible-playbook was not found beside this Python: run make .venv-ops/.ready")
    needed = {"ssh": "install the OpenSSH client"}
    if access == "ssm":
        needed["aws"] = "install the AWS command line, version 2"
        needed["session-manager-plugin"] = "install the Session Manager plugin, or use ACCESS=ssh"
    for tool, remedy in needed.items():
        if shutil.which(tool) is None:
            raise DeployError(f"{tool} was not found: {remedy}")


def key(settings: Settings) -> None:
    """The public key is there, is public, is one that EC2 imports, and ssh can use its private half without asking."""
    path = settings.public_key
    if not path.is_file():
        raise DeployError(
            f"ssh key {path} was not found: make one with ssh-keygen -t ed25519, or name another with KEY=FILE.pub"
        )
    text = path.read_text(errors="replace").strip()
    if "PRIVATE KEY" in text:
        raise DeployError(f"{path} is a private key: name the public one, KEY={path}.pub")
    if not re.match(r"^(ssh-ed25519|ssh-rsa) AAAA", text):
        raise DeployError(f"{path} is no ED25519 or RSA public key, and EC2 imports no other: ssh-keygen -t ed25519")
    if text.split()[1] in _agent_keys():
        return
    private = settings.identity
    if private == path:
        raise DeployError(
            f"{path} has no private key {str(path).removesuffix('.pub')} beside it, and no agent holds it "
            "(ssh-add -L): ssh could not log in with it"
        )
    opened = subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", private], text=True, capture_output=True, check=False)
    if opened.returncode and "bad permissions" in opened.stderr:
        raise DeployError(f"{private} can be read by others, so ssh does not use it: chmod 600 '{private}'")
    if opened.returncode:
        raise DeployError(
            f"{private} has a passphrase, and no agent holds it: ssh-add '{private}', then run this again"
        )


def _agent_keys() -> set[str]:
    """The public keys, base64, that an ssh agent holds; empty without an agent."""
    listed = subprocess.run(["ssh-add", "-L"], text=True, capture_output=True, check=False)
    return {line.split()[1] for line in listed.stdout.splitlines() if line.startswith(("ssh-", "ecdsa-", "sk-"))}


def account(settings: Settings) -> str:
    """Credentials work and the region exists; returns who one is."""
    if not settings.region:
        raise DeployError("no region: make deploy REGION=eu-central-1 (or set AWS_REGION)")
    try:
        session = boto3.Session(region_name=settings.region)
        if session.get_credentials() is None:
            raise NoCredentialsError
        # The endpoint of a region that does not exist does not resolve: a short patience, no long list of tries.
        patience = Config(connect_timeout=5, read_timeout=15, retries={"max_attempts": 2})
        if settings.region not in _known_regions(session):
            raise DeployError(
                f"{settings.region} is no AWS region: for example eu-central-1, us-east-1, ap-southeast-2"
            )
        who = str(session.client("sts", config=patience).get_caller_identity()["Arn"])
        enabled = {r["RegionName"] for r in session.client("ec2", config=patience).describe_regions()["Regions"]}
    except (NoCredentialsError, ProfileNotFound) as error:
        reason = f" ({error})" if isinstance(error, ProfileNotFound) else ""
        raise DeployError(f"no AWS credentials{reason}: run aws configure, or set AWS_PROFILE") from error
    except (ClientError, BotoCoreError) as error:
        raise DeployError(_explain(error)) from error
    if settings.region not in enabled:
        raise DeployError(
            f"{settings.region} is not enabled in this account: choose another, or enable it in the console"
        )
    return who


def quota(settings: Settings) -> str:
    """Room for one more instance of the standard families. Returns a sentence; a refused look is no error."""
    session = boto3.Session(region_name=settings.region)
    try:
        ec2 = session.client("ec2")
        answer = session.client("service-quotas").get_service_quota(ServiceCode="ec2", QuotaCode=VCPU_QUOTA)
        allowed = int(answer["Quota"]["Value"])
        wanted = _vcpus(ec2, [settings.instance_type])[settings.instance_type]
        used = _vcpus_in_use(ec2)
    except (ClientError, BotoCoreError, KeyError) as error:
        return f"instance quota not checked ({type(error).__name__})"
    if used + wanted > allowed:
        raise DeployError(
            f"the instance quota of {settings.region} is used up: {used} of {allowed} vCPUs run and "
            f"{settings.instance_type} needs {wanted}: stop a machine, or ask AWS for more (quota {VCPU_QUOTA})"
        )
    return f"instance quota: {used} of {allowed} vCPUs in use, {wanted} more wanted"


def _known_regions(session: boto3.Session) -> set[str]:
    partitions = session.get_available_partitions()
    return {r for p in partitions for r in session.get_available_regions("ec2", partition_name=p)}


def _vcpus(ec2: Any, types: list[str]) -> dict[str, int]:
    pages = ec2.get_paginator("describe_instance_types").paginate(InstanceTypes=types)
    return {t["InstanceType"]: t["VCpuInfo"]["DefaultVCpus"] for page in pages for t in page["InstanceTypes"]}


def _vcpus_in_use(ec2: Any) -> int:
    running = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
    pages = ec2.get_paginator("describe_instances").paginate(Filters=running)
    types = [i["InstanceType"] for page in pages for r in page["Reservations"] for i in r["Instances"]]
    # The quota covers these families; the others (graphics, large memory ...) have quotas of their own.
    standard = [t for t in types if t[0] in "acdhimrtz"]
    sizes = _vcpus(ec2, sorted(set(standard))) if standard else {}
    return sum(sizes[t] for t in standard)


def _explain(error: Exception) -> str:
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
    known = {
        "InvalidClientTokenId": "the AWS credentials are not valid: run aws configure, or set AWS_PROFILE",
        "AuthFailure": "the AWS credentials are not valid in this region: is it enabled in your account?",
        "SignatureDoesNotMatch": "the AWS secret key does not belong to the access key: run aws configure",
        "ExpiredToken": "the AWS session has expired: log in again (aws sso login)",
        "ExpiredTokenException": "the AWS session has expired: log in again (aws sso login)",
        "RequestExpired": "AWS says the request has expired: is this machine's clock right?",
        "UnauthorizedOperation": "these AWS credentials may not use EC2: use others, or ask for more rights",
        "AccessDenied": "these AWS credentials may not do this: use others",
        "EndpointConnectionError": "AWS cannot be reached: is there a network, or a proxy to set (HTTPS_PROXY)?",
        "ConnectTimeoutError": "AWS does not answer: is there a network, or a proxy to set (HTTPS_PROXY)?",
    }
    return known.get(code, f"AWS refuses: {error}")
