"""Those who use a certificate: a process that gets a signal, and a command that is run."""

import os
import subprocess
import sys

from domain.enroll.services import ServiceOptions, parse_number
from domain.errors import InputError, OutputError
from domain.ports import InputFiles

MAX_PID_FILE_BYTES = 1024


class LocalServices:
    """Tells them (see `domain.enroll.ports.Services`), the process first.

    The file with a process's identifier is read each time, for a service that is started anew has another one.

    Attributes:
        options: Who they are.
        files: Where that file is read.
    """

    def __init__(self, options: ServiceOptions, files: InputFiles) -> None:
        self.options = options
        self.files = files

    def check(self) -> None:
        """Check that the process can be named.

        Raises:
            InputError: the file with its identifier cannot be read, or holds something else.
        """
        self._find_process()

    def notify(self) -> None:
        process = self._find_process()
        if process is not None:
            self._send_signal(process)
        if self.options.command:
            self._run(self.options.command)

    def _find_process(self) -> int | None:
        path = self.options.pid_file
        if path is None:
            return self.options.pid
        text = self.files.read(path, MAX_PID_FILE_BYTES).decode("utf-8", "replace").strip()
        try:
            return parse_number(text)
        except ValueError as error:
            raise InputError(f"--pid-file {path} holds no process identifier", "name another file") from error

    def _send_signal(self, process: int) -> None:
        number = self.options.signal
        try:
            os.kill(process, number)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "there is no such process"
            what = f"the certificate is new, but process {process} does not get signal {number}: {reason}"
            raise OutputError(what, "check --pid, --pid-file and --signal") from error

    def _run(self, command: tuple[str, ...]) -> None:
        """Run a program by the environment, standard streams and folder of this one."""
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        try:
            status = subprocess.Popen(command).wait()  # noqa: S603  # the user's own
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a command"
            what = f"the certificate is new, but {command[0]!r} cannot be run: {reason}"
            raise OutputError(what, "check --exec; it is not read by a shell") from error
        if status:
            how = f"status {status}" if status > 0 else f"signal {-status}"
            what = f"the certificate is new, but {command[0]!r} ended with {how}"
            raise OutputError(what, "look at what it says")
