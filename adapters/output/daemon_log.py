"""What a daemon says, with the time, as step says it: what is done on stdout, what fails on stderr."""

import time
from contextlib import suppress
from typing import TextIO

from domain.formats.terminal_text import show_line


class DaemonLog:
    """Notices of a daemon (see `domain.ports.Notices`), which goes on where nobody can read them.

    Attributes:
        out, err: The streams, None for one that is closed.
    """

    def __init__(self, out: TextIO | None, err: TextIO | None) -> None:
        self.out = out
        self.err = err

    def inform(self, text: str) -> None:
        _say(self.out, "INFO", text)

    def warn(self, text: str) -> None:
        _say(self.err, "ERROR", text)


def _say(stream: TextIO | None, level: str, text: str) -> None:
    if stream is not None:
        with suppress(OSError, ValueError):
            print(f"{level}: {time.strftime('%Y/%m/%d %H:%M:%S')} {show_line(text)}", file=stream, flush=True)
