"""The rows of a batch: how a token is printed, and how a row is read where a token is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.errors import InputError
from domain.formats import json_text

if TYPE_CHECKING:
    from domain.batch.certified_line import CertifiedLine
    from domain.batch.portion import MintedLine

TOKEN, FILE, LINE = "token", "file", "line"

_CHOICE = "give one of them: sed -n 2p prints the second"

_MAX_SHOWN = 200
"""A longer name of a file is not one of `batch`."""


def write_row(minted: MintedLine, file: str | None = None) -> str:
    """Return a token as a line of NDJSON, with the name of its file where it has one and not the token itself."""
    place = f'"{TOKEN}":"{minted.token}"' if file is None else f'"{FILE}":{json_text.display(file)}'
    return (
        f'{{"{LINE}":{minted.number},"subject":{minted.subject},{place},'
        f'"jti":"{minted.jti}","expires_at":"{minted.expires_at}"}}'
    )


def write_certificate_row(certified: CertifiedLine, certificate: str, key: str) -> str:
    """Return a certificate as a line of NDJSON, with the names of its file and its key's; the serial is in decimal."""
    return (
        f'{{"{LINE}":{certified.number},"subject":{json_text.display(certified.subject)},'
        f'"certificate":{json_text.display(certificate)},"key":{json_text.display(key)},'
        f'"serial":"{certified.serial}","not_after":"{certified.not_after}"}}'
    )


def is_object(text: str) -> bool:
    """Return whether the text may be a JSON object, as a row is and no compact JWS is."""
    return text.lstrip().startswith("{")


def extract_token(text: str) -> str:
    """Return the token of a row of NDJSON, or the text itself where it is none.

    Raises:
        InputError: the token is elsewhere, or there are several rows or tokens, none of which is the one that is meant.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) > 1 and all(line.count(".") == 2 and not is_object(line) for line in lines):
        raise InputError(f"there are {len(lines):,} tokens", _CHOICE)
    if not is_object(text):
        return text
    row = _read_row(lines[0])
    if row is None:
        return text
    if len(lines) > 1:
        raise InputError(f"there are {len(lines):,} rows of batch", _CHOICE)
    token = row.get(TOKEN)
    if not isinstance(token, str):
        name = row.get(FILE)
        shown = f": {name}" if isinstance(name, str) and len(name) <= _MAX_SHOWN else ""
        raise InputError("a row of batch --output-dir holds no token", f"give the file that it names{shown}")
    return token


def _read_row(line: str) -> dict[str, object] | None:
    """Return the members of a row, None where the line is not one: it has the line's number, and token or file."""
    try:
        members = json_text.parse(line)
    except ValueError:
        return None
    is_row = isinstance(members, dict) and LINE in members and (TOKEN in members or FILE in members)
    return members if is_row else None
