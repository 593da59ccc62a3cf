"""A simulated AWS account, and the steps of a deployment that stop short of ssh."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulated_aws import REGION, REPO

APPLY = "making.apply(tf, variables, wanted)"
APPLY_UNLIMITED = "making.apply(tf, variables | {'cpu_credits': 'unlimited'}, wanted)"
SETTLE = "making.settle_credits(tf, variables, wanted)"
PLAN_AGAIN = "assert tf.plan(variables, wanted.state_dir / 'again.tfplan', quiet=True) == []"
MACHINES = "[i for r in ec2.describe_instances()['Reservations'] for i in r['Instances']]"


@dataclass(frozen=True, slots=True)
class Account:
    """A simulated AWS account and a home of its own for state and keys."""

    home: Path
    env: dict[str, str]
    python: Path
    scripts: Path = REPO / "scripts" / "deploy"

    def deploy(self, command: str, **options: str) -> subprocess.CompletedProcess[str]:
        env = self.env | {f"SOR_DEPLOY_{k.upper()}": v for k, v in options.items()}
        call = [str(self.python), str(self.scripts), command]
        return subprocess.run(call, env=env, text=True, capture_output=True, stdin=subprocess.DEVNULL, check=False)

    def show(self, expression: str, before: str = "") -> Any:
        """The value of one boto3 expression."""
        return self.ask(f"{before}\nprint(json.dumps({expression}, default=str))")

    def ask(self, code: str) -> Any:
        """Run boto3 code in the ops environment; it prints one JSON value."""
        prelude = f"import boto3, json; ec2 = boto3.client('ec2', region_name='{REGION}')\n"
        done = subprocess.run(
            [str(self.python), "-c", prelude + code], env=self.env, text=True, capture_output=True, check=True
        )
        return json.loads(done.stdout)

    def steps(self, *steps: str) -> subprocess.CompletedProcess[str]:
        """Run steps of scripts/deploy that stop short of ssh."""
        code = (
            f"import sys; sys.path.insert(0, {str(self.scripts)!r})\n"
            "import making\nimport settings as config\n"
            "wanted = config.load(); tf = making.opened(wanted)\n"
            "variables = wanted.variables(wanted.ssh_cidr)\n"
        )
        done = subprocess.run(
            [str(self.python), "-c", code + "\n".join(steps)], env=self.env, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done
