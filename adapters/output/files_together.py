"""Files that are there together or not at all: a key and its certificate, whatever ends the process meanwhile.

All are whole and on the disk before the first has a name. A child then gives the names, in a session of its own and
deaf to signals: who kills the process, by its number or its group, stops nothing. What is left is a machine without
power, or a container that is killed whole, in the microseconds between two names.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import warnings
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING

from adapters.output.private_file import PrivateFile, check_place, explain_unwritable, name_hidden
from adapters.process.interruption import ENDING, deciding
from domain.errors import OutputError, UsageError
from domain.formats.file_mode import OWNER_ALONE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from domain.enroll.ports import HeldKey

LOCK_SECONDS, LOCK_PAUSE = 2.0, 0.02
"""How long another run is waited for that gives names in the same folder, which takes milliseconds."""


class NewFile:
    """A file that is to be.

    Attributes:
        path: Where; a symbolic link is replaced, never followed.
        data: Its content.
        mode: Its permission bits; any but 0600 are less what the umask takes.
        takes_after: Whether it has the mode of what it replaces instead and, where it may, its owner.
    """

    def __init__(self, path: str, data: bytes, mode: int = OWNER_ALONE, *, takes_after: bool = False) -> None:
        self.path, self.data, self.mode, self.takes_after = path, data, mode, takes_after


def check_files(paths: Sequence[str], *, replace: bool) -> None:
    """Refuse what can be seen to stand in the way of files at these paths already.

    Raises:
        UsageError: two are the same file, or one is none.
        OutputError: one cannot be written, or is there and not to be replaced.
    """
    seen: dict[tuple[int, int, str], str] = {}
    for path in paths:
        if path in ("", "-"):
            raise UsageError(f"{path!r} is not a file", "name a file; one called - is ./-")
        try:
            place = _check_file(path, replace=replace)
        except (OSError, ValueError) as error:
            raise explain_unwritable(path, error) from error
        if place in seen:
            raise UsageError(f"{seen[place]} and {path} are the same file", "name a file for each")
        seen[place] = path


def write_together(
    files: Sequence[NewFile], *, replace: bool, is_last: bool = False, held: HeldKey | None = None
) -> None:
    """Write all files, or raise and leave what was there before.

    Args:
        files: The files.
        replace: Whether those that are there are replaced.
        is_last: Whether the process has nothing else to do (see `deciding`).
        held: A key that must still be there once the folders are locked, None for no check.

    Raises:
        InputError: it is not.
        OutputError: one cannot be written, or is there and not to be replaced.
    """
    paths = [file.path for file in files]
    check_files(paths, replace=replace)
    with deciding(is_last=is_last):
        with ExitStack() as stack:
            whole = [stack.enter_context(_prepare(file)) for file in files]
            folders = stack.enter_context(_locked({os.path.dirname(path) or "." for path in paths}))
            if held is not None:
                held.check()
            failure = _run_apart(lambda: _name_all(files, whole, folders, replace=replace))
        if failure is not None:
            raise _explain_failure(paths, *failure)


def _explain_failure(paths: Sequence[str], index: int, number: int) -> OutputError:
    """Return the error for the file that could not be named, by the system's number for why."""
    if number == errno.EEXIST:
        return _explain_existing(paths[index])
    if number == 0:
        what = f"the process that gave {' and '.join(paths)} their names was killed"
        return OutputError(what, "look whether they belong together, and repeat the command")
    return explain_unwritable(paths[index], OSError(number, os.strerror(number)))


def _check_file(path: str, *, replace: bool) -> tuple[int, int, str]:
    """Return what tells the file from others: its folder and its name."""
    folder, name = os.path.split(path)
    if not name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    try:
        check_place(path, path, replace=replace)
    except FileExistsError as error:
        raise _explain_existing(path) from error
    status = os.stat(folder or ".")
    return status.st_dev, status.st_ino, name


def _explain_existing(path: str) -> OutputError:
    return OutputError(f"{path} exists", "add --force to replace it")


@contextmanager
def _locked(folders: set[str]) -> Iterator[list[int]]:
    """Keep other runs from giving names in the folders; give a descriptor of each that can be locked.

    Whoever may read a folder can lock it and never let go, and the CA has signed by now: so nobody is waited for long.
    """
    with ExitStack() as stack:
        opened: dict[tuple[int, int], int] = {}
        for folder in folders:
            with suppress(OSError):  # it may be closed to reading, or on a file system that locks none
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
                stack.callback(os.close, descriptor)
                status = os.fstat(descriptor)
                opened.setdefault((status.st_dev, status.st_ino), descriptor)
        for _, descriptor in sorted(opened.items()):  # in one order, so that no two runs wait for each other
            _lock(descriptor)
        yield list(opened.values())


def _lock(descriptor: int) -> None:
    deadline = monotonic() + LOCK_SECONDS
    while monotonic() < deadline:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sleep(LOCK_PAUSE)
        except OSError:
            return
        else:
            return


@contextmanager
def _prepare(new: NewFile) -> Iterator[PrivateFile]:
    """Give the whole file, without a name yet."""
    try:
        with PrivateFile(name_hidden(os.path.dirname(new.path)), mode=new.mode) as file:
            file.write(new.data, is_durable=True)
            if new.takes_after:
                file.take_after(new.path)
            yield file
    except (OSError, ValueError) as error:
        raise explain_unwritable(new.path, error) from error


class _NamingError(Exception):
    """A file that could not be named, by its index, and the system's number for why."""


def _name_all(files: Sequence[NewFile], whole: Sequence[PrivateFile], folders: Sequence[int], *, replace: bool) -> None:
    """Give all files their names, or none of them."""
    kept: list[str] = []
    try:
        for index, (new, file) in enumerate(zip(files, whole, strict=True)):
            try:
                kept.append(_keep(new.path) if replace else "")
                if replace:
                    file.replace(new.path)
                else:
                    file.link(new.path)
            except OSError as error:
                raise _NamingError(index, error.errno or errno.EIO) from error
    except _NamingError:
        for index, old in reversed(list(enumerate(kept))):
            with suppress(OSError):
                _take_back(files[index].path, whole[index], old)
        raise
    finally:
        for file in whole:
            file.remove_hidden()
    for old in filter(None, kept):
        with suppress(OSError):
            os.unlink(old)
    for folder in folders:
        with suppress(OSError):
            os.fsync(folder)


def _keep(path: str) -> str:
    """Return another name for the file that is to be replaced, empty where there is none.

    It has both names, or the new one alone where it can have no second: on some file systems, or another user's.

    Raises:
        OSError: it cannot be named.
    """
    kept = name_hidden(os.path.dirname(path))
    with suppress(FileNotFoundError):
        try:
            os.link(path, kept, follow_symlinks=False)
        except OSError:
            os.rename(path, kept)
        return kept
    return ""


def _take_back(path: str, file: PrivateFile, kept: str) -> None:
    """Leave at the path what was there before the file, be the file there by now or not."""
    if not kept:
        if os.path.samestat(os.lstat(path), os.fstat(file.descriptor)):
            os.unlink(path)
    elif os.path.lexists(path) and os.path.samestat(os.lstat(path), os.lstat(kept)):
        os.unlink(kept)
    else:
        os.replace(kept, path)


def _run_apart(work: Callable[[], None]) -> tuple[int, int] | None:
    """Do `work` in a child that outlives this process; return the index and number of its failure, None for none.

    The number is 0 where the child was killed.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings(action="ignore"):  # of other threads: the child asks the system alone
        child = os.fork()
    if child == 0:
        try:
            os.setsid()
            for ending in ENDING:
                signal.signal(ending, signal.SIG_IGN)
            os.close(reader)
            try:
                work()
                said = b"done"
            except _NamingError as error:
                said = "{} {}".format(*error.args).encode()
            with suppress(OSError):  # the process that asks is gone
                os.write(writer, said)
        finally:
            os._exit(0)
    os.close(writer)
    try:
        said = b"".join(iter(lambda: os.read(reader, 64), b""))
    finally:
        os.close(reader)
        with suppress(ChildProcessError):  # SIGCHLD is ignored, or somebody else has waited
            os.waitpid(child, 0)
    if said == b"done":
        return None
    index, _, number = said.partition(b" ")
    return (int(index), int(number)) if number else (0, 0)
