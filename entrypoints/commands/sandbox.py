"""`step-ott sandbox`: a throw-away step path with a CA of its own."""

import shlex
from collections.abc import Sequence

from adapters.machine.clock import SystemClock
from adapters.output.sandbox import write_sandbox
from adapters.process.interruption import Interruption
from domain.sandbox import read_sandbox_plan
from domain.settings.setting import Settings
from entrypoints.command_line.argv import take_one
from entrypoints.command_line.commands import PROGRAM
from entrypoints.wiring.output import print_text


def run(positional: Sequence[str], flags: Settings) -> int:
    """Write it, and print how to use it."""
    name = take_one(positional, "sandbox", "folder", "name an empty or a new one")
    plan = read_sandbox_plan(flags)
    with Interruption().answered():  # what is written by then is taken back
        folder = write_sandbox(name, plan, SystemClock().now())
    shown = shlex.quote(folder)
    return print_text(
        f"step-ca {shown}/config/ca.json    # serves it at {plan.ca_url()}\n"
        f"STEPPATH={shown} {PROGRAM} token internal.example.com    # mints; add --offline without the CA\n"
    )
