"""Base64 as step-ca takes it: line breaks and unused last bits do not count (Go, encoding/base64).

step-ott itself writes and reads one canonical form (`base64url.py`); here is what the CA reads of another's.
"""

import re
from base64 import urlsafe_b64decode
from binascii import a2b_base64

_STANDARD = re.compile("(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_URL = re.compile("[A-Za-z0-9_-]*")


def decode_standard(text: str) -> bytes:
    """Return what padded base64 in the standard alphabet stands for (Go, StdEncoding).

    Raises:
        ValueError: Go does not take it.
    """
    joined = _join_lines(text)
    if not _STANDARD.fullmatch(joined):
        raise ValueError("not base64")
    return a2b_base64(joined)


def decode_url(text: str) -> bytes:
    """Return what unpadded base64url stands for (Go, RawURLEncoding).

    Raises:
        ValueError: Go does not take it.
    """
    joined = _join_lines(text)
    if not _URL.fullmatch(joined) or len(joined) % 4 == 1:
        raise ValueError("not base64url")
    return urlsafe_b64decode(joined + "=" * (-len(joined) % 4))


def decode_part(text: str) -> bytes:
    """Return what a part of a token stands for, whose padding does not count (go-jose, base64URLDecode).

    Raises:
        ValueError: go-jose does not take it.
    """
    return decode_url(text.rstrip("="))


def _join_lines(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")
