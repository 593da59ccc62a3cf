"""`make deploy` and its kin. Usage: python scripts/deploy COMMAND, options from the environment (see ops.mk)."""

from __future__ import annotations

import sys
from collections.abc import Callable

import keeping
import making
import settings as config
import visiting
from settings import DeployError, Settings

COMMANDS: dict[str, Callable[[Settings], None]] = {
    "plan": making.plan,
    "up": making.up,
    "down": making.down,
    "adopt": making.adopt,
    "start": visiting.start,
    "stop": visiting.stop,
    "allow": visiting.allow,
    "ssh": visiting.ssh,
    "status": visiting.status,
    "logs": visiting.logs,
    "attach": visiting.attach,
    "metrics": visiting.metrics,
    "backup": keeping.backup,
    "restore": keeping.restore,
    "diagnose": keeping.diagnose,
}
USAGE = f"usage: python scripts/deploy {'|'.join(COMMANDS)}"


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
