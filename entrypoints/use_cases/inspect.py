"""How a token is explained: read, then judged by pure rules."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, TypeVar

from domain.batch.row import extract_token, is_object
from domain.errors import InputError, name_file, naming
from domain.inspect.inspection import inspect_token
from domain.inspect.outline import HeaderCertificates
from domain.provisioners.types import find_types_by_header
from domain.token.compact_jws import read_token
from domain.token.header_certificates import decode_member, read_x509_member

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from domain.certificates.ports import Certificates
    from domain.certificates.x509_and_ssh import Certificate
    from domain.ports import Clock, InputFiles

_T = TypeVar("_T")

MAX_TOKEN_BYTES = 1 << 20
MAX_CERTIFICATES = 16
"""More certificates than that in one member of a header are counted, not told."""


def describe_token(source: str, files: InputFiles, certificates: Certificates, clock: Clock) -> dict[str, Any]:
    """Return what the token in `source` (a token, a file, or - for standard input) says, by name."""
    token = read_source(source, files, read_token)
    return inspect_token(token, read_header_certificates(token.header, certificates), clock.now())


def read_source(source: str, files: InputFiles, read: Callable[[str], _T]) -> _T:
    """Return what `read` makes of the text of the token, or of the token of a row of `batch`.

    What has two dots and no slash is a token itself, and what begins with a brace a row.

    Raises:
        InputError: the file cannot be read, or what is there is not a token, or several; it names the file.
    """
    if is_object(source):
        return read(extract_token(source))
    if source.count(".") == 2 and "/" not in source and len(source) > 64:
        return read(source)
    whose = name_file(source)
    with naming(whose):
        text = files.read(source, MAX_TOKEN_BYTES).decode("utf-8", "replace")
        if not text.strip():
            raise InputError(f"{whose} is empty", "give the whole token")
        return read(extract_token(text))


def read_header_certificates(header: Mapping[str, Any], certificates: Certificates) -> HeaderCertificates:
    """Return the certificates in a token's header; one that cannot be read keeps nobody from reading the rest."""
    chain: list[tuple[str, int, Certificate]] = []
    faults: list[str] = []
    for member in ("x5c", "x5cInsecure"):
        if member in header:
            _read_chain(member, header[member], certificates, chain, faults)
    others = {}
    for cls in find_types_by_header(header):
        member = cls.header_member
        try:
            others[cls.certificate_name] = (
                member,
                cls.read_certificate(decode_member(header[member], _decode), certificates),
            )
        except ValueError as error:
            faults.append(f"the certificate in its {member} cannot be read: {error}")
    return HeaderCertificates(chain, faults, others)


def _read_chain(
    member: str,
    encoded: Any,
    certificates: Certificates,
    chain: list[tuple[str, int, Certificate]],
    faults: list[str],
) -> None:
    """Add to `chain` what can be read of a header's member, and to `faults` what cannot."""
    if not isinstance(encoded, list) or not encoded:
        faults.append(f"its {member} is not a list of certificates")
        return
    for number, text in enumerate(encoded[:MAX_CERTIFICATES], 1):
        try:
            chain.append((member, number, read_x509_member(text, certificates, _decode)))
        except ValueError as error:
            faults.append(f"certificate {number} in its {member} cannot be read: {error}")
    if len(encoded) > MAX_CERTIFICATES:
        faults.append(f"its {member} holds {len(encoded)} certificates, of which {MAX_CERTIFICATES} are shown")


def _decode(text: str) -> bytes:
    return b64decode(text, validate=True)
