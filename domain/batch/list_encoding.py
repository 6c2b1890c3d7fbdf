"""In which encoding a list of subjects is written, by its first bytes: only UTF-8 is read.

A list from Windows is often UTF-16 (PowerShell's `>` writes it so). Read as UTF-8 it would give subjects with NULs.
"""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE

SAMPLE_BYTES = 4096
"""More than so many bytes are not looked at."""

_MARKS = {BOM_UTF32_LE: "UTF-32", BOM_UTF32_BE: "UTF-32", BOM_UTF16_LE: "UTF-16", BOM_UTF16_BE: "UTF-16"}
"""Byte order marks; that of UTF-32 (little-endian) begins with that of UTF-16, and so goes before it."""


def find_foreign_encoding(head: bytes) -> str | None:
    """Return the name, as iconv takes it, of the encoding that is not UTF-8; None where nothing tells of one.

    Args:
        head: The first bytes of the list, its first line at least. Without a mark, UTF-16 is told by its NULs:
            every other byte is one, where the text is mostly ASCII.
    """
    sample = head[:SAMPLE_BYTES]
    for mark, name in _MARKS.items():
        if sample.startswith(mark):
            return name
    for begin, name in ((1, "UTF-16LE"), (0, "UTF-16BE")):
        half = sample[begin::2]
        if 2 * half.count(0) > len(half):
            return name
    return None
