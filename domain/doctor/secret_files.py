"""Whether files with secrets are for their owner alone."""

import shlex
from collections.abc import Iterator, Sequence

from domain.doctor.diagnosis import FILES
from domain.doctor.file_status import FileKind, FileStatus
from domain.formats.file_mode import FOR_OTHERS, FOR_STRANGERS, OWNER_ALONE
from domain.provisioners.types import claim_options
from domain.report.check_result import CheckResult, passed, unchecked, warning
from domain.settings.passwords import PASSWORD_FILES
from domain.settings.setting import Settings

_MOUNT_PRIVATELY = (
    "mount it with mode 0400, which for a Kubernetes volume is defaultMode: 0400 (0440 beside fsGroup, where the "
    "container's user is not root)"
)
"""A mounted file's mode is that of the mount. Kubernetes gives its group the right to read wherever fsGroup is set."""


def list_secret_files(given: Settings) -> list[str]:
    """Return the options that name a file with a secret, with those of the types that `given` is about."""
    return [*PASSWORD_FILES, *(name for cls, _ in claim_options(given) for name in cls.secrets)]


def judge_secret_files(secrets: Sequence[FileStatus]) -> Iterator[CheckResult]:
    """Give what is to be said of the permissions and the owners of `secrets`: one finding for each fault, or one."""
    files = [one for one in secrets if one.kind is FileKind.FILE]
    links = [one.path for one in secrets if one.kind is FileKind.LINK]
    fixed = [one for one in files if one.is_mounted_read_only]
    exposed = [one.path for one in files if one.mode & FOR_OTHERS and one not in fixed]
    mounted = [one.path for one in fixed if one.mode & FOR_STRANGERS]
    foreign = [one.path for one in files if not one.is_own]
    if exposed:
        remedy = f"chmod {OWNER_ALONE:o} {_quote(exposed)}"
        yield warning(FILES, f"{_name(exposed)} is accessible to other users", remedy)
    if mounted:
        yield warning(FILES, f"{_name(mounted)} can be read by every user, in a read-only mount", _MOUNT_PRIVATELY)
    if foreign:
        remedy = f"check who can change it, or chown it: {_quote(foreign)}"
        yield warning(FILES, f"{_name(foreign)} belongs to another user", remedy)
    if links:
        yield unchecked(FILES, f"{_name(links)} is a symbolic link, which is not followed", "check where it points")
    if not (exposed or mounted or foreign or links):
        count = "there are none" if not files else f"{len(files)}, accessible to their owner only"
        yield passed(FILES, count)


def _name(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"each of {', '.join(paths)}"


def _quote(paths: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, paths))
