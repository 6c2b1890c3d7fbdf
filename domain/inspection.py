"""What a token says, in words: read without its key, so that nothing here tells whether the CA would take it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from domain.duration import NANOSECONDS, format_duration
from domain.rfc3339 import format_time
from domain.validity import MAX_VALIDITY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.certificate import Certificate
    from domain.compact_jws import ReadToken

REQUESTS = {
    "sign": "to have an X.509 certificate signed",
    "revoke": "to revoke an X.509 certificate",
    "renew": "to renew an X.509 certificate",
    "rekey": "to rekey an X.509 certificate",
    "ssh/sign": "to have an SSH certificate signed",
    "ssh/revoke": "to revoke an SSH certificate",
    "ssh/renew": "to renew an SSH certificate",
    "ssh/rekey": "to rekey an SSH certificate",
}
"""What each path of step-ca's API does, with and without its `/1.0/`."""


def inspect_token(token: ReadToken, chain: Sequence[Certificate], now: int) -> dict[str, Any]:
    """Return what the token says, by name, in the order to show it; JSON can carry every value.

    Args:
        token: As `domain.compact_jws.read_token` returns it.
        chain: The certificates in its header.
        now: Nanoseconds since the epoch, UTC.
    """
    claims, header = token.claims, token.header
    address, path, fragment = _split_audience(claims.get("aud"))
    facts: dict[str, Any] = {
        "request": REQUESTS.get(path, "not said: the audience names no request of a step-ca"),
        "subject": claims.get("sub"),
        "names": claims.get("sans"),
        "ca": address,
        "provisioner": claims.get("iss"),
        "audience_fragment": fragment or None,
        "algorithm": header.get("alg"),
        "key_id": header.get("kid"),
        "token_id": claims.get("jti"),
        "root_fingerprint": claims.get("sha"),
        "from": _format_seconds(claims.get("nbf")),
        "until": _format_seconds(claims.get("exp")),
        "remaining": _describe_remaining(claims, now),
        "bound_to": _member(claims.get("cnf"), "x5rt#S256"),
        "ssh": _member(claims.get("step"), "ssh"),
        "user": claims.get("user"),
        "certificates": [_describe_certificate(certificate) for certificate in chain] or None,
        "warnings": list_warnings(token, now) or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def list_warnings(token: ReadToken, now: int) -> list[str]:
    """Return what is odd about the token, a sentence each."""
    claims, warnings = token.claims, []
    begin, end, kid = _seconds(claims.get("nbf")), _seconds(claims.get("exp")), token.header.get("kid")
    if end is None:
        warnings.append("it never expires: it has no exp")
    elif end * NANOSECONDS <= now:
        warnings.append("it has expired")
    if begin is not None and begin * NANOSECONDS > now:
        warnings.append("its time has not come yet")
    if begin is not None and end is not None and (end - begin) * NANOSECONDS > MAX_VALIDITY:
        warnings.append("it lasts for more than an hour")
    if not claims.get("jti"):
        warnings.append("it has no jti, by which the CA would know it again")
    if isinstance(kid, str) and ("/" in kid or "\\" in kid):
        warnings.append("its kid is a path of the machine that it was made on")
    if token.header.get("alg") in (None, "none"):
        warnings.append("it has no signature algorithm")
    return warnings


def _split_audience(audience: Any) -> tuple[str | None, str, str]:
    """Return the CA's address, the path without `/1.0/`, and the fragment of the (first) audience."""
    first = audience[0] if isinstance(audience, list) and audience else audience
    if not isinstance(first, str):
        return None, "", ""
    location, _, fragment = first.partition("#")
    scheme, separator, rest = location.partition("://")
    host, _, path = rest.partition("/")
    if not separator:
        return location, "", fragment
    return f"{scheme}://{host}", path.removeprefix("1.0/"), fragment


def _describe_remaining(claims: Mapping[str, Any], now: int) -> str | None:
    begin, end = _seconds(claims.get("nbf")), _seconds(claims.get("exp"))
    current = now // NANOSECONDS
    if begin is not None and begin > current:
        return f"begins in {format_duration((begin - current) * NANOSECONDS)}"
    if end is None:
        return None
    verb = "expires in" if end > current else "expired before"
    return f"{verb} {format_duration(abs(end - current) * NANOSECONDS)}"


def _describe_certificate(certificate: Certificate) -> dict[str, str]:
    return {
        "subject": certificate.common_name,
        "until": format_time(certificate.not_after - certificate.not_after % NANOSECONDS),
        "fingerprint": sha256(certificate.der).hexdigest(),
    }


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None


def _seconds(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 37 else None


def _format_seconds(value: Any) -> str | None:
    seconds = _seconds(value)
    return None if seconds is None else format_time(seconds * NANOSECONDS)
