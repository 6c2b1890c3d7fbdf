"""Who is told of a new certificate: a process, by a signal, and a command (step CLI, command/ca/renew.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.errors import MissingSettingError
from domain.settings.authority import judge_pairs, parse_option
from domain.settings.setting import spell

if TYPE_CHECKING:
    from domain.settings.setting import Settings

HANGUP = 1
"""SIGHUP, by which services read their configuration again."""

MAX_PID_DIGITS = 10


@attrs.frozen(kw_only=True, eq=False, repr=False)
class ServiceOptions:
    """Who is told.

    Attributes:
        pid: The process's identifier, None for none, or where `pid_file` has it.
        pid_file: The file that has it, None for none.
        signal: The number of the signal that it gets.
        command: A program and its arguments, empty for none.
    """

    pid: int | None = None
    pid_file: str | None = None
    signal: int = HANGUP
    command: tuple[str, ...] = ()

    @property
    def has_any(self) -> bool:
        """Whether anybody is told."""
        return self.pid is not None or self.pid_file is not None or bool(self.command)


def read_service_options(given: Settings) -> ServiceOptions:
    """Return what the settings say of it.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    judge_pairs(given, {}, (("pid", "pid-file"),))
    if "signal" in given and not {"pid", "pid-file"} & given.keys():
        signal = spell(given, "signal")
        raise MissingSettingError(f"{signal} needs --pid or --pid-file", f"add one, or leave {signal} out")
    return ServiceOptions(
        pid=parse_option(given, "pid", parse_number),
        pid_file=str(given["pid-file"].value) if "pid-file" in given else None,
        signal=parse_option(given, "signal", parse_number) or HANGUP,
        command=split_command(str(given["exec"].value)) if "exec" in given else (),
    )


def parse_number(text: str) -> int:
    """Return the identifier of a process, or the number of a signal.

    Raises:
        ValueError: it is not a number above zero.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_PID_DIGITS and int(text)):
        raise ValueError("not a number above zero")
    return int(text)


def split_command(text: str) -> tuple[str, ...]:
    """Return the program and its arguments: what is between single spaces, as step takes it; there is no shell."""
    trimmed = text.strip()
    return tuple(trimmed.split(" ")) if trimmed else ()
