"""What each command does, a module each: loaded when it is run, since each takes modules that others do without."""

from collections.abc import Callable, Sequence

from domain.settings.setting import Settings

Run = Callable[[Sequence[str], Settings], int]
"""Does what a command is for, by the positional words and the flags behind its name; returns the exit status."""


def run_command(name: str, positional: Sequence[str], flags: Settings) -> int:
    """Run the command `name` by the words and flags behind it, and return its exit status.

    Raises:
        StepOttError: it cannot be done.
    """
    match name:
        case "token":
            from entrypoints.commands.token import run  # noqa: PLC0415
        case "batch":
            from entrypoints.commands.batch import run  # noqa: PLC0415
        case "inspect":
            from entrypoints.commands.inspect import run  # noqa: PLC0415
        case "verify":
            from entrypoints.commands.verify import run  # noqa: PLC0415
        case "doctor":
            from entrypoints.commands.doctor import run  # noqa: PLC0415
        case "sandbox":
            from entrypoints.commands.sandbox import run  # noqa: PLC0415
        case "completion":
            from entrypoints.commands.completion import run  # noqa: PLC0415
        case "version":
            from entrypoints.commands.version import run  # noqa: PLC0415
        case _:
            return _load_ca_command(name)(positional, flags)
    return run(positional, flags)


def _load_ca_command(name: str) -> Run:
    """Return what a command does that asks the CA about itself."""
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
