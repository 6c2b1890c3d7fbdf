"""Where a command's output goes that a positional word names: a file, else standard output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from domain.errors import UsageError
from domain.formats.file_mode import OWNER_ALONE
from domain.ports import OutputFile
from domain.settings.setting import Origin, drop_absent
from entrypoints.process import is_own
from entrypoints.wiring.output import print_text

if TYPE_CHECKING:
    from domain.settings.setting import Settings


def print_or_write(text: str, path: str | None, settings: Settings, what: str) -> int:
    """Print ASCII text, or write it to a file, mode 0600, and say so; return the exit status 0.

    Args:
        text: What is printed or written.
        path: The file, None to print it.
        settings: The command's, of which --force counts.
        what: What it is, as it is said to have been saved.

    Raises:
        OutputError: it cannot be written, or the file exists.
        UsageError: a flag --force has no effect.
    """
    force = drop_absent(settings).get("force")
    if path is None:
        if force is not None and force.origin >= Origin.FLAG:
            raise UsageError(f"{force.spelled} has no effect without a file", "name one, or leave it out")
        return print_text(text)
    from adapters.machine.terminal import Stderr, Terminal  # noqa: PLC0415  # not where something is printed
    from adapters.output.file_group import FileGroup  # noqa: PLC0415
    from entrypoints.use_cases.write_files import write_files  # noqa: PLC0415

    file = OutputFile(path, text.encode("ascii"), OWNER_ALONE)
    write_files([file], FileGroup(is_last=is_own()), Terminal(), force=force is not None)
    Stderr(sys.stderr).inform(f"{what} has been saved in {path}.")
    return 0
