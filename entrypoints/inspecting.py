"""How a token is explained: read, then judged by pure rules."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error
from typing import TYPE_CHECKING, Any

from domain.compact_jws import read_token
from domain.errors import InputError
from domain.inspection import inspect_token

if TYPE_CHECKING:
    from domain.certificate import Certificate
    from domain.compact_jws import ReadToken
    from domain.ports import Certificates, Clock, InputFiles

MAX_TOKEN_BYTES = 1 << 20
NOTE = "the signature has not been checked; this is what the token says of itself"


def describe_token(source: str, files: InputFiles, certificates: Certificates, clock: Clock) -> dict[str, Any]:
    """Return what the token in `source` (a token, a file, or - for standard input) says, by name."""
    token = read_token(find_token(source, files))
    return inspect_token(token, _read_chain(token, certificates), clock.now())


def find_token(source: str, files: InputFiles) -> str:
    """Return the text of the token; what has two dots and no slash is one itself."""
    if source.count(".") == 2 and "/" not in source and len(source) > 64:
        return source
    return files.read(source, MAX_TOKEN_BYTES).decode("utf-8", "replace")


def _read_chain(token: ReadToken, certificates: Certificates) -> list[Certificate]:
    """Return the certificates in the header, none where there are none."""
    encoded = token.header.get("x5c") or token.header.get("x5cInsecure") or []
    try:
        if not isinstance(encoded, list):
            raise TypeError("no list")
        return [found for text in encoded for found in certificates.read_chain(b64decode(text, validate=True))]
    except (Error, TypeError, ValueError) as error:
        raise InputError("the certificates in the token's header cannot be read", "make the token anew") from error
