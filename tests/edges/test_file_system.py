"""Files seen from outside."""

import os
import socket
from pathlib import Path

import pytest

from adapters.machine.file_system import MAX_NAMES, LocalFileSystem
from domain.doctor.file_status import FileKind
from domain.errors import InputError

FILES = LocalFileSystem()


def test_what_stands_at_a_path_is_told_apart(tmp_path: Path) -> None:
    """A file, a folder, a link that is not followed, and a socket each have their kind; nothing is None."""
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        kinds = {name: FILES.look(str(tmp_path / name), follows=False) for name in ("file", "link", "s", "", "no")}
    found = {name: status and status.kind for name, status in kinds.items()}
    assert found == {
        "file": FileKind.FILE, "link": FileKind.LINK, "s": FileKind.OTHER, "": FileKind.FOLDER, "no": None,
    }  # fmt: skip
    followed = FILES.look(str(tmp_path / "link"))
    assert followed is not None and followed.kind is FileKind.FILE
    assert FILES.look(str(tmp_path / "dangling")) is None
    assert FILES.look(str(tmp_path / "file" / "below")) is None


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o400])
def test_permissions_and_owner_are_told(mode: int, tmp_path: Path) -> None:
    """The bits are those of chmod, and a file of one's own is one's own."""
    path = tmp_path / "file"
    path.write_text("")
    path.chmod(mode)
    status = FILES.look(str(path))
    assert status is not None and (status.mode, status.is_own, status.is_readable) == (mode, True, True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_ones_own(tmp_path: Path) -> None:
    """The owner is compared with the user of this process."""
    path = tmp_path / "file"
    path.write_text("")
    os.chown(path, 4321, -1)
    status = FILES.look(str(path))
    assert status is not None and not status.is_own


def test_names_are_listed_in_order_and_within_a_bound(tmp_path: Path) -> None:
    """No folder has no names; one with too many is an error, not half a list."""
    assert FILES.list_names(str(tmp_path / "no")) == []
    for number in range(MAX_NAMES):
        (tmp_path / f"{number:04}").write_text("")
    assert FILES.list_names(str(tmp_path)) == [f"{number:04}" for number in range(MAX_NAMES)]
    assert FILES.list_names(str(tmp_path / "0000")) == []
    (tmp_path / "more").write_text("")
    with pytest.raises(InputError, match="holds over 1000 names"):
        FILES.list_names(str(tmp_path))


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000], ids=["NUL", "long"])
def test_what_is_no_path_is_an_error(path: str) -> None:
    """The error names what could not be done."""
    with pytest.raises(InputError, match="cannot be looked at"):
        FILES.look(path)
    with pytest.raises(InputError, match="cannot be listed"):
        FILES.list_names(path)
