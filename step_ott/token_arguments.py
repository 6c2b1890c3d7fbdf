"""Tokens that programs give to be read, and the moment to judge them at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.machine.clock import SystemClock
from domain.errors import UsageError
from step_ott.arguments import read_moment
from step_ott.ports import FixedClock, GivenFiles

if TYPE_CHECKING:
    from domain.ports import Clock

WHOSE = "token="
"""What a token is called in errors."""


def add_token(files: GivenFiles, token: object) -> str:
    """Return what a token is called from here on.

    Raises:
        UsageError: it is not a str: the token itself, never its file.
    """
    if not isinstance(token, str):
        raise UsageError(f"token= is a {type(token).__name__}", "give the token as str")
    return files.put(WHOSE, str.encode(token, "utf-8", "replace"))


def choose_clock(at: object) -> Clock:
    """Return a clock that stands at the given moment, or the machine's.

    Raises:
        UsageError: it is no moment.
    """
    clock = SystemClock()
    moment = read_moment(at, "at")
    return clock if moment is None else FixedClock(moment.at(clock.now()))
