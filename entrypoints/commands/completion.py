"""`step-ott completion`: a shell's script that completes command lines."""

from collections.abc import Sequence

from domain.errors import UsageError
from domain.settings.setting import Settings
from entrypoints.command_line.argv import take_one
from entrypoints.command_line.completion.shells import SCRIPTS
from entrypoints.wiring.output import print_text


def run(positional: Sequence[str], flags: Settings) -> int:  # noqa: ARG001  # there are none
    """Print the script."""
    listed = ", ".join(SCRIPTS)
    shell = take_one(positional, "completion", "shell", f"the shells are {listed}")
    if shell not in SCRIPTS:
        raise UsageError(f"there is no completion for {shell!r}", f"the shells are {listed}")
    return print_text(SCRIPTS[shell])
