"""Serial numbers of certificates, in each way that tools print them."""

import re

MAX_HEX_DIGITS = 64
"""RFC 5280, 4.1.2.2, has 20 bytes at the most; some have more."""

_DECIMAL = re.compile("0|[1-9][0-9]*")
_HEX = re.compile(f"0[xX][0-9a-fA-F]{{1,{MAX_HEX_DIGITS}}}|[0-9a-fA-F]{{1,{MAX_HEX_DIGITS}}}")
_PAIRS = re.compile(f"[0-9a-fA-F]{{2}}(?::[0-9a-fA-F]{{2}}){{1,{MAX_HEX_DIGITS // 2 - 1}}}")
_AMBIGUOUS = re.compile("0[0-9]+|0[bB][01]+")
"""An octal or a binary number to Go, and hex to OpenSSL."""


def parse_serial(text: str) -> str | None:
    """Return a serial number in decimal, None where `text` is none.

    It is decimal where all of it are digits, else hex: with 0x in front, with colons between bytes, or bare.

    Raises:
        ValueError: it could be read in two ways.
    """
    if _DECIMAL.fullmatch(text):
        return text
    if _AMBIGUOUS.fullmatch(text):
        raise ValueError("it could be read in two ways; write it in decimal, or 0x and hex")
    if _PAIRS.fullmatch(text) or _HEX.fullmatch(text):
        return str(int(text.replace(":", ""), 16))
    return None
