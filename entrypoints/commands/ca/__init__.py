"""What each command under `ca` does, a module each."""

from collections.abc import Callable, Sequence

from domain.settings.setting import Settings


def find_command(name: str) -> Callable[[Sequence[str], Settings], int]:
    """Return what runs the command `name` by the words and flags behind it, and returns its exit status."""
    match name:
        case "ca certificate":
            from entrypoints.commands.ca.certificate import run  # noqa: PLC0415
        case "ca renew":
            from entrypoints.commands.ca.renew import run  # noqa: PLC0415
        case "ca revoke":
            from entrypoints.commands.ca.revoke import run  # noqa: PLC0415
        case "ca health":
            from entrypoints.commands.ca.health import run  # noqa: PLC0415
    return run
