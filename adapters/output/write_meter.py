"""How many bytes a process has written in its life, as the kernel counts them (proc_pid_io(5), `wchar`).

It counts them by threads, also those of a process that has just ended and is not waited for yet.
"""

import os
from contextlib import suppress

UNKNOWN = (1 << 64) - 1
"""The count where there is none: the greatest number that a word of shared memory holds."""


class OwnMeter:
    """The count of this process, and after a fork of the child's."""

    def __init__(self) -> None:
        self._process = 0
        self._descriptor: int | None = None

    def read(self, process: int) -> int:
        """Return the count of this process, of that number."""
        if self._process != process:
            self._process, self._descriptor = process, _open_own_meter(process)
        return UNKNOWN if self._descriptor is None else _read_count(self._descriptor)


def read_ended(process: int) -> int:
    """Return the count of a process that has ended."""
    meter = _open_meter(process)
    if meter is None:
        return UNKNOWN
    try:
        return _read_count(meter)
    except OSError:  # it is waited for already
        return UNKNOWN
    finally:
        os.close(meter)


def _open_meter(process: int) -> int | None:
    """Return a descriptor of what the kernel counts of a process's first thread, None where it does not."""
    with suppress(OSError):
        return os.open(f"/proc/{process}/task/{process}/io", os.O_RDONLY | os.O_CLOEXEC)
    return None


def _open_own_meter(process: int) -> int | None:
    """Return the descriptor for this process, None where a byte that is written does not show in it."""
    meter = _open_meter(process)
    if meter is not None:
        before = _read_count(meter)
        with open(os.devnull, "wb", buffering=0) as null:
            null.write(b".")
        if _read_count(meter) != before + 1:
            os.close(meter)
            return None
    return meter


def _read_count(meter: int) -> int:
    return int(os.pread(meter, 256, 0).split()[3])
