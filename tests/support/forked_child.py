"""Work in a forked child of the tests' process, which may be another user there."""

import os
import signal
from collections.abc import Callable

CHILD_SECONDS = 60
NOBODY = 65534
"""A user who owns nothing, where root runs the tests."""


def run_in_child(work: Callable[[], bool], user: int | None = None) -> bool:
    """Return what `work` does in a forked child, as another user where one is given; one that hangs has failed."""
    child = os.fork()
    if child == 0:
        signal.alarm(CHILD_SECONDS)
        status = 4
        try:
            if user is not None:
                os.setgroups([])
                os.setresgid(user, user, user)
                os.setresuid(user, user, user)
            status = 0 if work() else 3
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
