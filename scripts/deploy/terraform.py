"""Terraform as this project calls it: quiet about itself, state outside the checkout, plans looked at as JSON."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from settings import TERRAFORM_DIR, DeployError

OLDEST = (1, 9)


@dataclass(frozen=True, slots=True)
class Terraform:
    """One working directory: the state file and Terraform's own files live in `state_dir`.

    `backend` is a file with the Terraform block of another backend for the state, such as S3; None keeps it in a file.
    A lock file in `state_dir`, if the operator has put one there, decides the provider's version and checksums.
    """

    state_dir: Path
    extra_env: tuple[tuple[str, str], ...] = ()
    backend: Path | None = None

    @property
    def state_file(self) -> Path:
        return self.state_dir / "terraform.tfstate"

    @property
    def lock_file(self) -> Path:
        return self.state_dir / ".terraform.lock.hcl"

    @property
    def _env(self) -> dict[str, str]:
        env = {
            **os.environ,
            **dict(self.extra_env),
            "TF_DATA_DIR": str(self.state_dir / ".terraform"),
            "TF_IN_AUTOMATION": "1",
        }
        # A configuration file that is named but absent only makes Terraform warn in every command.
        if not Path(env.get("TF_CLI_CONFIG_FILE", "/")).exists():
            del env["TF_CLI_CONFIG_FILE"]
        return env

    def init(self) -> None:
        """Fetch the provider, from the folder named by SOR_TF_PLUGIN_DIR where that is set."""
        command = ["init", "-input=false", "-reconfigure"]
        self._stage()
        if self.backend is None:
            command.append(f"-backend-config=path={self.state_file}")
        folder = os.environ.get("SOR_TF_PLUGIN_DIR")
        if folder:
            if not Path(folder).is_dir():
                raise DeployError(
                    f"SOR_TF_PLUGIN_DIR={folder} is no folder: unset it, or name one with the AWS provider"
                )
            command.append(f"-plugin-dir={folder}")
        result = self._run(*command, capture=True)
        if result.returncode:
            raise DeployError(f"terraform init failed: {_first_error(result.stdout + result.stderr)}")

    def plan(
        self,
        variables: dict[str, Any],
        out: Path,
        *,
        destroy: bool = False,
        only: str = "",
        again: tuple[str, ...] = (),
        imports: dict[str, str] | None = None,
        quiet: bool = False,
    ) -> list[dict[str, Any]]:
        """Write a plan, show it, and return the resources that it would change.

        `only` plans one address; `again` makes these addresses again; `imports` takes what is there into the state, ids
        by address.
        """
        file = self._variables_file(variables)
        command = ["plan", "-input=false", f"-var-file={file}", f"-out={out}", "-lock-timeout=60s"]
        command += ["-destroy"] if destroy else []
        command += [f"-target={only}"] if only else []
        command += [f"-replace={address}" for address in again]
        blocks = self._module / "imports.tf"
        blocks.write_text("".join(_import_block(to, key) for to, key in (imports or {}).items()))
        result = self._run(*command, capture=quiet)
        blocks.unlink()
        if result.returncode:
            detail = _first_error(result.stdout + result.stderr) if quiet else "the reason is above"
            raise DeployError(f"terraform plan failed, nothing was changed: {detail}")
        changes = json.loads(self._checked("show", "-json", str(out)))["resource_changes"]
        return [c for c in changes if c["mode"] == "managed" and _does_something(c["change"])]

    def apply(self, plan: Path) -> None:
        """Carry out a plan that was shown. What was made before a failure is in the state: run again."""
        command = self._command("apply", "-input=false", "-lock-timeout=60s", str(plan))
        if _to_its_end(command, self._env):
            raise DeployError(
                "terraform apply failed (the reason is above); what was made is remembered: fix it and run again"
            )

    def outputs(self) -> dict[str, Any]:
        """The outputs of the last apply; empty when there is nothing."""
        if self._nothing():
            return {}
        return {k: v["value"] for k, v in json.loads(self._checked("output", "-json")).items()}

    def ids(self) -> dict[str, str]:
        """Terraform's id of each managed resource in the state, by address."""
        if self._nothing():
            return {}
        # Not `show -json`, which starts the provider only to read its schemas.
        state = json.loads(self._checked("state", "pull") or "{}")
        found = {}
        for resource in state.get("resources", []):
            for instance in resource["instances"] if resource["mode"] == "managed" else ():
                index = instance.get("index_key")
                address = f"{resource['type']}.{resource['name']}" + ("" if index is None else f"[{json.dumps(index)}]")
                found[address] = str(instance["attributes"].get("id", ""))
        return found

    def refresh(self, variables: dict[str, Any]) -> None:
        """Read the world again: a machine that was stopped and started has another address."""
        file = self._variables_file(variables)
        result = self._run("apply", "-refresh-only", "-auto-approve", "-input=false", f"-var-file={file}", capture=True)
        if result.returncode:
            raise DeployError(f"terraform refresh failed: {_first_error(result.stdout + result.stderr)}")

    def _nothing(self) -> bool:
        """Whether there is no state yet, which only a file shows by its absence."""
        return self.backend is None and not self.state_file.exists()

    @property
    def _module(self) -> Path:
        return self.state_dir / "module"

    def _stage(self) -> None:
        """A copy of the module: Terraform takes another backend, and imports, from files beside it only."""
        shutil.rmtree(self._module, ignore_errors=True)
        self._module.mkdir(parents=True)
        for file in TERRAFORM_DIR.glob("*.tf"):
            shutil.copy(file, self._module)
        if self.lock_file.exists():
            shutil.copy(self.lock_file, self._module)
        if self.backend is None:
            return
        if not self.backend.is_file():
            raise DeployError(f"BACKEND={self.backend} was not found: a file with terraform {{ backend ... }}")
        shutil.copy(self.backend, self._module / "backend_override.tf")

    def _variables_file(self, variables: dict[str, Any]) -> Path:
        file = self.state_dir / "deploy.tfvars.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(variables))
        return file

    def _checked(self, *command: str) -> str:
        result = self._run(*command, capture=True)
        if result.returncode:
            raise DeployError(f"terraform {command[0]} failed: {_first_error(result.stdout + result.stderr)}")
        return result.stdout

    def _run(self, *command: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
        call = self._command(*command, plain=capture)
        return subprocess.run(call, env=self._env, text=True, capture_output=capture, check=False)

    def _command(self, *command: str, plain: bool = False) -> list[str]:
        # Terraform colours its output even in a file, and does not know NO_COLOR.
        plain = plain or not sys.stdout.isatty() or "NO_COLOR" in os.environ
        colour = ["-no-color"] if plain and command[0] not in {"state", "show"} else []
        return ["terraform", f"-chdir={self._module}", command[0], *colour, *command[1:]]


def _to_its_end(command: list[str], env: dict[str, str]) -> int:
    """Run a command that must not be cut short. Returns its exit code.

    Ctrl-C is kept from Terraform: it would drop requests that AWS has already carried out, and what they made would be
    in no state. The first is obeyed once the command has ended; a second one is passed on.
    """
    interrupts = 0
    with subprocess.Popen(command, env=env, start_new_session=True) as process:
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                interrupts += 1
            if interrupts == 1:
                print(
                    "==> stopping once AWS has done what was begun (Ctrl-C again: at once)", file=sys.stderr, flush=True
                )
            else:
                process.send_signal(signal.SIGINT)
    if interrupts:
        raise KeyboardInterrupt
    return code


def _does_something(change: dict[str, Any]) -> bool:
    return change["actions"] not in (["no-op"], ["read"]) or "importing" in change


def _import_block(to: str, key: str) -> str:
    return f"import {{\n  to = {to}\n  id = {json.dumps(key)}\n}}\n"


def require() -> None:
    """Terraform is there and new enough."""
    if shutil.which("terraform") is None:
        raise DeployError("terraform was not found: install Terraform 1.9 or later and put it on the PATH")
    text = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=False).stdout
    found = re.search(r'"terraform_version":\s*"(\d+)\.(\d+)', text)
    if found and (int(found[1]), int(found[2])) < OLDEST:
        raise DeployError(f"terraform {found[1]}.{found[2]} is too old: 1.9 or later is needed")


def _first_error(text: str) -> str:
    """The first error of Terraform's boxed output, as one line."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    lines = [line.strip("│╷╵ \t") for line in plain.splitlines()]
    start = next((i for i, line in enumerate(lines) if line.startswith("Error:")), None)
    if start is None:
        return " ".join(lines[-3:]).strip() or "no reason given"
    return " ".join(line for line in lines[start : start + 8] if line and not line.startswith("with ")).removeprefix(
        "Error: "
    )
