"""JSON Web Keys: the algorithms that step-ca takes, thumbprints, and what a JWK says of its own use.

Sources: RFC 7517 (JWK), RFC 7518 (algorithms and key parameters), RFC 7638 (thumbprint), RFC 8037 (OKP), RFC 8017, 3.2
(the numbers of an RSA key).
"""

from collections.abc import Mapping
from typing import Any

import attrs

from domain.errors import KeyFormatError
from domain.formats import base64url, json_text

MIN_RSA_BITS, MAX_RSA_BITS = 2048, 8192
MAX_RSA_EXPONENT = (1 << 31) - 1
"""By a larger one, an even one or one below 3 Go verifies nothing (crypto/internal/fips140/rsa, checkPublicKey)."""

COORDINATE_BYTES = {"P-256": 32, "P-384": 48, "P-521": 66}
"""Bytes in a coordinate of a curve (RFC 7518, 6.2.1.2); a JWS signature has two (RFC 7518, 3.4)."""

CURVE_ALGORITHMS = {
    "EC": {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"},
    "OKP": {"Ed25519": "EdDSA"},
}
_RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
TYPE_ALGORITHMS = {
    "EC": frozenset(CURVE_ALGORITHMS["EC"].values()),
    "OKP": frozenset(CURVE_ALGORITHMS["OKP"].values()),
    "RSA": frozenset(_RSA_ALGORITHMS),
}
"""The algorithms of each type of key, whatever its curve."""

THUMBPRINT_MEMBERS = {"EC": ("crv", "x", "y"), "OKP": ("crv", "x"), "RSA": ("e", "n")}
"""What makes up a public key of each type, beside `kty`."""


@attrs.frozen
class PublicJwk:
    """The public half of a signing key.

    Attributes:
        members: The members that RFC 7638 hashes, `kty` among them, all text.
        algorithm: The JWS `alg` that signatures by this key have.
        kid: The key's own name, empty where it has none.
    """

    members: Mapping[str, str]
    algorithm: str
    kid: str = ""

    def thumbprint(self) -> str:
        """Return the key's SHA-256 thumbprint in unpadded base64url (RFC 7638)."""
        return base64url.encode_sha256(json_text.serialize(self.members).encode())


def read_public_jwk(jwk: Mapping[str, Any]) -> PublicJwk:
    """Return the public half of `jwk`, a public or private JWK.

    Raises:
        ValueError: a member is missing or malformed, the key is of a type that cannot sign a token
            (symmetric keys among them), or its `alg`, `use` or `key_ops` speak against signing.
    """
    kty = _text(jwk, "kty")
    if kty not in THUMBPRINT_MEMBERS:
        raise ValueError(f"key type {json_text.describe(kty)} cannot sign a token; step-ca takes EC, RSA and OKP keys")
    members = {"kty": kty} | {name: _text(jwk, name) for name in THUMBPRINT_MEMBERS[kty]}
    _check_lengths(members)
    return PublicJwk(members, _choose_algorithm(jwk, members), _optional_text(jwk, "kid"))


def check_rsa_public(n: int, e: int) -> None:
    """Check the length of an RSA key's modulus, and its public exponent.

    Raises:
        ValueError: one is out of bounds, or the exponent is even.
    """
    bits = n.bit_length()
    if not MIN_RSA_BITS <= bits <= MAX_RSA_BITS:
        raise ValueError(f"an RSA key of {bits} bits; step-ott takes {MIN_RSA_BITS} to {MAX_RSA_BITS}")
    if e > MAX_RSA_EXPONENT and e & 1:
        raise ValueError(
            f"an RSA key whose public exponent is over {MAX_RSA_EXPONENT}, by which step-ca verifies nothing"
        )
    if e < 3 or not e & 1:
        raise ValueError(f"an RSA key whose public exponent is {'below 3' if e & 1 else 'even'}")


def check_rsa_key(n: int, e: int) -> None:
    """Check modulus and public exponent of a private RSA key, as `check_rsa_public` does.

    Raises:
        KeyFormatError: one cannot be used.
    """
    try:
        check_rsa_public(n, e)
    except ValueError as error:
        raise KeyFormatError(f"the key cannot sign a token: {error}", "use another key") from error


def complete_rsa(n: int, e: int, d: int, p: int, q: int) -> tuple[int, int, int]:
    """Return the exponents and the coefficient of CRT, `dp`, `dq` and `qi`, of a key with two primes.

    That the primes are prime is not looked at: where they are not, a signature does not hold.

    Raises:
        ValueError: the numbers, whose modulus is of a length that is taken, do not go together.
    """
    is_odd = all(number & 1 for number in (n, e, d, p, q))
    if not (is_odd and 1 < e < n and 1 < d < n and 1 < p < n and 1 < q < n and p != q and p * q == n):
        raise ValueError("its parts do not match")
    if d * e % (p - 1) != 1 or d * e % (q - 1) != 1:
        raise ValueError("its private half does not match its public half")
    try:
        return d % (p - 1), d % (q - 1), pow(q, -1, p)
    except ValueError as error:
        raise ValueError("its parts do not match") from error


def _check_lengths(members: Mapping[str, str]) -> None:
    """Refuse coordinates of the wrong length, RSA moduli out of bounds, and numbers with a second spelling."""
    if members["kty"] == "RSA":
        for name in ("n", "e"):
            if base64url.decode(members[name])[:1] == b"\0":
                raise ValueError(f"member {name!r} has a leading zero byte (RFC 7518, section 2)")
        check_rsa_public(*(base64url.decode_number(members[name]) for name in "ne"))
        return
    curve, known = members["crv"], CURVE_ALGORITHMS[members["kty"]]
    if curve not in known:
        raise ValueError(f"curve {json_text.describe(curve)} is not one of {', '.join(known)}")
    size = COORDINATE_BYTES.get(curve, 32)
    for name in ("x", "y"):
        if name in members and len(base64url.decode(members[name])) != size:
            raise ValueError(f"member {name!r} is not {size} bytes long")


def _choose_algorithm(jwk: Mapping[str, Any], members: Mapping[str, str]) -> str:
    """Return the `alg` of the key's signatures: its own where it says one that fits, else the default."""
    kty = members["kty"]
    permitted = _RSA_ALGORITHMS if kty == "RSA" else (CURVE_ALGORITHMS[kty][members["crv"]],)
    own = _optional_text(jwk, "alg")
    if own and own not in permitted:
        raise ValueError(f"its alg {json_text.describe(own)} does not go with its type; {' or '.join(permitted)} would")
    if _optional_text(jwk, "use") not in ("", "sig"):
        raise ValueError(f"its use is {json_text.describe(jwk['use'])}, not 'sig'")
    operations = jwk.get("key_ops")
    if operations is not None:
        if not isinstance(operations, list) or not {"sign", "verify"}.intersection(
            item for item in operations if isinstance(item, str)
        ):
            raise ValueError("its key_ops name neither 'sign' nor 'verify'")
        if "d" in jwk and "sign" not in operations:
            raise ValueError("its key_ops do not name 'sign'")
    return own or permitted[0]


def _text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"member {name!r} is missing or is not text")
    return value


def _optional_text(jwk: Mapping[str, Any], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str | None):
        raise ValueError(f"member {name!r} is not text")
    return value or ""
