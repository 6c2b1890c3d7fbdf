"""Names of files for tokens: of the subject what any file system takes."""

import re
from hashlib import sha256

SUFFIX = ".token"
MAX_LENGTH = 100
"""The most characters of a name that are the subject's own."""

_UNSAFE = re.compile(r"[^A-Za-z0-9._@+-]")


def name_token_file(subject: str) -> str:
    """Return a name for the token of `subject` (see `name_stem`)."""
    return f"{name_stem(subject)}{SUFFIX}"


def name_stem(subject: str) -> str:
    """Return what files for `subject` are called before their suffix: never hidden, never an option, never a path.

    Other subjects may have the same: whoever makes the file keeps them apart.
    """
    name = _UNSAFE.sub("_", subject)
    if name[:1] in (".", "-"):
        name = f"_{name}"
    if len(name) > MAX_LENGTH:
        name = f"{name[: MAX_LENGTH - 9]}-{sha256(subject.encode()).hexdigest()[:8]}"
    return name
