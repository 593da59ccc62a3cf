"""The address that ssh is opened to: the one that was typed, otherwise wherever this machine is now."""

from __future__ import annotations

import ipaddress
import os
import urllib.error
import urllib.request

from settings import DeployError, Settings

# Amazon's own service that answers with the caller's address; another such service by SOR_ADDRESS_SERVICE.
ADDRESS_SERVICE = "https://checkip.amazonaws.com"


def cidr(settings: Settings) -> str:
    """Looked up at each call: home addresses change, and a remembered one would lock out its owner."""
    if settings.access != "ssh":
        return ""
    return settings.ssh_cidr or own_cidr()


def own_cidr() -> str:
    """This machine's public IPv4 address as a.b.c.d/32."""
    service = os.environ.get("SOR_ADDRESS_SERVICE") or ADDRESS_SERVICE
    try:
        with urllib.request.urlopen(service, timeout=10) as answer:  # nosec B310  # read as an address, and nothing else
            return f"{ipaddress.IPv4Address(answer.read(64).decode().strip())}/32"
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise DeployError(
            f"your public IPv4 address cannot be found out from {service}: give it, SSH_CIDR=a.b.c.d/32"
        ) from error


def moved(allowed: str) -> str | None:
    """The address of this machine where ssh is open to another one; None if they agree or it cannot be found."""
    try:
        here = own_cidr()
    except DeployError:
        return None
    return here if here != allowed else None
