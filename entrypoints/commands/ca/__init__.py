"""What each command under `ca` does, a module each."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from domain.settings.setting import Settings

Run: TypeAlias = Callable[[Sequence[str], Settings], int]
"""Runs a command by the words and flags behind it, and returns its exit status."""


def find_command(name: str) -> Run:
    """Return what runs the command `name`."""
    match name:
        case "ca certificate":
            from entrypoints.commands.ca.certificate import run  # noqa: PLC0415
        case "ca sign":
            from entrypoints.commands.ca.sign import run  # noqa: PLC0415
        case "ca renew":
            from entrypoints.commands.ca.renew import run  # noqa: PLC0415
        case "ca rekey":
            from entrypoints.commands.ca.rekey import run  # noqa: PLC0415
        case "ca revoke":
            from entrypoints.commands.ca.revoke import run  # noqa: PLC0415
        case _:
            return _find_question(name)
    return run


def _find_question(name: str) -> Run:
    """Return what runs a command that asks the CA about itself."""
    match name:
        case "ca bootstrap":
            from entrypoints.commands.ca.bootstrap import run  # noqa: PLC0415
        case "ca root":
            from entrypoints.commands.ca.root import run  # noqa: PLC0415
        case "ca roots":
            from entrypoints.commands.ca.roots import run_roots as run  # noqa: PLC0415
        case "ca federation":
            from entrypoints.commands.ca.roots import run_federation as run  # noqa: PLC0415
        case "ca provisioner list":
            from entrypoints.commands.ca.provisioner_list import run  # noqa: PLC0415
        case "ca health":
            from entrypoints.commands.ca.health import run  # noqa: PLC0415
    return run
