"""Which option names the file with the signing key's password (step CLI, utils/cautils/token_generator.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.device_options import uses_device

if TYPE_CHECKING:
    from domain.authority_options import AuthorityOptions

PASSWORD_FILES = ("provisioner-password-file", "password-file")
"""The options that name such a file; the first goes before the second, wherever each comes from."""


def choose_password_file(options: AuthorityOptions) -> str | None:
    """Return the option whose file is read where a password is wanted, None where none is named.

    To a device only a flag's file goes: a provisioner's usual password is not a PIN, and wrong ones lock devices.
    """
    named = [name for name in PASSWORD_FILES if name in options.settings]
    return next((name for name in named if options.is_flag(name) or not uses_device(options)), None)
