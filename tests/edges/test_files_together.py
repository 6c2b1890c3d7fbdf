"""Files that are there together or not at all: what stands in the way, two runs at once, and kills at any moment."""

import errno
import fcntl
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from time import sleep
from unittest import mock

import pytest

from adapters.output import files_together
from adapters.output.files_together import NewFile, check_files, write_together
from adapters.output.key_pair import KeyPairFiles
from domain.errors import OutputError, StepOttError, UsageError
from tests.support.forked_child import NOBODY, run_in_child
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS

COUNT = int(os.environ.get("FILE_KILLS", "24"))


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """The paths of a certificate and its key, in two folders."""
    for name in ("certs", "keys"):
        (tmp_path / name).mkdir()
    return tmp_path / "certs" / "a.crt", tmp_path / "keys" / "a.key"


def look(pair: tuple[Path, Path]) -> tuple[str | None, ...]:
    """Return what is in the files, after nobody gives names in their folders any more; nothing else is there."""
    for path in pair:
        folder = os.open(path.parent, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        os.close(folder)
        assert {name for name in os.listdir(path.parent) if name.startswith(".step-ott-")} == set()
    return tuple(path.read_text() if path.exists() else None for path in pair)


def test_both_are_private_and_whole(pair: tuple[Path, Path]) -> None:
    """Two new files of mode 0600, and with `replace` two in the place of old ones, whatever mode those had."""
    KeyPairFiles(str(pair[0]), str(pair[1])).deliver(b"c1", b"k1")
    assert look(pair) == ("c1", "k1")
    pair[0].chmod(0o644)
    KeyPairFiles(str(pair[0]), str(pair[1]), replace=True).deliver(b"c2", b"k2")
    assert look(pair) == ("c2", "k2")
    assert {path.stat().st_mode & 0o777 for path in pair} == {0o600}


def test_files_have_the_modes_that_they_ask_for(tmp_path: Path) -> None:
    """Public files may be readable to all, as far as the umask lets them."""
    before = os.umask(0o022)
    write_together([NewFile(str(tmp_path / "k"), b"k"), NewFile(str(tmp_path / "p"), b"p", 0o644)], replace=False)
    os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("k", "p")] == [0o600, 0o644]


@pytest.mark.parametrize("there", [0, 1])
def test_one_that_is_there_keeps_both_away(there: int, pair: tuple[Path, Path]) -> None:
    """Whichever of the two exists stays, also where it came after the check, and the other does not appear."""
    pair[there].write_text("old")
    files = KeyPairFiles(str(pair[0]), str(pair[1]))
    for act in (files.check, lambda: files.deliver(b"c", b"k")):
        with pytest.raises(OutputError, match=f"{pair[there].name} exists: add --force to replace it"):
            act()
    with mock.patch.object(files_together, "check_files"), pytest.raises(OutputError, match="exists"):
        files.deliver(b"c", b"k")
    assert look(pair) == tuple("old" if number == there else None for number in (0, 1))


def _link(target: Callable[[Path], str]) -> Callable[[Path], None]:
    return lambda path: path.symlink_to(target(path))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Path.mkdir, "is not a regular file"),
        (os.mkfifo, "is not a regular file"),
        (_link(lambda _: "/dev/null"), "is not a regular file"),
        (_link(lambda path: str(path.parent)), "is not a regular file"),
    ],
    ids=["folder", "fifo", "link to a device", "link to a folder"],
)
@pytest.mark.parametrize("which", [0, 1])
def test_what_is_no_file_is_never_replaced(
    which: int, make: Callable[[Path], None], said: str, pair: tuple[Path, Path]
) -> None:
    """Not even with --force, and the other file stays away."""
    make(pair[which])
    with pytest.raises(OutputError, match=said):
        KeyPairFiles(str(pair[0]), str(pair[1]), replace=True).deliver(b"c", b"k")
    assert not pair[1 - which].exists()


def test_a_link_to_a_file_is_replaced_and_not_followed(pair: tuple[Path, Path]) -> None:
    """What a link leads to stays as it was."""
    target = pair[0].parent / "target"
    target.write_text("old")
    pair[0].symlink_to(target)
    KeyPairFiles(str(pair[0]), str(pair[1]), replace=True).deliver(b"c", b"k")
    assert look(pair) == ("c", "k") and not pair[0].is_symlink() and target.read_text() == "old"


@pytest.mark.parametrize(
    ("certificate", "key", "error", "said"),
    [
        ("a", "a", UsageError, "are the same file"),
        ("a", "./a", UsageError, "are the same file"),
        ("a", "link/a", UsageError, "are the same file"),
        ("-", "a", UsageError, "'-' is not a file"),
        ("a", "", UsageError, "'' is not a file"),
        ("a", "missing/a", OutputError, "No such file or directory"),
        ("a", "file/a", OutputError, "Not a directory"),
        ("a", "n\0l", OutputError, "not a path"),
        ("a", "folder/", OutputError, "Is a directory"),
    ],
)
def test_names_that_cannot_be_are_refused_at_once(
    certificate: str, key: str, error: type[StepOttError], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is asked for; by whatever way two names lead to one file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(error, match=said):
        check_files([certificate, key], replace=True)


@pytest.mark.parametrize(
    ("replace", "step", "number"),
    [(False, "link", errno.ENOSPC), (True, "link", errno.ENOSPC), (True, "replace", errno.EROFS)],
)
def test_a_failure_at_the_second_name_takes_the_first_back(
    replace: bool, step: str, number: int, pair: tuple[Path, Path]
) -> None:
    """A disk that is full or read-only by then leaves the old pair, or none."""
    take, old = getattr(os, step), ("c1", "k1") if replace else (None, None)
    if replace:
        for path in pair:
            path.write_text("c1" if path == pair[0] else "k1")

    def fail(source: str, target: str, **options: object) -> object:
        names_the_second = source.startswith("/proc") if step == "link" else target == str(pair[0])
        if names_the_second and Path(target).parent == pair[0].parent:
            raise OSError(number, "no")
        return take(source, target, **options)

    with mock.patch.object(os, step, fail), pytest.raises(OutputError, match=r"a\.crt cannot be written"):
        KeyPairFiles(str(pair[0]), str(pair[1]), replace).deliver(b"c2", b"k2")
    assert look(pair) == old


def test_a_full_disk_is_told_before_any_name(pair: tuple[Path, Path]) -> None:
    """What cannot be written whole gets no name, nor does the file before it."""
    with (
        mock.patch.object(os, "fsync", side_effect=[None, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))]),
        pytest.raises(OutputError, match="No space left on device"),
    ):
        KeyPairFiles(str(pair[0]), str(pair[1])).deliver(b"c", b"k")
    assert look(pair) == (None, None)


def test_who_holds_the_folder_stops_nobody(pair: tuple[Path, Path]) -> None:
    """Whoever may read a folder can lock it, and never give it back."""
    folder = os.open(pair[0].parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with mock.patch.object(files_together, "LOCK_SECONDS", 0.05):
        KeyPairFiles(str(pair[0]), str(pair[1])).deliver(b"c", b"k")
    os.close(folder)
    assert look(pair) == ("c", "k")


def refuse_second_names(source: str, target: str, **options: object) -> None:
    """Link as the system does where another user's file can have no second name."""
    if not source.startswith("/proc/"):
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))
    LINK(source, target, **options)  # type: ignore[arg-type]


LINK, REPLACE = os.link, os.replace


@pytest.mark.parametrize("fails", [0, 1, None], ids=["key", "certificate", "nothing"])
def test_old_files_that_can_have_no_second_name_are_kept(fails: int | None, pair: tuple[Path, Path]) -> None:
    """Whichever new file cannot be named, the old ones are there afterwards, else the new ones."""
    for path in pair:
        path.write_text("old")

    def replace(source: str, target: str, **options: object) -> None:
        if fails is not None and target == str(pair[1 - fails]) and Path(source).read_text() == "new":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        REPLACE(source, target, **options)  # type: ignore[arg-type]

    with mock.patch.object(os, "link", refuse_second_names), mock.patch.object(os, "replace", replace):
        files = KeyPairFiles(str(pair[0]), str(pair[1]), replace=True)
        if fails is None:
            files.deliver(b"new", b"new")
        else:
            with pytest.raises(OutputError, match="Input/output error"):
                files.deliver(b"new", b"new")
    assert look(pair) == (("new", "new") if fails is None else ("old", "old"))


def test_what_another_run_has_put_there_is_not_taken_back(pair: tuple[Path, Path]) -> None:
    """Where the second name fails, and the first is another file's by then."""

    def link(source: str, target: str, **options: object) -> None:
        if target == str(pair[0]):
            pair[1].unlink()
            pair[1].write_text("theirs")
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        LINK(source, target, **options)  # type: ignore[arg-type]

    with mock.patch.object(os, "link", link), pytest.raises(OutputError, match="Input/output error"):
        KeyPairFiles(str(pair[0]), str(pair[1])).deliver(b"c", b"k")
    assert look(pair) == (None, "theirs")


def test_a_process_that_ignores_the_end_of_children_learns_what_came_of_it(pair: tuple[Path, Path]) -> None:
    """As under `trap '' CHLD`: the system then has forgotten the child when it is asked for."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        KeyPairFiles(str(pair[0]), str(pair[1])).deliver(b"c", b"k")
        with pytest.raises(OutputError, match="exists"), mock.patch.object(files_together, "check_files"):
            KeyPairFiles(str(pair[0]), str(pair[1])).deliver(b"c2", b"k2")
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert look(pair) == ("c", "k")


SPECIAL = [
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd/1",
    "/proc/self/fd/1",
    "//dev/stdout",
    "/dev/new",
    "/proc/thread-self/fd/1",
]


@pytest.mark.parametrize("way", ["itself", "a link", "a link to a link", "a link above"])
@pytest.mark.parametrize("special", SPECIAL)
def test_a_stream_is_no_place_whatever_it_leads_to(special: str, way: str, tmp_path: Path) -> None:
    """Root could take /dev/stdout away from the whole machine; only looked at here, for nothing to be written."""
    (tmp_path / "folder").symlink_to(os.path.dirname(special))
    (tmp_path / "link").symlink_to(special)
    (tmp_path / "again").symlink_to("link")
    above = tmp_path / "folder" / os.path.basename(special)
    path = {
        "itself": special,
        "a link": tmp_path / "link",
        "a link to a link": tmp_path / "again",
        "a link above": above,
    }
    with open(tmp_path / "redirected", "wb") as file:
        number = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            with pytest.raises(OutputError, match=r"is not a regular file but a stream.*name a file"):
                check_files([str(tmp_path / "key"), str(path[way])], replace=True)
        finally:
            os.dup2(number, 1)
            os.close(number)


def test_shared_memory_is_a_place_for_files() -> None:
    """It is under /dev, and holds files."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("there is none")
    check_files(["/dev/shm/step-ott-test.key"], replace=True)


@pytest.mark.parametrize(
    ("old", "group", "new"),
    [
        (0o640, "kept", 0o640), (0o640, "lost", 0o600), (0o644, "lost", 0o644), (0o604, "lost", 0o600),
        (0o664, "lost", 0o644), (0o400, "lost", 0o400),
    ],
)  # fmt: skip
def test_a_new_file_is_closed_to_whom_the_old_one_was_closed_to(
    old: int, group: str, new: int, pair: tuple[Path, Path]
) -> None:
    """Also where its group cannot be the old one's."""
    for path in pair:
        path.write_text("old")
        path.chmod(old)
    real = os.fstat

    def elsewhere(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        return os.stat_result([*fields[:5], fields[5] + (group == "lost"), *fields[6:]])

    with (
        mock.patch.object(os, "fchown", side_effect=PermissionError(errno.EPERM, "no")),
        mock.patch.object(os, "fstat", elsewhere),
    ):
        KeyPairFiles(str(pair[0]), str(pair[1]), replace=True, takes_after=True).deliver(b"c", b"k")
    assert {path.stat().st_mode & 0o777 for path in pair} == {new}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_group_of_ones_own_is_kept_where_the_owner_cannot_be(
    pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group that reads the old file reads the new one."""
    group = 4242
    for path in pair:
        path.write_text("old")
        os.chown(path, 0, group)
        path.chmod(0o640)
    for folder in (pair[0].parent, pair[1].parent):
        folder.chmod(0o777)

    def write() -> bool:
        os.setgroups([group])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        files = KeyPairFiles(pair[0].name, None, replace=True, takes_after=True)
        files.deliver(b"c", None)
        return True

    monkeypatch.chdir(pair[0].parent)
    assert run_in_child(write)
    status = pair[0].stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (NOBODY, group, 0o640)


@pytest.mark.parametrize("replace", [False, True])
def test_runs_at_once_mix_no_pair(replace: bool, pair: tuple[Path, Path]) -> None:
    """Of many at once one pair is there at the end, whole; without --force, that of the only one that succeeded."""
    done: list[int] = []

    def write(number: int) -> None:
        try:
            KeyPairFiles(str(pair[0]), str(pair[1]), replace).deliver(b"%d" % number, b"%d" % number)
        except OutputError:
            return
        done.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    certificate, key = look(pair)
    assert certificate == key is not None
    assert sorted(done) == list(range(12)) if replace else [str(number) for number in done] == [key]


PROGRAM = """
import os, signal, sys
from adapters.output.key_pair import KeyPairFiles
certificate, key, replace, step, when = sys.argv[1:]
first = os.getpid()

def killing(take):
    def act(*arguments, **options):
        if when == "before":
            os.killpg(first, signal.SIGKILL)
        result = take(*arguments, **options)
        if when == "after":
            os.killpg(first, signal.SIGKILL)
        return result
    return act

if step == "always":
    number = 0
    while True:
        number += 1
        KeyPairFiles(certificate, key, True).deliver(b"%d" % number, b"%d" % number)
setattr(os, step, killing(getattr(os, step)))
KeyPairFiles(certificate, key, replace == "True").deliver(b"new", b"new")
"""


def start(pair: tuple[Path, Path], *words: str) -> "subprocess.Popen[bytes]":
    """Start a process, with a group of its own, that writes the pair and kills that group at a step."""
    command = [sys.executable, "-c", PROGRAM, str(pair[0]), str(pair[1]), *words]
    return subprocess.Popen(command, cwd=REPOSITORY, start_new_session=True)


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["fork", "setsid", "link", "replace", "unlink", "fsync"])
def test_a_kill_at_the_very_step_leaves_both_or_none(
    step: str, when: str, replace: bool, pair: tuple[Path, Path]
) -> None:
    """SIGKILL for the process and its group, before and after whatever the system is asked for."""
    if replace:
        for path in pair:
            path.write_text("old")
    with start(pair, str(replace), step, when) as process:
        process.wait(PROCESS_SECONDS)
    new, old = ("new", "new"), ("old", "old") if replace else (None, None)
    left = look(pair)
    assert left in (new, old)
    if step in ("link", "replace", "unlink"):
        assert left == new or (step == "replace" and not replace)


def test_kills_at_any_moment_leave_a_pair_that_belongs_together(pair: tuple[Path, Path]) -> None:
    """A process that writes pair after pair is killed, with its group, at random moments."""
    moments = random.Random(14)
    for _ in range(COUNT):
        with start(pair, "True", "always", "") as process:
            while not pair[0].exists():
                sleep(0.01)
            sleep(moments.uniform(0, 0.05))
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(PROCESS_SECONDS)
        certificate, key = look(pair)
        assert certificate == key is not None
