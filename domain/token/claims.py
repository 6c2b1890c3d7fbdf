"""The claims of a token (step CLI, token/token.go; step-ca, authority/provisioner).

`compose_token` is the decision that minting comes down to: a pure function of what was asked, who
signs, the time and the token's identifier.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import attrs

from domain.ca.cert_types import name_cert_type
from domain.ca.url import CaUrl, escape_fragment
from domain.formats import base64url, json_text
from domain.formats.duration import NANOSECONDS
from domain.formats.moment import Moment
from domain.keys.jwk import PublicJwk
from domain.token.kind import Kind
from domain.token.validity import check_certificate_window, resolve_window


@attrs.frozen(kw_only=True, eq=False, repr=False, slots=False)  # made for every token, which slots make slow if frozen
class TokenRequest:
    """What a token is to authorise, complete: every file that the user named has been read.

    Attributes:
        subject: Empty for the one that the certificate dictates which signs, or for any.
        cnf: Unpadded base64url of the SHA-256 of the CSR's DER or the SSH key's wire bytes, or None.
        user: The `user` claim; left out where empty.
    """

    kind: Kind
    subject: str
    sans: tuple[str, ...] = ()
    principals: tuple[str, ...] = ()
    not_before: Moment | None = None
    not_after: Moment | None = None
    cert_not_before: Moment | None = None
    cert_not_after: Moment | None = None
    cnf: str | None = None
    user: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True, eq=False, repr=False)
class Issuer:
    """Who vouches for the token.

    Attributes:
        name: The provisioner's name.
        kid: The header's key identifier.
        fragment: What stands behind `#` in the audience, not escaped, empty for none.
        ca_url: Where the CA is.
        root_fingerprint: SHA-256 of the root certificate's DER, lower-case hex; empty for a token without one.
        header: Members of the JWS header beside `alg`, `kid` and `typ`.
    """

    name: str
    kid: str
    ca_url: CaUrl
    root_fingerprint: str
    fragment: str = ""
    header: Mapping[str, Any] = attrs.field(factory=dict)


class Header:
    """A JOSE header, which one issuer's tokens share.

    Attributes:
        text: What a token begins with: base64url of its JSON.
    """

    def __init__(self, members: Mapping[str, Any]) -> None:
        self.members = members
        self.text = _encode(members)


@attrs.frozen(eq=False, repr=False, slots=False)
class UnsignedToken:
    """A token but for its signature: the JOSE header and the claims."""

    header: Header
    claims: Mapping[str, Any]

    def signing_input(self) -> str:
        """Return what is signed (RFC 7515, section 5.1)."""
        return f"{self.header.text}.{_encode(self.claims)}"


def compose_token(request: TokenRequest, issuer: Issuer, public: PublicJwk, *, now: int, jti: str) -> UnsignedToken:
    """Return the token that grants `request`, for signing by the key of `public`.

    Args:
        now: Nanoseconds since the epoch, UTC.
        jti: 64 lower-case hex characters, never used before.

    Raises:
        UsageError: the token's window is out of bounds at `now`.
    """
    window = resolve_window(request.not_before, request.not_after, now)
    check_certificate_window(request.cert_not_before, request.cert_not_after, now)
    audience = f"{issuer.ca_url}{request.kind.path}"
    claims: dict[str, Any] = {
        "aud": f"{audience}#{escape_fragment(issuer.fragment)}" if issuer.fragment else audience,
        "exp": window.not_after // NANOSECONDS,
        "iat": now // NANOSECONDS,
        "iss": issuer.name,
        "jti": jti,
        "nbf": window.not_before // NANOSECONDS,
        "sub": request.subject,
    }
    if issuer.root_fingerprint:
        claims["sha"] = issuer.root_fingerprint
    claims |= _kind_claims(request)
    if request.cnf is not None:
        claims["cnf"] = {"x5rt#S256": request.cnf}
    if request.user:
        claims["user"] = request.user
    return UnsignedToken(_compose_header(issuer, public.algorithm), claims)


@lru_cache(maxsize=16)  # a program mints many tokens of few issuers, and some headers carry certificates
def _compose_header(issuer: Issuer, algorithm: str) -> Header:
    return Header({"alg": algorithm, "kid": issuer.kid, "typ": "JWT", **issuer.header})


def _encode(part: Mapping[str, Any]) -> str:
    return base64url.encode(json_text.serialize(part).encode())


def _kind_claims(request: TokenRequest) -> dict[str, Any]:
    """Return the claims that only this kind of request has."""
    if request.kind is Kind.SIGN:
        return {"sans": list(request.sans or (request.subject,))}
    if request.kind not in (Kind.SSH_USER, Kind.SSH_HOST):
        return {}
    ssh = {
        "certType": name_cert_type(is_host=request.kind is Kind.SSH_HOST),
        "keyID": request.subject,
        "principals": list(request.principals),
        "validAfter": _canonical(request.cert_not_before),
        "validBefore": _canonical(request.cert_not_after),
    }
    return {"step": {"ssh": ssh}}


def _canonical(moment: Moment | None) -> str:
    return "" if moment is None else moment.canonical()
