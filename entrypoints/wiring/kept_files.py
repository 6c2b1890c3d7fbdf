"""Files that a command reads, which what it writes must not replace."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain.settings.setting import Settings

READ_FILES = frozenset({
    "key", "nebula-cert", "nebula-key", "new-password-file", "password-file", "provisioner-password-file",
    "root", "set-file", "sshpop-cert", "sshpop-key", "x5c-cert", "x5c-chain", "x5c-key",
})  # fmt: skip
"""Options whose files nothing that is new may replace."""


def keep_key(certificate: str, *keys: str) -> None:
    """Refuse a file for the certificate in which one of these keys is.

    Raises:
        UsageError: it is the same file.
    """
    for key in keys:
        if os.path.realpath(certificate) == os.path.realpath(key):
            raise UsageError(f"{certificate} is the file of the key", "name another for the certificate")


def keep_inputs(outputs: Sequence[str], inputs: Iterable[str]) -> None:
    """Refuse files for what is new in which something is that the command reads.

    Raises:
        UsageError: they are the same file.
    """
    read = {os.path.realpath(path) for path in inputs}
    for path in outputs:
        if os.path.realpath(path) in read:
            raise UsageError(f"{path} is a file that the command reads", "name another for what is new")


def list_read_files(settings: Settings) -> list[str]:
    """Return the files of keys, certificates and passwords that settings name."""
    return [str(value) for name in READ_FILES & settings.keys() for value in settings[name].values()]
