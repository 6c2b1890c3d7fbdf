"""Unpadded base64url in its one canonical form (RFC 7515, section 2 and appendix C)."""

from base64 import urlsafe_b64decode
from binascii import Error, b2a_base64


def encode(data: bytes) -> str:
    """Return unpadded base64url of `data`."""
    return b2a_base64(data, newline=False).decode("ascii").rstrip("=").replace("+", "-").replace("/", "_")


def decode(text: str) -> bytes:
    """Return the bytes that `text`, canonical unpadded base64url, stands for.

    Raises:
        ValueError: `text` has padding, white space, a foreign character, or stray low bits, so that
            encoding the bytes again would not give `text`.
    """
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, Error) as error:
        raise ValueError("not base64url") from error
    if encode(data) != text:
        raise ValueError("not canonical unpadded base64url")
    return data


def encode_number(number: int, size: int = 0) -> str:
    """Return base64url of a number that is not negative: big-endian, at least `size` bytes (RFC 7518, section 2)."""
    return encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def decode_number(text: str) -> int:
    """Return the number whose big-endian bytes `text` stands for.

    Raises:
        ValueError: it is not canonical unpadded base64url.
    """
    return int.from_bytes(decode(text), "big")


def encode_sha256(data: bytes) -> str:
    """Return base64url of the SHA-256 of `data`."""
    from hashlib import sha256  # noqa: PLC0415  # slow to load, and a password's key is derived without it

    return encode(sha256(data).digest())
