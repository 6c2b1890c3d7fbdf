"""Files that belong together: all of them whole, or everything as it was."""

import os
import stat
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from adapters.output.file_group import FileGroup
from domain.errors import OutputError
from domain.formats.file_mode import FOR_ALL, OWNER_ALONE
from domain.ports import OutputFile
from tests.support.file_tree import read_tree
from tests.support.forked_child import NOBODY, run_in_child


def make_group(folder: Path, text: str = "new", count: int = 3) -> list[OutputFile]:
    """Return files, each in a folder of its own, of either mode."""
    return [
        OutputFile(f"{folder}/{number}/deep/file", f"{text}{number}".encode(), mode, makes_folder=True)
        for number, mode in zip(range(count), (OWNER_ALONE, FOR_ALL, OWNER_ALONE), strict=False)
    ]


@pytest.fixture(params=["with nameless files", "without"])
def group(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FileGroup:
    """What writes, on file systems with files that have no name, and on others."""
    if request.param == "without":
        monkeypatch.delattr(os, "O_TMPFILE")
    return FileGroup()


def test_files_and_their_folders_come_about(group: FileGroup, tmp_path: Path) -> None:
    """With their modes, whatever the umask takes from the owner, and folders for their owner alone."""
    before = os.umask(0o027)
    try:
        group.write(make_group(tmp_path / "a"))
    finally:
        os.umask(before)
    tree = read_tree(tmp_path / "a")
    assert {name: mode for name, (mode, _) in tree.items() if mode[0] == "-"} == {
        "0/deep/file": "-rw-------", "1/deep/file": "-rw-r-----", "2/deep/file": "-rw-------",
    }  # fmt: skip
    assert {mode for mode, _ in tree.values() if mode[0] == "d"} == {"drwx------"} and len(tree) == 10


def fail(call: Callable[[], object]) -> str:
    """Return what a call says that cannot write, nothing where it can."""
    try:
        call()
    except OutputError as error:
        return error.what
    return ""


def fail_at(monkeypatch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Let the call of that number of a function of `os` fail as on a full disk."""
    really, count = getattr(os, name), [0]

    def call(*arguments: Any, **named: Any) -> Any:
        count[0] += 1
        if count[0] == number:
            raise OSError(28, "No space left on device")
        return really(*arguments, **named)

    monkeypatch.setattr(os, name, call)


FAILING = [(name, number) for name in ("mkdir", "open", "fsync", "link", "replace") for number in range(1, 7)]
FAILING += [("write", number) for number in (1, 2, 3)]  # the next is the word of the process that gives names


@pytest.mark.parametrize(("name", "number"), FAILING)
@pytest.mark.parametrize("present", [(), (0,), (1,), (0, 1, 2)], ids=str)
def test_what_fails_anywhere_leaves_everything_as_it_was(
    present: tuple[int, ...], name: str, number: int, group: FileGroup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever step fails, be the files there already or not; hidden ones are gone too."""
    old = make_group(tmp_path, "old")
    FileGroup().write([old[index] for index in present])
    before = read_tree(tmp_path)
    files = make_group(tmp_path)
    with monkeypatch.context() as failing:
        fail_at(failing, name, number)
        error = fail(lambda: group.write(files, [file.path for file in files]))
    if error:
        assert "cannot be written: No space left on device" in error and read_tree(tmp_path) == before
        return
    tree = read_tree(tmp_path)
    assert [tree[f"{count}/deep/file"][1] for count in range(3)] == [b"new0", b"new1", b"new2"]
    assert not [path for path in tree if ".step-ott" in path]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_file_that_may_not_be_replaced_keeps_all_away(number: int, group: FileGroup, tmp_path: Path) -> None:
    """Whichever of them it is; the others are not written, and those that may be replaced are as before."""
    old = make_group(tmp_path, "old")
    FileGroup().write(old)
    before = read_tree(tmp_path)
    files = make_group(tmp_path)
    assert group.list_taken(files) == [file.path for file in files]
    with pytest.raises(OutputError, match="exists") as caught:
        group.write(files, [file.path for index, file in enumerate(files) if index != number])
    assert files[number].path in caught.value.what and "--force" in caught.value.fix
    assert read_tree(tmp_path) == before


def test_a_file_with_its_content_is_left_alone(group: FileGroup, tmp_path: Path) -> None:
    """It is not taken, and not touched: so what a kill has left undone is completed without a question."""
    files = make_group(tmp_path)
    group.write(files[:2])
    inodes = [os.stat(file.path).st_ino for file in files[:2]]
    assert group.list_taken(files) == []
    group.write(files)
    assert [os.stat(file.path).st_ino for file in files[:2]] == inodes
    assert Path(files[2].path).read_bytes() == b"new2"


@pytest.mark.parametrize(
    "put",
    [os.mkdir, os.mkfifo, *(partial(os.symlink, target) for target in ("/dev/null", "/dev/stdout", ".."))],
    ids=["folder", "pipe", "device", "link to a stream", "link to a folder"],
)
def test_what_is_no_file_is_never_replaced(put: Callable[[str], None], group: FileGroup, tmp_path: Path) -> None:
    """Nor waited for."""
    files = make_group(tmp_path)
    os.makedirs(os.path.dirname(files[1].path))
    put(files[1].path)
    before = os.lstat(files[1].path)
    for call in (lambda: group.list_taken(files), lambda: group.write(files, [file.path for file in files])):
        with pytest.raises(OutputError, match="is not a regular file"):
            call()
    assert os.lstat(files[1].path).st_ino == before.st_ino and not os.path.exists(files[0].path)


def test_a_link_is_replaced_and_never_followed(group: FileGroup, tmp_path: Path) -> None:
    """Be its target there or not; it comes back where another file fails."""
    (tmp_path / "target").write_text("mine")
    files = [OutputFile(f"{tmp_path}/{name}", b"new", OWNER_ALONE) for name in ("a", "b")]
    os.symlink("target", files[0].path)
    os.symlink("nowhere", files[1].path)
    assert group.list_taken(files) == [file.path for file in files]
    with pytest.raises(OutputError):
        group.write([*files, OutputFile(f"{tmp_path}/target", b"x", OWNER_ALONE)], [file.path for file in files])
    assert [os.readlink(file.path) for file in files] == ["target", "nowhere"]
    group.write(files, [file.path for file in files])
    assert all(stat.S_ISREG(os.lstat(file.path).st_mode) for file in files)
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "target"] and (tmp_path / "target").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As whoever is not root finds it, before the first file has its name."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1").mkdir(mode=0o755)
    (tmp_path / "0" / "deep").mkdir(parents=True)
    for path in (tmp_path, tmp_path / "0", tmp_path / "0" / "deep"):
        path.chmod(0o777)

    def write() -> bool:
        with pytest.raises(OutputError, match="1/deep/file cannot be written: Permission denied"):
            FileGroup().write(make_group(Path()))
        return os.listdir("0/deep") == []

    assert run_in_child(write, NOBODY)


def write_mine(folder: str, text: str) -> bool:
    """Write a group without leave to replace anything, and return whether that worked."""
    try:
        FileGroup().write(make_group(Path(folder), text))
    except OutputError:
        return False
    return True


def test_of_two_at_once_one_wins_with_all_its_files(tmp_path: Path) -> None:
    """The other finds a file there, and leaves none of its own."""
    with ProcessPoolExecutor(4, mp_context=get_context("forkserver")) as pool:
        for attempt in range(12):
            folder = str(tmp_path / str(attempt))
            wins = list(pool.map(write_mine, [folder] * 4, "abcd"))
            contents = {
                Path(file.path).read_text()[:1] for file in make_group(Path(folder)) if Path(file.path).exists()
            }
            assert sum(wins) <= 1 and (contents == {"abcd"[wins.index(True)]} if any(wins) else True), (wins, contents)
            assert not [name for name in read_tree(Path(folder)) if ".step-ott" in name]
