"""`step-ott version`: the version."""

from collections.abc import Sequence

from domain.settings.setting import Settings
from entrypoints import __version__
from entrypoints.command_line.argv import take_none
from entrypoints.command_line.commands import PROGRAM
from entrypoints.wiring.output import print_text


def run(positional: Sequence[str], flags: Settings) -> int:  # noqa: ARG001  # there are none
    """Print it."""
    take_none(positional, "version")
    return print_text(f"{PROGRAM} {__version__}\n")
