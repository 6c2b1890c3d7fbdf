"""What programs may say of the certificates that they ask for, and of those that they revoke."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from adapters.certificates.reader import CertificateReader
from domain.enroll.key_kind import KeyKind
from domain.enroll.request import CertificateTerms
from domain.enroll.revocation import Reason, parse_reason
from domain.errors import UsageError, naming
from entrypoints.use_cases.serial_number import MAX_CERTIFICATE_BYTES, find_serial
from step_ott.arguments import X509_SERIAL_BITS, check_serial, check_text, read_moment, refuse_type
from step_ott.json_values import copy_user_data
from step_ott.ports import GivenFiles

KeyName: TypeAlias = Literal["P-256", "P-384", "P-521", "Ed25519", "RSA-2048", "RSA-3072", "RSA-4096"]
"""A kind of private key: the curve, or RSA with its bits."""

KEY_NAMES: tuple[str, ...] = get_args(KeyName)

MAX_SHOWN = 80
"""Characters of a wrong argument that an error shows."""


def read_key_name(value: object) -> KeyKind:
    """Return the kind of key that is made.

    Raises:
        UsageError: there is none of that name.
    """
    if not isinstance(value, str):
        raise refuse_type(value, "key_kind", f"choose one of {', '.join(KEY_NAMES)}")
    if value not in KEY_NAMES:
        raise UsageError(f"key_kind= {value[:MAX_SHOWN]!r} is not known", f"choose one of {', '.join(KEY_NAMES)}")
    kty, _, bits = value.partition("-")
    return KeyKind("", int(bits)) if kty == "RSA" else KeyKind(value)


def read_terms(not_before: object, not_after: object, template_data: object) -> CertificateTerms:
    """Return what else a certificate is asked for by.

    Raises:
        UsageError: an argument will not do.
    """
    return CertificateTerms(
        not_before=read_moment(not_before, "not_before"),
        not_after=read_moment(not_after, "not_after"),
        template_data={} if template_data is None else copy_user_data(template_data, "template_data"),
    )


def read_reason(text: object, code: object) -> Reason:
    """Return why a certificate is revoked.

    Raises:
        UsageError: an argument will not do.
    """
    if text != "":
        check_text(text, "reason")
    if isinstance(code, bool) or not isinstance(code, int | str):
        raise refuse_type(code, "reason_code", "give 0 to 10, or a name such as 'superseded'")
    try:
        return Reason(text=str(text), code=parse_reason(str(code)[:MAX_SHOWN]))
    except ValueError as error:
        raise UsageError(f"reason_code= {str(code)[:MAX_SHOWN]!r} is {error}", "give one of these") from None


def find_certificate_serial(value: object) -> str:
    """Return the serial number, in decimal, that is given, or that of the certificate that is.

    Raises:
        UsageError: it is none of these.
        InputError: the certificate cannot be read.
    """
    if isinstance(value, int):
        return check_serial(value, X509_SERIAL_BITS)
    files, reader = GivenFiles(), CertificateReader()
    name = files.add(value, "serial")
    if isinstance(value, str) and name == value:
        with naming("serial="):
            return find_serial(value, files, reader)
    with naming(f"serial={name}", name):
        return str(reader.read_chain(files.read(name, MAX_CERTIFICATE_BYTES))[0].serial)
