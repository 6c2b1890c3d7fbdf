"""What each command does, a module each: loaded when it is run, since each takes modules that others do without."""

from collections.abc import Sequence

from domain.settings.setting import Settings


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
        case _ if name.startswith("ssh "):
            from entrypoints.commands.ssh import find_command as find_ssh_command  # noqa: PLC0415

            return find_ssh_command(name)(positional, flags)
        case _:
            from entrypoints.commands.ca import find_command  # noqa: PLC0415

            return find_command(name)(positional, flags)
    return run(positional, flags)
