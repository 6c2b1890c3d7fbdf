"""Lines as they are read: all of them, whole, numbered, wherever the blocks of the file end."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.batch.line_source import LineSource
from domain.batch.portion import Lines
from domain.errors import InputError, UsageError
from tests.support.running import more_descriptors

LONGEST = 12
BOM = b"\xef\xbb\xbf"
CONTENTS = st.lists(st.sampled_from([b"a", b"\n", b"\r", BOM, BOM[:1], b"1234567", b"abcdef\0\xff", b"\n\n"])).map(
    b"".join
)


def list_lines(content: bytes) -> list[bytes]:
    """Return the lines of a file as they are meant."""
    *lines, last = content.removeprefix(BOM).split(b"\n")
    return [line[: LONGEST + 1] for line in (*lines, *([last] if last else []))]


def number_lines(read: Iterator[Lines | None]) -> dict[int, bytes]:
    """Return lines by their numbers; none may come twice or out of order."""
    numbered = [(lines.first + index, text) for lines in read if lines for index, text in enumerate(lines.texts)]
    assert [number for number, _ in numbered] == sorted({number for number, _ in numbered})
    return dict(numbered)


@given(content=CONTENTS, block=st.integers(1, 20), at_once=st.integers(1, 5), begin=st.integers(1, 12))
@example(content=BOM + b"a" * LONGEST, block=20, at_once=1, begin=1)
@example(content=BOM + BOM + b"a\n" + BOM, block=1, at_once=1, begin=1)
def test_lines_are_those_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, block: int, at_once: int, begin: int
) -> None:
    """Together they are the file from line `begin` on, but for one mark at its head and the ends of long lines."""
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(content)
    wanted = dict(enumerate(list_lines(content), 1))
    begin = min(begin, len(wanted) + 1)
    with mock.patch("adapters.batch.line_source._BLOCK", block):
        source = LineSource(str(path), longest=LONGEST, at_once=at_once)
        source.check_begin(begin)
        count, portions = source.count(), list(source.read(begin))
    assert count == len(wanted) or content == BOM
    assert number_lines(iter(portions)) == {number: text for number, text in wanted.items() if number >= begin}
    *others, last = [len(lines.texts) for lines in portions if lines] or [1]
    assert None not in portions and {*others} <= {at_once} and 1 <= last <= at_once


def dole_out(content: bytes, write_end: int, read: Iterator[Lines | None]) -> None:
    """Write byte by byte, and have all read that is there; nothing but blank lines is."""
    for byte in content:
        os.write(write_end, bytes([byte]))
        while (lines := next(read)) is not None:
            assert not lines.texts[0].strip()


SUBJECTS = "a.example\r\nb.example\n"


@pytest.mark.parametrize("blank", ["", "\n", " \r\n\n"], ids=["at once", "behind a blank line", "behind blank lines"])
@pytest.mark.parametrize(
    ("written", "said"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE"), ("utf-32", "UTF-32")],
)
def test_a_list_that_is_not_utf_8_is_refused_with_its_conversion(
    tmp_path: Path, written: str, said: str, blank: str
) -> None:
    """By its mark or its NULs, as soon as the file is opened, or a line of standard input is there, in pieces too."""
    content = (blank + SUBJECTS).encode(written)
    (tmp_path / "a list").write_bytes(content)
    wanted = f"is {said}, not UTF-8: convert it: iconv -f {said} -t UTF-8"
    with pytest.raises(InputError) as refused:
        LineSource(str(tmp_path / "a list"), longest=LONGEST, at_once=1)
    assert str(refused.value) == f"{tmp_path}/a list {wanted} '{tmp_path}/a list' > utf-8.txt"
    command = f"iconv -f {said} -t UTF-8 '{tmp_path}/a list'"
    converted = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True).stdout
    assert converted.decode("utf-8-sig") == blank + SUBJECTS
    with standard_input() as (source, write_end):
        with pytest.raises(InputError, match=f"standard input {wanted}$"):
            dole_out(content, write_end, source.read())
        os.close(write_end)


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"a\n", b"a\0b\0c.example.com\n", b"a\nb\0", "é\n".encode(), BOM + b"a"]
)
def test_what_may_be_utf_8_is_read(tmp_path: Path, content: bytes) -> None:
    """A NUL or two, which refuse their lines alone, tell of no encoding."""
    (tmp_path / "file").write_bytes(content)
    lines = number_lines(LineSource(str(tmp_path / "file"), longest=99, at_once=9).read())
    assert list(lines.values()) == content.removeprefix(BOM).splitlines()


@pytest.mark.parametrize(("content", "lines"), [(b"", "0 lines"), (b"a", "1 line"), (b"a\n\nb\n", "3 lines")])
def test_a_begin_past_the_end_is_an_error(tmp_path: Path, content: bytes, lines: str) -> None:
    """Behind the last line there is nothing left to do; further behind, the number is not of this list."""
    (tmp_path / "file").write_bytes(content)
    behind = int(lines.split(maxsplit=1)[0]) + 1
    source = LineSource(str(tmp_path / "file"), longest=LONGEST, at_once=2)
    source.check_begin(behind)
    with pytest.raises(UsageError, match=f"--resume-from {behind + 1} is past the end: .*/file has {lines}: go on"):
        source.check_begin(behind + 1)
    assert list(source.read(behind)) == []
    for begin in (behind, behind + 1):
        with standard_input() as (piped, write_end):
            os.write(write_end, content)
            os.close(write_end)
            piped.check_begin(begin)
            read = piped.read(begin)
            if begin == behind:
                assert list(read) == []
            else:
                with pytest.raises(UsageError, match=f"standard input has {lines}"):
                    list(read)


def test_a_descriptor_over_1023_is_read() -> None:
    """A process may have inherited many: whether there is more to read is seen for any of them."""
    high = 1_100
    with more_descriptors(high), standard_input() as (source, write_end):
        os.dup2(source.descriptor, high)
        source.descriptor = high
        os.write(write_end, b"a\n")
        os.close(write_end)
        assert number_lines(source.read()) == {1: b"a"}
        os.close(high)


def test_long_lines_do_not_wait_for_others(tmp_path: Path) -> None:
    """However many may be given at a time, what is given at once is no more than a few blocks of the file."""
    path = tmp_path / "file"
    path.write_bytes((b"x" * 30_000 + b"\n") * 40)
    portions = list(LineSource(str(path), longest=32_768, at_once=512).read())
    assert sum(len(lines.texts) for lines in portions if lines) == 40
    assert all(lines and sum(map(len, lines.texts)) <= 3 * 65_536 for lines in portions)


def test_a_line_without_an_end_takes_no_room() -> None:
    """However long, no more of it is kept than shows that it is too long."""
    with standard_input() as (source, write_end):
        source.longest = 100
        read = source.read()
        for _ in range(100):
            os.write(write_end, b"x" * 4_096)
        os.write(write_end, b"\nb\n")
        os.close(write_end)
        assert number_lines(read) == {1: b"x" * 101, 2: b"b"}


@contextmanager
def standard_input() -> Iterator[tuple[LineSource, int]]:
    """Give standard input as a pipe that never is full, and the end to write to."""
    read_end, write_end = os.pipe()
    import fcntl

    fcntl.fcntl(read_end, fcntl.F_SETPIPE_SZ, 1 << 20)
    with open(read_end) as stream, mock.patch.object(sys, "stdin", stream):
        yield LineSource("-", longest=LONGEST, at_once=10), write_end


def test_lines_are_given_as_they_come() -> None:
    """What a pipe holds is given at once, half a line waits for its end, and None tells of every wait."""
    with standard_input() as (source, write_end):
        assert source.count() is None
        read = source.read()
        assert next(read) is None
        os.write(write_end, b"a\nb\nc")
        assert next(read) == Lines(1, [b"a", b"b"])
        assert next(read) is None
        os.write(write_end, b"d\n")
        assert [next(read), next(read)] == [Lines(3, [b"cd"]), None]
        os.write(write_end, b"e")
        os.close(write_end)
        assert list(read) == [Lines(4, [b"e"])]


def test_standard_input_from_a_file_is_counted_from_where_it_stands(tmp_path: Path) -> None:
    """A script may have read some lines already."""
    (tmp_path / "file").write_bytes(b"a\nb\nc\n")
    with (tmp_path / "file").open("rb", buffering=0) as stream, mock.patch.object(sys, "stdin", stream):
        assert stream.read(2) == b"a\n"
        source = LineSource("-", longest=LONGEST, at_once=10)
        assert source.count() == 2
        assert list(source.read()) == [Lines(1, [b"b", b"c"])]


@pytest.mark.parametrize(("name", "said"), [("missing", "No such file or directory"), ("", "Is a directory")])
def test_what_cannot_be_read_is_an_error_at_once(tmp_path: Path, name: str, said: str) -> None:
    """Before any line is wanted it is clear that there are none."""
    with pytest.raises(InputError, match=f"cannot be read: {said}: check the path"):
        LineSource(str(tmp_path / name), longest=LONGEST, at_once=1)


def test_a_closed_standard_input_is_an_error() -> None:
    """Nothing behind `-` is told in plain words."""
    with (
        mock.patch.object(sys, "stdin", None),
        pytest.raises(InputError, match="standard input cannot be read: it is closed"),
    ):
        LineSource("-", longest=LONGEST, at_once=1)


def test_a_file_is_closed_when_it_has_been_read(tmp_path: Path) -> None:
    """Its descriptor is free, also where somebody stops in the middle."""
    (tmp_path / "file").write_bytes(b"a\n" * 100)
    for count in (1, 200):
        source = LineSource(str(tmp_path / "file"), longest=LONGEST, at_once=1)
        read = source.read()
        assert [lines for _, lines in zip(range(count), read, strict=False)]
        read.close()  # type: ignore[attr-defined]
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(source.descriptor)
