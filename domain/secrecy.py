"""Whether files with secrets are for their owner alone."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from domain.diagnosis import FILES
from domain.file_facts import FOR_OTHERS, FileKind
from domain.finding import passed, unchecked, warning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.file_facts import FileFacts
    from domain.finding import Finding


def judge_secrecy(secrets: Sequence[FileFacts]) -> Iterator[Finding]:
    """Give what is to be said of the permissions and the owners of `secrets`: one finding for each fault, or one."""
    files = [one for one in secrets if one.kind is FileKind.FILE]
    links = [one.path for one in secrets if one.kind is FileKind.LINK]
    exposed = [one.path for one in files if one.mode & FOR_OTHERS]
    foreign = [one.path for one in files if not one.is_own]
    if exposed:
        yield warning(FILES, f"{_name(exposed)} may be used by others", f"chmod 600 {_quote(exposed)}")
    if foreign:
        remedy = f"check who can change it, or chown it: {_quote(foreign)}"
        yield warning(FILES, f"{_name(foreign)} belongs to another user", remedy)
    if links:
        yield unchecked(FILES, f"{_name(links)} is a symbolic link, which is not followed", "check where it leads")
    if not (exposed or foreign or links):
        count = "none is there" if not files else f"{len(files)}, for their owner alone"
        yield passed(FILES, count)


def _name(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"each of {', '.join(paths)}"


def _quote(paths: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, paths))
