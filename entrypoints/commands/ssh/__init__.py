"""What each command under `ssh` does, a module each."""

from collections.abc import Callable, Sequence

from domain.settings.setting import Settings


def find_command(name: str) -> Callable[[Sequence[str], Settings], int]:
    """Return what runs the command `name` by the words and flags behind it, and returns its exit status."""
    match name:
        case "ssh certificate":
            from entrypoints.commands.ssh.certificate import run  # noqa: PLC0415
        case "ssh renew":
            from entrypoints.commands.ssh.renew import run  # noqa: PLC0415
        case "ssh rekey":
            from entrypoints.commands.ssh.rekey import run  # noqa: PLC0415
        case "ssh revoke":
            from entrypoints.commands.ssh.revoke import run  # noqa: PLC0415
        case "ssh roots":
            from entrypoints.commands.ssh.roots import run  # noqa: PLC0415
    return run
