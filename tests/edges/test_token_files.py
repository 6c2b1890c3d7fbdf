"""A token in a file: whole, private, in the place of a link and never behind it, or not there at all."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.output import private_file
from adapters.output.token_file import TokenFile
from domain.errors import OutputError
from tests.support.forked_child import NOBODY, run_in_child
from tests.support.peer_programs import REPOSITORY

TOKEN = "e30.e30.c2lnbmF0dXJl"


@pytest.fixture(params=["nameless", "hidden"], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write as on a file system with O_TMPFILE, and as on one without."""
    if request.param == "hidden":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    return str(request.param)


@pytest.fixture(params=[0o000, 0o022, 0o277, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run with each of several umasks."""
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    """Return the permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def refusal(path: Path, *, replace: bool) -> str:
    """Return the error of delivering to `path`, after which its folder holds what it held before."""
    before = sorted(os.listdir(path.parent)) if path.parent.is_dir() else None
    with pytest.raises(OutputError) as caught:
        TokenFile(str(path), replace).deliver(TOKEN)
    assert before is None or sorted(os.listdir(path.parent)) == before
    return str(caught.value)


@pytest.mark.parametrize("replace", [False, True])
def test_a_new_file_holds_the_token_and_is_private(replace: bool, tmp_path: Path, umask: None) -> None:
    """The file has mode 0600 under any umask, and no other file is left beside it."""
    path = tmp_path / "token"
    TokenFile(str(path), replace).deliver(TOKEN)
    assert mode_of(path) == 0o600
    assert path.read_text() == TOKEN
    assert os.listdir(tmp_path) == ["token"]


def test_a_file_that_is_there_is_left_as_it_was(tmp_path: Path) -> None:
    """Without --force nothing is overwritten, and the error names the flag."""
    path = tmp_path / "token"
    path.write_text("old")
    path.chmod(0o640)
    assert "exists: add --force" in refusal(path, replace=False)
    assert (path.read_text(), mode_of(path)) == ("old", 0o640)


def test_a_file_that_is_replaced_becomes_private(tmp_path: Path, umask: None) -> None:
    """An old file's 0644 does not survive --force, and a reader of the old file does not get the new token."""
    path = tmp_path / "token"
    path.touch()
    path.chmod(0o644)
    path.write_text("old")
    with path.open() as reader:
        TokenFile(str(path), replace=True).deliver(TOKEN)
        assert reader.read() == "old"
    assert (path.read_text(), mode_of(path)) == (TOKEN, 0o600)


@pytest.mark.parametrize("dangles", [False, True])
def test_a_symbolic_link_is_never_followed(dangles: bool, tmp_path: Path) -> None:
    """A link is refused without --force and replaced with it; what it points to is never written."""
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "token"
    if not dangles:
        target.write_text("old")
    link.symlink_to(target)
    assert "exists: add --force" in refusal(link, replace=False)
    assert link.is_symlink()
    TokenFile(str(link), replace=True).deliver(TOKEN)
    assert not link.is_symlink() and link.read_text() == TOKEN
    assert target.exists() != dangles and (dangles or target.read_text() == "old")


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("name", [".", "folder", "folder/"])
def test_a_folder_is_no_file(name: str, replace: bool, tmp_path: Path) -> None:
    """The advice for a folder is another name, not --force."""
    (tmp_path / "folder").mkdir()
    path = f"{tmp_path}/{name}"
    with pytest.raises(OutputError, match="is not a regular file: name another file"):
        TokenFile(path, replace).deliver(TOKEN)
    assert os.listdir(tmp_path) == ["folder"] and os.listdir(tmp_path / "folder") == []


@pytest.mark.parametrize("replace", [False, True])
def test_a_device_is_not_replaced(replace: bool, tmp_path: Path) -> None:
    """A pipe, like any device, which --force would put a file in the place of, stays what it is."""
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in refusal(tmp_path / "pipe", replace=replace)
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing/token", os.strerror(errno.ENOENT)),
        ("file/token", os.strerror(errno.ENOTDIR)),
        ("x" * 300, os.strerror(errno.ENAMETOOLONG)),
        ("nul\0", "not a path"),
    ],
    ids=["missing folder", "a file as folder", "too long", "NUL"],
)
def test_a_place_that_cannot_be_written_is_named(name: str, said: str, replace: bool, tmp_path: Path) -> None:
    """The error has the path and the system's own words."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        TokenFile(f"{tmp_path}/{name}", replace).deliver(TOKEN)
    assert f"--output-file {tmp_path}/{name} cannot be written: {said}" in str(caught.value)
    assert os.listdir(tmp_path) == ["file"]


def test_a_name_as_long_as_names_may_be_is_written(tmp_path: Path) -> None:
    """The temporary file's name is not built upon the file's own."""
    path = tmp_path / ("x" * 255)
    TokenFile(str(path)).deliver(TOKEN)
    assert path.read_text() == TOKEN


def test_a_file_in_the_current_folder_needs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare file name is written where the process stands."""
    monkeypatch.chdir(tmp_path)
    TokenFile("token").deliver(TOKEN)
    assert os.listdir(tmp_path) == ["token"]


DELIVER = """
import resource, sys
from adapters.output.token_file import TokenFile
from domain.errors import OutputError
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    TokenFile(sys.argv[1], replace=True).deliver("x" * 100_000)
except OutputError as error:
    sys.exit(str(error))
"""


def test_a_full_disk_leaves_the_old_file(tmp_path: Path) -> None:
    """Where the token does not fit, the old file is as it was and no other is left."""
    path = tmp_path / "token"
    path.write_text("old")
    done = subprocess.run(
        [sys.executable, "-B", "-c", DELIVER, str(path)], capture_output=True, text=True, cwd=REPOSITORY, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert f"--output-file {path} cannot be written: {os.strerror(errno.EFBIG)}" in done.stderr
    assert (os.listdir(tmp_path), path.read_text()) == (["token"], "old")


@pytest.mark.parametrize("replace", [False, True])
def test_an_interruption_leaves_the_old_file(replace: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the token is written leaves no temporary file."""
    path = tmp_path / "token"
    if replace:
        path.write_text("old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        TokenFile(str(path), replace).deliver(TOKEN)
    assert os.listdir(tmp_path) == (["token"] if replace else [])
    assert not replace or path.read_text() == "old"


def test_the_file_is_on_the_disk_before_it_gets_its_name(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The content is synchronised while the old file still stands, opened exclusively and without following links."""
    path, seen, flags = tmp_path / "token", [], []
    path.write_text("old")
    open_file, synchronise = os.open, os.fsync

    def watch_open(name: str, flag: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        flags.append((name, flag, mode))
        return open_file(name, flag, mode, dir_fd=dir_fd)

    def watch_fsync(descriptor: int) -> None:
        synchronise(descriptor)
        seen.append((path.read_text(), os.fstat(descriptor).st_size, len(os.listdir(tmp_path))))

    monkeypatch.setattr(os, "open", watch_open)
    monkeypatch.setattr(os, "fsync", watch_fsync)
    TokenFile(str(path), replace=True).deliver(TOKEN)
    assert seen == [("old", len(TOKEN), 1 if kind == "nameless" else 2)]
    ((name, flag, mode),) = flags
    if kind == "nameless":
        assert (name, flag & os.O_TMPFILE, mode) == (str(tmp_path), os.O_TMPFILE, 0o600)
    else:
        wanted = os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        assert (os.path.dirname(name), flag & wanted, mode) == (str(tmp_path), wanted, 0o600)


def refuse_nameless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a file system that has no O_TMPFILE, as NFS, on a system that has."""
    open_file = os.open

    def open_named(name: str, flag: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flag & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
        return open_file(name, flag, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", open_named)


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_system_without_nameless_files_does_as_well(
    replace: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is written under a hidden name, and nothing else is left."""
    if hasattr(os, "O_TMPFILE"):
        refuse_nameless(monkeypatch)
    TokenFile(str(tmp_path / "token"), replace).deliver(TOKEN)
    assert (os.listdir(tmp_path), (tmp_path / "token").read_text()) == (["token"], TOKEN)


@pytest.mark.parametrize("replace", [False, True])
def test_without_proc_a_file_is_hidden_until_it_has_its_name(
    replace: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nameless file could not be named there, as in a container without /proc, and so none is made."""
    monkeypatch.setattr(private_file, "_can_name_open_files", lambda: False)
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(os.listdir(tmp_path)))
    TokenFile(str(tmp_path / "token"), replace).deliver(TOKEN)
    ((hidden,),) = seen
    assert hidden.startswith(".step-ott-")
    assert (os.listdir(tmp_path), (tmp_path / "token").read_text()) == (["token"], TOKEN)


@pytest.mark.parametrize("replace", [False, True])
def test_a_name_that_cannot_be_given_leaves_nothing(
    replace: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last step fails the old file is as it was, and no other is left."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    path = tmp_path / "token"
    if replace:
        path.write_text("old")
    monkeypatch.setattr(os, "replace" if replace else "link", fail)
    assert os.strerror(errno.EIO) in refusal(path, replace=replace)
    assert not replace or path.read_text() == "old"


@pytest.mark.parametrize("target", ["pipe", "folder"])
def test_a_link_to_what_is_not_a_regular_file_is_not_replaced(target: str, tmp_path: Path) -> None:
    """A link such as /dev/stdout, which other programs write through, stays, also for root with --force."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "token").symlink_to(target)
    assert "is not a regular file: name another file" in refusal(tmp_path / "token", replace=True)
    assert os.readlink(tmp_path / "token") == target


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("old", "exists: add --force"),
        ("missing/token", os.strerror(errno.ENOENT)),
        ("old/token", os.strerror(errno.ENOTDIR)),
        ("folder", "is not a regular file"),
    ],
)
def test_a_place_is_looked_at_before_there_is_a_token(name: str, said: str, tmp_path: Path) -> None:
    """What can be refused at once is, and looking leaves nothing behind."""
    (tmp_path / "old").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError) as caught:
        TokenFile(f"{tmp_path}/{name}").check()
    assert said in str(caught.value)
    TokenFile(f"{tmp_path}/old", replace=True).check()
    TokenFile(f"{tmp_path}/new").check()
    assert sorted(os.listdir(tmp_path)) == ["folder", "old"]


def test_a_folder_that_may_not_be_written_is_refused_before_there_is_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason is the one that writing would give; root, who may write anywhere, becomes another user for it."""
    user = NOBODY if os.geteuid() == 0 else None
    monkeypatch.chdir(tmp_path)  # nobody finds a way into a folder of root's
    os.chown(tmp_path, -1 if user is None else user, -1)

    def refuse() -> bool:
        with pytest.raises(OutputError, match=os.strerror(errno.EACCES)):
            TokenFile("token").check()
        return True

    TokenFile("token").check()
    assert run_in_child(lambda: TokenFile("token").check() is None, user)
    tmp_path.chmod(0o500)
    assert run_in_child(refuse, user)
