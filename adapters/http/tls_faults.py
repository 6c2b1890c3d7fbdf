"""Why TLS with a peer fails, in words that help to fix it: a port without TLS, or a certificate's time."""

import socket
import ssl
import time
from collections.abc import Callable, Sequence
from http.client import HTTPException
from typing import Any

from adapters.http.bounded import Exchange, ExchangeError
from domain.errors import describe_foreign, translating
from domain.formats.duration import NANOSECONDS

NO_TLS = "what answers there does not speak TLS: it is plain HTTP or another protocol"
USE_TLS_PORT = "give the port of the CA's 'address' in --ca-url; that of its 'insecureAddress' speaks plain HTTP"

_NO_TLS_REASONS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"})
"""What OpenSSL calls an answer that is not TLS: its version takes the bytes for a record's."""

_DER = 2
"""The format DER of `_ssl.Certificate.public_bytes`."""

_VALIDITY_FAULTS = frozenset({9, 10})
"""OpenSSL's X509_V_ERR_…: CERT_NOT_YET_VALID, CERT_HAS_EXPIRED."""


def speaks_no_tls(error: BaseException) -> bool:
    """Return whether the other side answers something that is not TLS."""
    return isinstance(error, ssl.SSLError) and error.reason in _NO_TLS_REASONS


def is_out_of_time(error: BaseException) -> bool:
    """Return whether a certificate of the other side's has expired or is not valid yet."""
    return isinstance(error, ssl.SSLCertVerificationError) and error.verify_code in _VALIDITY_FAULTS


def look_at_certificates(exchange: Exchange, host: str, connect: Callable[[], socket.socket]) -> Sequence[bytes]:
    """Return the DER of the certificates that the other side shows, believed or not, as far as it shows them in time.

    Nothing is asked over the connection, whose context believes everybody.

    Args:
        host: The name to ask for, empty for none.
        connect: Makes a connection before TLS, within the exchange.
    """

    def look() -> Sequence[bytes]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with connect() as plain, context.wrap_socket(plain, server_hostname=host) as stream:
            return list_chain(stream) or ()

    try:
        return exchange.run(look)
    except (ExchangeError, OSError, HTTPException, ValueError, OverflowError):
        return ()


def list_chain(tls: Any) -> Sequence[bytes] | None:
    """Return the DER of the chain of a connection, verified unless its context verifies nothing.

    Python has a public way since 3.13 alone.
    """
    is_verified = tls is not None and tls.context.verify_mode is not ssl.CERT_NONE
    name = "get_verified_chain" if is_verified else "get_unverified_chain"
    public = getattr(tls, name, None)
    if public is not None:
        return [bytes(der) for der in public()]
    private = getattr(getattr(tls, "_sslobj", None), name, None)
    return None if private is None else [certificate.public_bytes(_DER) for certificate in private() or ()]


def explain_times(shown: Sequence[bytes], otherwise: str) -> str:
    """Return which of the certificates that were `shown`, DER, is out of its time; `otherwise` where none is.

    The clock is the system's, which OpenSSL has judged by.
    """
    from cryptography import x509  # noqa: PLC0415  # only for an error

    from domain.certificates.expiry import explain_time  # noqa: PLC0415

    for number, der in enumerate(shown):
        try:
            with translating(lambda error: ValueError(describe_foreign(error))):
                certificate = x509.load_der_x509_certificate(der)
        except ValueError:
            continue
        moments = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        begin, end = (int(moment.timestamp()) * NANOSECONDS for moment in moments)
        reason = explain_time(begin, end, time.time_ns())
        if reason:
            whose = "its certificate" if number == 0 else f"certificate {number + 1} of its chain"
            return f"{whose} {reason}"
    return otherwise
