"""ID tokens, checked by joserfc (the signature) and Authlib (the claims; OpenID Connect Core 1.0, 3.1.3.7)."""

import warnings
from typing import Any

from authlib.oidc.core.claims import CodeIDToken
from joserfc import jws
from joserfc.errors import ExpiredTokenError, InvalidClaimError, JoseError, MissingClaimError
from joserfc.jwk import JWKRegistry

from domain.errors import IdentityError, InputError, succeeds
from domain.formats.duration import NANOSECONDS
from domain.formats.json_text import Number, describe
from domain.token.compact_jws import read_token

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures by private keys: `none`, and what the client's secret would sign, have no way in."""

LEEWAY_SECONDS = 60
"""How far the two clocks may be apart, for step-ca too (step-ca, provisioner/oidc.go)."""

MAX_TOKEN_BYTES, MAX_HEADER_BYTES = 65_536, 16_384
MAX_KEYS = 32
"""How many keys of the same `kid` are tried."""

_PUBLIC_MEMBERS = frozenset({"kty", "kid", "use", "key_ops", "alg", "n", "e", "crv", "x", "y"})
"""What a key has to say; the library would look for seconds at whether a private half is sound."""

_FIX = "check the provisioner's configurationEndpoint and clientID at the CA"


def check_id_token(
    token: str, key_set: Any, now: int, *, issuer: str, client_id: str, nonce: str | None, access_token: str | None
) -> None:
    """Check that `token` is signed by a key of the identity provider's and says what it must.

    Args:
        token: A compact JWS.
        key_set: The provider's JWK set, parsed JSON.
        now: Nanoseconds since the epoch, UTC.
        issuer, client_id: Who it must be from, and for whom.
        nonce: What the request to sign in said, None where it could say none.
        access_token: What came with it, None for nothing.

    Raises:
        IdentityError: it is or does not.
    """
    if len(token) > MAX_TOKEN_BYTES:
        raise IdentityError(f"the ID token is over {MAX_TOKEN_BYTES} bytes", "ask for fewer scopes")
    try:
        read = read_token(token)
    except InputError as error:
        raise IdentityError(f"the ID token cannot be read: {error.what}", _FIX) from error
    _check_signature(token, dict(read.header), key_set)
    claims = {name: _read_number(value) for name, value in read.claims.items()}
    options = {"iss": {"essential": True, "value": issuer},
               "aud": {"essential": True, "value": client_id}}  # fmt: skip
    params = {"nonce": nonce, "client_id": client_id, "access_token": access_token}
    try:
        CodeIDToken(claims, dict(read.header), options, params).validate(now // NANOSECONDS, LEEWAY_SECONDS)
    except ExpiredTokenError as error:
        raise IdentityError("the ID token has expired", "check this machine's clock") from error
    except (InvalidClaimError, MissingClaimError) as error:
        raise IdentityError(f"the ID token cannot be trusted: {_explain(error)}", _FIX) from error
    except (TypeError, ValueError) as error:
        raise IdentityError("the ID token cannot be trusted: a claim is of the wrong type", _FIX) from error


def _check_signature(token: str, header: dict[str, Any], key_set: Any) -> None:
    """Check the signature by the keys that the header's `kid` names, as step-ca does."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if "crit" in header or header.get("b64", True) is not True:
        raise IdentityError("the ID token's header has crit or b64, which no ID token needs", _FIX)
    if algorithm not in ALGORITHMS:
        raise IdentityError(
            f"the ID token's algorithm {describe(algorithm)} is not one that a private key signs with", _FIX
        )
    listed = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(listed, list):
        raise IdentityError("the identity provider's list of keys cannot be used", _FIX)
    named = [jwk for jwk in listed if isinstance(jwk, dict) and jwk.get("kid", "") == (kid or "")]
    if any(_is_signed_by(jwk, token) for jwk in named[:MAX_KEYS]):
        return
    raise IdentityError("the ID token is not signed by any of the identity provider's keys", _FIX)


def _is_signed_by(jwk: dict[str, Any], token: str) -> bool:
    registry = jws.JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_header_length = MAX_HEADER_BYTES
    if jwk.get("kty") not in ("RSA", "EC", "OKP"):
        return False
    public = {name: value for name, value in jwk.items() if name in _PUBLIC_MEMBERS}
    with warnings.catch_warnings(action="ignore"):  # of EdDSA's other name and of short keys, on stderr
        return succeeds(lambda: jws.deserialize_compact(token, JWKRegistry.import_key(public), registry=registry))


def _read_number(value: Any) -> Any:
    return float(value.digits) if isinstance(value, Number) else value


def _explain(error: JoseError) -> str:
    reasons = {
        "iss": "it has another issuer",
        "aud": "it is for another client",
        "azp": "it was issued to another client",
        "nonce": "it answers another sign-in",
        "at_hash": "it does not belong to the access token beside it",
    }
    claim = getattr(error, "claim", "")
    if isinstance(error, MissingClaimError):
        return f"it has no {claim}"
    return reasons.get(claim, f"its {claim or 'payload'} is not valid")
