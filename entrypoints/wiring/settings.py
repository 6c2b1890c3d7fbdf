"""The part of the composition root that gathers a command's settings: flags, environment, and the step path's files."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from adapters.machine.input_files import LocalFiles
from adapters.machine.step_path import StepPath
from domain.errors import MissingSettingError, StepOttError, UsageError
from domain.settings.setting import drop_absent, layer, respell
from entrypoints.command_line.argv import complete_settings, parse_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from domain.ports import InputFiles
    from domain.settings.setting import Setting, Settings
    from entrypoints.command_line.options import Option


def wire_files() -> LocalFiles:
    """Return the user's files; where one has to be waited for, stderr says so."""
    from adapters.machine.terminal import Stderr  # noqa: PLC0415

    return LocalFiles(Stderr(sys.stderr).inform)


def open_step_path(environment: Mapping[str, str], context: str | None, files: InputFiles | None = None) -> StepPath:
    """Return the step path of this environment.

    Args:
        files: What reads the files in it; None for the user's files, which may be waited for.

    Raises:
        UsageError: neither STEPPATH nor HOME says where it is.
    """
    base = environment.get("STEPPATH")
    if not base:
        home = environment.get("HOME") or os.path.expanduser("~")
        if not os.path.isabs(home):
            raise UsageError("there is no home folder to look for .step in", "set STEPPATH or HOME")
        base = os.path.join(home, ".step")
    return StepPath(files or wire_files(), os.path.normpath(base), context)


def read_settings(
    options: Sequence[Option],
    flags: Settings,
    judge: Callable[[Settings], object],
    files: InputFiles | None = None,
) -> tuple[dict[str, Setting], StepPath]:
    """Return all settings of a command, and the step path that gives some of them.

    They are the caller's to judge, together, since each may be what another one needs. Only where configuration
    cannot be read, `judge` sees the others alone: what nothing in it could put right is told first.
    """
    given = layer(flags, parse_environment(os.environ, options))
    context = drop_absent(given).get("context")
    try:
        step_path = open_step_path(os.environ, None if context is None else str(context.value), files)
        return complete_settings(given, step_path.defaults(), options), step_path
    except StepOttError as error:
        with suppress(MissingSettingError):
            judge(given)
        raise respell(error, given) from error
