"""Where the tokens of a batch go: whole rows or none, and files that nobody else can read or had before."""

import fcntl
import json
import os
import resource
import select
import signal
import stat
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.output.batch_rows import RowWriter
from adapters.output.streams import ATOMIC_BYTES
from adapters.output.token_folder import TokenFolder
from domain.batch.portion import Goods, LooseEnd, MintedLine
from domain.batch.row import write_row
from domain.errors import OutputError
from domain.formats.json_text import serialize
from tests.support.running import PROCESS_SECONDS, more_descriptors


def mint(number: int, subject: str = "a", size: int = 300) -> MintedLine:
    return MintedLine(number, serialize(subject), "t" * size, f"{number:064x}", "2026-01-01T00:00:00Z")


def gather(minted: Sequence[MintedLine]) -> Goods:
    """Return tokens in both forms."""
    rows = [f"{write_row(one)}\n".encode() for one in minted]
    return Goods([b"".join(rows[begin : begin + 10]) for begin in range(0, len(rows), 10)], minted)


@pytest.fixture
def ending() -> Iterator[int]:
    """What cannot be read as long as more is wanted."""
    read_end, write_end = os.pipe()
    yield read_end
    os.close(read_end)
    os.close(write_end)


@contextmanager
def writing(path: Path, flags: int = 0) -> Iterator[RowWriter]:
    """Give what writes rows to a file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
    try:
        yield RowWriter(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def limited(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes."""
    before, compiles = resource.getrlimit(resource.RLIMIT_FSIZE), not sys.dont_write_bytecode
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    sys.dont_write_bytecode = True  # a module that is imported meanwhile would be compiled to the half of a file
    try:
        yield
    finally:
        sys.dont_write_bytecode = not compiles
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


# -- Rows -------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(sizes=st.lists(st.integers(0, 3_000) | st.just(5_000), max_size=40))
def test_rows_are_written_whole_and_counted_when_they_are_there(
    tmp_path_factory: pytest.TempPathFactory, ending: int, sizes: list[int]
) -> None:
    """No write ends within a row or is more than a pipe takes at once, but for a row that is; then it counts."""
    path = tmp_path_factory.mktemp("rows") / "rows"
    goods = gather([mint(number, size=size) for number, size in enumerate(sizes)])
    writes: list[bytes] = []
    write = os.write
    with writing(path) as rows:
        rows.is_file = False  # as a pipe, whose every write counts

        def watch(descriptor: int, data: bytes) -> int:
            assert rows.count() == path.read_bytes().count(b"\n")
            writes.append(bytes(data))
            return write(descriptor, data)

        with mock.patch("os.write", watch):
            rows.take(goods, ending)
        assert rows.count() == len(sizes)
    assert path.read_bytes() == b"".join(goods.rows)
    assert all(data.endswith(b"\n") and (len(data) <= ATOMIC_BYTES or data.count(b"\n") == 1) for data in writes)


APPENDING = pytest.mark.parametrize("flags", [0, os.O_APPEND], ids=["from the start", "appending"])


@APPENDING
@pytest.mark.parametrize("size", [300, 6_000], ids=["rows of many", "long rows"])
def test_a_full_disk_leaves_whole_rows_that_are_all_counted(tmp_path: Path, flags: int, size: int, ending: int) -> None:
    """What of a write had room is taken back: the file holds the rows that were counted, and no others."""
    path = tmp_path / "rows"
    path.write_bytes(b"before\n" if flags else b"")
    goods = gather([mint(number, size=size) for number in range(1, 999)])
    with writing(path, flags) as rows, limited(200_000):
        with pytest.raises(OutputError, match="File too"):
            rows.take(goods, ending)
        counted = rows.count()
    kept = path.read_bytes().removeprefix(b"before\n")
    assert counted and [json.loads(row)["line"] for row in kept.splitlines()] == list(range(1, counted + 1))
    assert kept.endswith(b"\n")


def die_writing(rows: RowWriter, sink: RowWriter | TokenFolder, goods: Goods, call: int, part: float) -> int:
    """Have a process take goods that is killed when it has written a part of its `call`-th write of rows.

    Returns its number; it is not waited for yet.
    """
    child = os.fork()
    if child == 0:
        ended, _wanted = os.pipe()
        write, calls = os.write, iter(range(1, call + 1))

        def write_in_part(descriptor: int, data: bytes) -> int:
            if descriptor != rows.descriptor or next(calls) < call:
                return write(descriptor, data)
            if part:
                write(descriptor, data[: int(len(data) * part)])
            os.kill(os.getpid(), signal.SIGKILL)
            raise AssertionError("it lives")

        with mock.patch("os.write", write_in_part):
            sink.take(goods, ended)
        os._exit(1)
    status = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert status is not None and status.si_status == signal.SIGKILL
    return child


@contextmanager
def reading() -> Iterator[tuple[RowWriter, int]]:
    """Give what writes rows to a pipe of ample room, and its other end."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 1 << 20)
    try:
        yield RowWriter(write_end), read_end
    finally:
        os.close(read_end)
        with suppress(OSError):
            os.close(write_end)


KILLED = pytest.mark.parametrize("part", [0, 0.5, 1], ids=["before a write", "in a write", "behind a write"])


@APPENDING
@KILLED
@pytest.mark.parametrize("call", [1, 3])
def test_a_kill_leaves_whole_rows_in_a_file_that_are_all_counted(
    tmp_path: Path, flags: int, ending: int, call: int, part: float
) -> None:
    """What a killed process has begun or not counted yet is taken back, and whoever goes on writes it once."""
    path = tmp_path / "rows"
    path.write_bytes(b"before\n" if flags else b"")
    minted = [mint(number) for number in range(50)]
    with writing(path, flags) as rows:
        child = die_writing(rows, rows, gather(minted), call, part)
        rows.settle(child)
        os.waitpid(child, 0)
        assert rows.loose_end() == LooseEnd()
        assert path.read_bytes().count(b"\n") - bool(flags) == rows.count() == 10 * (call - 1)
        rows.settle(child)
        rows.take(gather(minted[rows.count() :]), ending)
        assert rows.count() == 50
    assert path.read_bytes().removeprefix(b"before\n") == b"".join(gather(minted).rows)


@KILLED
@pytest.mark.parametrize("size", [300, 6_000], ids=["rows of many", "long rows"])
@pytest.mark.parametrize("call", [1, 3])
def test_a_kill_leaves_whole_rows_in_a_pipe_that_are_all_counted(
    ending: int, size: int, call: int, part: float
) -> None:
    """The kernel knows what was written: that is counted, and a row that was begun is finished, not written twice."""
    minted = [mint(number, size=size) for number in range(50)]
    with reading() as (rows, read_end):
        child = die_writing(rows, rows, gather(minted), call, part if size > ATOMIC_BYTES else round(part))
        rows.settle(child)
        os.waitpid(child, 0)
        assert rows.loose_end() == LooseEnd()
        rows.take(gather(minted[rows.count() :]), ending)
        assert rows.count() == 50
        os.close(rows.descriptor)
        with open(read_end, "rb", closefd=False) as stream:
            assert stream.read() == b"".join(gather(minted).rows)


def test_a_row_that_nobody_takes_the_rest_of_is_told(ending: int) -> None:
    """It is not counted, and not waited for long."""
    with reading() as (rows, _), mock.patch("adapters.output.batch_rows.PATIENCE_SECONDS", 0):
        fcntl.fcntl(rows.descriptor, fcntl.F_SETPIPE_SZ, 4_096)
        child = die_writing(rows, rows, gather([mint(1, size=8_000)]), 1, 4_096 / 8_180)
        rows.settle(child)
        os.waitpid(child, 0)
        assert (rows.count(), rows.loose_end()) == (0, LooseEnd(is_cut=True))


@pytest.mark.parametrize("part", [0, 1])
def test_what_nobody_can_tell_is_doubtful(ending: int, part: int) -> None:
    """Where the kernel does not tell, or of a process that is waited for already, rows are neither counted nor lost."""
    for is_told in (True, False):
        with reading() as (rows, _):
            child = die_writing(rows, rows, gather([mint(number, size=1_000) for number in range(9)]), 2, part)
            if is_told:
                os.waitpid(child, 0)
                rows.settle(child)
            else:
                with mock.patch("adapters.output.write_meter._open_meter", return_value=None):
                    rows.settle(child)
                os.waitpid(child, 0)
            assert (rows.count(), rows.loose_end()) == (3, LooseEnd(doubtful=3))


@APPENDING
def test_nothing_of_others_is_taken_back(tmp_path: Path, flags: int, ending: int) -> None:
    """What was there before, and a file behind whose rows somebody else has written, stay as they are."""
    path = tmp_path / "rows"
    path.write_bytes(b"before\n" * 1_000)
    with writing(path, flags) as rows:
        rows.settle(os.getpid())
        assert path.read_bytes() == b"before\n" * 1_000
        for part, counted, doubtful in ((1, 10, 0), (0.5, 10, 10)):
            child = die_writing(rows, rows, gather([mint(number) for number in range(10)]), 1, part)
            with path.open("ab") as other:
                other.write(b"theirs\n")
            written = path.read_bytes()
            rows.settle(child)
            os.waitpid(child, 0)
            assert path.read_bytes() == written
            assert (rows.count(), rows.loose_end()) == (counted, LooseEnd(doubtful=doubtful))


@pytest.mark.parametrize("content", [b"", b"row\n", b"row\npart", b"part"])
@APPENDING
def test_a_file_that_ends_in_a_row_is_not_appended_to(tmp_path: Path, flags: int, content: bytes) -> None:
    """A batch that goes on would join its first row to the part; from the start, what is there does not matter."""
    path = tmp_path / "rows"
    path.write_bytes(content)
    with writing(path, flags) as rows:
        if flags and content.endswith(b"part"):
            with pytest.raises(OutputError, match="ends in the middle of a row: remove what follows"):
                rows.check_end()
        else:
            rows.check_end()
    assert path.read_bytes() == content


def test_a_device_without_room_is_an_error(ending: int) -> None:
    """Nothing is counted."""
    with writing(Path("/dev/full")) as rows:
        with pytest.raises(
            OutputError, match="standard output cannot be written: No space left on device: free some space and go on"
        ):
            rows.take(gather([mint(1)]), ending)
        assert rows.count() == 0


def test_a_pipe_that_nobody_reads_is_an_error(ending: int) -> None:
    """The reader that is gone is told of as such."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with pytest.raises(OutputError, match="standard output cannot be written: the reader has closed the pipe"):
        RowWriter(write_end).take(gather([mint(1)]), ending)
    os.close(write_end)


def test_a_pipe_that_does_not_block_is_waited_for(ending: int) -> None:
    """Another program may have set O_NONBLOCK on the pipe: no row is lost for want of room."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETFL, os.O_NONBLOCK)
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    goods = gather([mint(number, size=5_000) for number in range(1, 20)])
    rows = RowWriter(write_end)
    child = os.fork()
    if child == 0:
        os.close(read_end)
        rows.take(goods, ending)
        os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as stream:
        assert stream.read() == b"".join(goods.rows)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert rows.count() == 19


@pytest.mark.parametrize("is_in_folder", [False, True], ids=["rows", "folder"])
def test_who_waits_for_room_stops_when_no_more_is_wanted(tmp_path: Path, is_in_folder: bool) -> None:
    """A full pipe that nobody empties holds whole rows, as many as are counted, and nobody up."""
    read_end, write_end = os.pipe()
    ended, wanted = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, 4096)
    rows = RowWriter(write_end)
    folder = TokenFolder(str(tmp_path), rows)
    folder.prepare(may_hold_files=False)
    sink = folder if is_in_folder else rows
    child = os.fork()
    if child == 0:
        os.close(wanted)
        sink.take(gather([mint(number) for number in range(1, 200)]), ended)
        os._exit(0)
    assert select.select([read_end], [], [], PROCESS_SECONDS)[0]
    os.close(wanted)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    os.close(write_end)
    with open(read_end, "rb") as stream:
        written = stream.read()
    os.close(ended)
    assert 0 < written.count(b"\n") == sink.count() < 199 and written.endswith(b"\n")
    assert len(os.listdir(tmp_path)) == (sink.count() if is_in_folder else 0)


def test_descriptors_over_1023_are_written_to() -> None:
    """A process may have inherited many: room is waited for at any of them."""
    with more_descriptors(1_101), reading() as (rows, read_end):
        ended, wanted = os.pipe()
        for descriptor, high in ((rows.descriptor, 1_100), (ended, 1_101)):
            os.dup2(descriptor, high)
        high_rows = RowWriter(1_100)
        high_rows.take(gather([mint(1)]), 1_101)
        assert high_rows.count() == 1 and os.read(read_end, 9_999).endswith(b"\n")
        for descriptor in (1_100, 1_101, ended, wanted):
            os.close(descriptor)


# -- Files ------------------------------------------------------------------------------------------

HOSTILE = [
    "../../x", "..", ".", ".bashrc", "-rf", " ", "a" * 300, "A" * 300, "a\0b", "a_b", "a\nb", "é", "/etc/passwd",
    "x", "x", "X", "x-14", "x-15", "CON", "\U0001f600", "x.token", "-", "~", "$(id)", "x;y",
]  # fmt: skip


def deliver(path: Path, minted: Sequence[MintedLine], ending: int) -> dict[int, str]:
    """Write tokens to a folder; return the names of their files by line, as its rows tell them."""
    with writing(path.parent / "rows", os.O_TRUNC) as rows:
        folder = TokenFolder(str(path), rows)
        folder.prepare(may_hold_files=True)
        folder.take(gather(minted), ending)
        assert folder.count() == len(minted)
    told = [json.loads(row) for row in (path.parent / "rows").read_text().splitlines()]
    assert [(row["line"], row["subject"]) for row in told] == [(m.number, json.loads(m.subject)) for m in minted]
    assert all(set(row) == {"line", "subject", "file", "jti", "expires_at"} for row in told)
    return {row["line"]: row["file"] for row in told}


def test_every_token_has_a_file_of_its_own(tmp_path: Path, ending: int) -> None:
    """Whatever the subjects: as many files as tokens, for the owner alone, with the token and no more."""
    minted = [mint(number, subject, 100 + number) for number, subject in enumerate(HOSTILE, 1)]
    (tmp_path / "new").mkdir()
    names = deliver(tmp_path / "new" / "folder", minted, ending)
    folder = tmp_path / "new" / "folder"
    assert sorted(os.listdir(folder)) == sorted(set(names.values())) and len(set(names.values())) == len(HOSTILE)
    assert all((folder / names[one.number]).read_text() == one.token for one in minted)
    assert {stat.S_IMODE((folder / name).lstat().st_mode) for name in names.values()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(os.listdir(tmp_path)) == ["new"] and sorted(os.listdir(tmp_path / "new")) == ["folder", "rows"]


def test_what_is_there_is_never_written_over(tmp_path: Path, ending: int) -> None:
    """Files, folders and links under the name that a token would have stay, and a link's target is not touched."""
    folder, target = tmp_path / "folder", tmp_path / "target"
    folder.mkdir()
    target.write_text("mine")
    (folder / "a.token").symlink_to(target)
    (folder / "a-1.token").symlink_to(tmp_path / "nowhere")
    (folder / "b.token").mkdir()
    (folder / "c.token").write_text("old")
    names = deliver(folder, [mint(number, subject) for number, subject in enumerate("abc", 1)], ending)
    assert names == {1: "a-1-2.token", 2: "b-2.token", 3: "c-3.token"}
    assert (target.read_text(), (folder / "c.token").read_text()) == ("mine", "old")
    assert not (tmp_path / "nowhere").exists() and not list((folder / "b.token").iterdir())


def test_the_umask_does_not_matter(tmp_path: Path, ending: int) -> None:
    """Files have mode 0600 under any umask."""
    before = os.umask(0o277)
    try:
        (tmp_path / "folder").mkdir(mode=0o700)
        (tmp_path / "folder").chmod(0o700)
        folder = TokenFolder(str(tmp_path / "folder"), RowWriter(os.open(os.devnull, os.O_WRONLY)))
        folder.prepare(may_hold_files=False)
        folder.take(gather([mint(1)]), ending)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "folder" / "a.token").stat().st_mode) == 0o600


def test_a_folder_with_something_in_it_is_for_going_on_alone(tmp_path: Path) -> None:
    """A batch begins in an empty folder, so that its files are those that it tells of."""
    (tmp_path / ".hidden").write_text("")
    folder = TokenFolder(str(tmp_path), RowWriter(1))
    with pytest.raises(OutputError, match="is not empty: name another, or continue a batch with --resume-from"):
        folder.prepare(may_hold_files=False)
    folder.prepare(may_hold_files=True)


@pytest.mark.parametrize("end", ["", "/", "//", "/.", "/./", "//.//.", "/././"])
def test_a_symbolic_link_is_no_folder_to_write_to(tmp_path: Path, end: str) -> None:
    """Whoever made it would choose where the tokens go; links on the way to a folder are as in any path."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("link", "dangling"):
        folder = TokenFolder(f"{tmp_path / name}{end}", RowWriter(1))
        with pytest.raises(OutputError, match=f"--output-dir .*/{name} is a symbolic link: name the folder itself: /"):
            folder.prepare(may_hold_files=True)
    TokenFolder(str(tmp_path / "link" / "below"), RowWriter(1)).prepare(may_hold_files=False)
    assert (tmp_path / "real" / "below").is_dir() and not (tmp_path / "nowhere").exists()


def test_a_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    """Of mode 0700 whatever the umask; one that is there keeps its mode."""
    before = os.umask(0)
    try:
        TokenFolder(str(tmp_path / "new"), RowWriter(1)).prepare(may_hold_files=False)
    finally:
        os.umask(before)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    (tmp_path / "new").chmod(0o750)
    TokenFolder(str(tmp_path / "new"), RowWriter(1)).prepare(may_hold_files=False)
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o750


def test_a_folder_that_is_exchanged_gets_no_file(tmp_path: Path, ending: int) -> None:
    """All files are in the folder that was looked at, wherever it is by now."""
    with writing(tmp_path / "rows") as rows:
        folder = TokenFolder(str(tmp_path / "folder"), rows)
        folder.prepare(may_hold_files=False)
        (tmp_path / "folder").rename(tmp_path / "moved")
        (tmp_path / "theirs").mkdir()
        (tmp_path / "folder").symlink_to("theirs")
        folder.take(gather([mint(1)]), ending)
    assert (os.listdir(tmp_path / "moved"), os.listdir(tmp_path / "theirs")) == (["a.token"], [])


@pytest.fixture(params=[True, False], ids=["without a name", "with a temporary name"])
def _file_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that has files without a name, or one that has not."""
    if not request.param:
        monkeypatch.setattr(
            os, "O_TMPFILE", os.O_DIRECTORY | os.O_CREAT
        )  # the kernel says EINVAL, as to what is unknown


@pytest.mark.usefixtures("_file_system")
@KILLED
@pytest.mark.parametrize("call", [1, 3])
def test_a_kill_leaves_no_file_without_a_row(tmp_path: Path, ending: int, call: int, part: float) -> None:
    """Of a process that is killed at a row's write, files and rows are those of the same tokens."""
    minted = [mint(number, f"s{number}") for number in range(9)]
    (tmp_path / "folder").mkdir()
    with reading() as (rows, read_end):
        folder = TokenFolder(str(tmp_path / "folder"), rows)
        folder.prepare(may_hold_files=False)
        child = die_writing(rows, folder, gather(minted), call, round(part))
        folder.settle(child)
        os.waitpid(child, 0)
        told = os.read(read_end, 1 << 20).decode().splitlines() if folder.count() else []
        assert len(told) == folder.count() == call - 1 + round(part)
        assert sorted(json.loads(row)["file"] for row in told) == sorted(os.listdir(tmp_path / "folder"))
        folder.take(gather(minted[folder.count() :]), ending)
    assert sorted(os.listdir(tmp_path / "folder")) == [f"s{number}.token" for number in range(9)]


@pytest.mark.usefixtures("_file_system")
@pytest.mark.parametrize("step", ["os.open", "os.fchmod", "os.link", "os.fstat"])
def test_a_kill_leaves_no_file_that_is_not_whole(tmp_path: Path, step: str) -> None:
    """Of a process that is killed before the file has its name, there is nothing; another's file stays."""
    (tmp_path / "folder").mkdir()
    with writing(tmp_path / "rows") as rows:
        folder = TokenFolder(str(tmp_path / "folder"), rows)
        folder.prepare(may_hold_files=False)
        (tmp_path / "folder" / "a.token").write_text("theirs")
        child = os.fork()
        if child == 0:
            ended, _wanted = os.pipe()
            called = {"os.open": os.open, "os.fchmod": os.fchmod, "os.link": os.link, "os.fstat": os.fstat}[step]

            def call_and_die(*arguments: object, **named: object) -> None:
                called(*arguments, **named)  # type: ignore[operator]
                os.kill(os.getpid(), signal.SIGKILL)

            with mock.patch(step, call_and_die):
                folder.take(gather([mint(1)]), ended)
            os._exit(1)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        folder.settle(child)
        os.waitpid(child, 0)
        assert (os.listdir(tmp_path / "folder"), folder.count()) == (["a.token"], 0)
    assert (tmp_path / "folder" / "a.token").read_text() == "theirs"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("file", "Not a directory"),
        ("file/below", "Not a directory"),
        ("none/below", "No such file or directory"),
        ("none/..", "No such file or directory"),
    ],
)
def test_what_can_be_no_folder_is_an_error(tmp_path: Path, name: str, said: str) -> None:
    """The path and what the matter is."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=f"--output-dir .*{name} cannot be written: {said}"):
        TokenFolder(f"{tmp_path}/{name}", RowWriter(1)).prepare(may_hold_files=True)
    assert os.listdir(tmp_path) == ["file"]


def test_a_full_disk_leaves_no_file_of_the_token_that_had_no_room(tmp_path: Path, ending: int) -> None:
    """Neither under its name nor under a temporary one; those before it are whole."""
    folder = TokenFolder(str(tmp_path), RowWriter(os.open(os.devnull, os.O_WRONLY)))
    folder.prepare(may_hold_files=False)
    with limited(4_096), pytest.raises(OutputError, match="cannot be written: File too large: check the folder"):
        folder.take(gather([mint(1, size=100), mint(2, "b", size=9_000)]), ending)
    assert (os.listdir(tmp_path), folder.count()) == (["a.token"], 1)


def test_a_token_whose_row_cannot_be_printed_has_no_file(tmp_path: Path, ending: int) -> None:
    """Files and rows are those of the same tokens."""
    with writing(Path("/dev/full")) as rows:
        folder = TokenFolder(str(tmp_path), rows)
        folder.prepare(may_hold_files=False)
        with pytest.raises(OutputError, match="No space left"):
            folder.take(gather([mint(1)]), ending)
    assert os.listdir(tmp_path) == []
