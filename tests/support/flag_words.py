"""Whether a text for programs names flags of the command line."""

import re

_FLAG = re.compile(r"(?<![\w-])--[a-z]")


def names_flags(text: str) -> bool:
    """Return whether something in the text is written as a flag."""
    return _FLAG.search(text) is not None
