"""Private JWKs: those of step, and those that are no key."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from adapters.jose.jws import make_signer
from adapters.keys.jwk import load_jwk_key
from domain.errors import KeyFormatError
from domain.formats import base64url
from domain.keys.jwk import COORDINATE_BYTES
from tests.support.foreign_keys import make_step_jwk, run_program
from tests.vectors import load_vector

RSA, EC, P521 = (vector["jwk"] for vector in load_vector("rfc7515_signatures"))
ED25519 = load_vector("rfc8037_appendix_a")["jwk"]


@pytest.mark.parametrize(
    "options", [("EC", "--crv", "P-256"), ("EC", "--crv", "P-384"), ("EC", "--crv", "P-521"), ("RSA",), ("OKP",)]
)
def test_plain_jwks_of_step(step_program: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    """A private JWK of step is the key of its public one."""
    public, private = make_step_jwk(step_program, tmp_path, "--kty", *options, "--no-password", "--insecure")
    jwk = json.loads(private.read_text())
    signer = make_signer(load_jwk_key(jwk), jwk)
    assert signer.sign(b"message")
    assert signer.public.members.items() <= json.loads(public.read_text()).items()
    assert signer.public.kid == jwk["kid"]


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_the_private_half_must_be_of_the_public_half(curve: str) -> None:
    """An EC or Ed25519 JWK put together from two keys is refused."""
    one, other = ({"P-256": EC, "P-521": P521}.get(curve) or derive_jwk(curve, 7), derive_jwk(curve, 5))
    with pytest.raises(KeyFormatError, match="private half does not match its public half") as caught:
        load_jwk_key(one | {"d": other["d"]})
    assert one["x"] not in str(caught.value) and other["d"] not in str(caught.value)
    assert load_jwk_key(other)


def derive_jwk(curve: str, secret: int) -> dict[str, Any]:
    """Return the JWK of openssl's key with that secret number."""
    size = COORDINATE_BYTES[curve]
    names = {"P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
    fields = f"asn1=SEQUENCE:key\n[key]\nv=INTEGER:1\nd=FORMAT:HEX,OCTETSTRING:{secret:0{2 * size}x}\n"
    fields += f"p=EXPLICIT:0,OID:{names[curve]}\n"
    der = run_program(
        "openssl", "asn1parse", "-genconf", "/dev/stdin", "-noout", "-out", "/dev/stdout", stdin=fields.encode()
    )
    text = run_program("openssl", "ec", "-inform", "DER", "-noout", "-text", stdin=der).decode()
    point = bytes.fromhex(re.sub(r"[\s:]", "", text.partition("pub:")[2].partition("ASN1")[0]))
    return {
        "kty": "EC",
        "crv": curve,
        "x": base64url.encode(point[1 : 1 + size]),
        "y": base64url.encode(point[1 + size :]),
        "d": base64url.encode(secret.to_bytes(size, "big")),
    }


def test_the_private_half_of_ed25519_must_be_of_the_public_half() -> None:
    """Another seed is refused."""
    with pytest.raises(KeyFormatError, match="private half does not match its public half"):
        load_jwk_key(ED25519 | {"d": EC["d"]})


@pytest.mark.parametrize("member", ["p", "q", "d", "dp", "dq", "qi", "e", "n"])
def test_the_parts_of_an_rsa_key_must_fit_together(member: str) -> None:
    """One bit off in any member is refused."""
    number = int.from_bytes(base64url.decode(RSA[member]), "big") ^ 2
    changed = base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))
    with pytest.raises(KeyFormatError, match="cannot be read") as caught:
        load_jwk_key(RSA | {member: changed})
    assert not any(RSA[name] in str(caught.value) for name in ("p", "q", "d", "n"))


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        ({name: EC[name] for name in ("kty", "crv", "x", "y")}, "'d' is missing: it is a public key"),
        ({name: RSA[name] for name in ("kty", "n", "e")}, "'d' is missing: it is a public key"),
        ({name: ED25519[name] for name in ("kty", "crv", "x")}, "'d' is missing: it is a public key"),
        ({name: RSA[name] for name in RSA if name != "q"}, "'q' is missing"),
        (EC | {"d": 5}, "'d' is missing"),
        (EC | {"d": ""}, "'d' is not 32 bytes"),
        (EC | {"d": base64url.encode(bytes(32))}, "must be a positive"),
        (EC | {"d": base64url.encode(b"\xff" * 32)}, "cannot be read"),
        (EC | {"d": "AQ"}, "'d' is not 32 bytes long"),
        (EC | {"d": base64url.encode(b"\0" + base64url.decode(EC["d"]))}, "'d' is not 32 bytes long"),
        (EC | {"d": EC["d"] + "="}, "base64url"),
        (P521 | {"d": base64url.encode(base64url.decode(P521["d"])[1:])}, "'d' is not 66 bytes long"),
        (ED25519 | {"d": "AQ"}, "cannot be read"),
        (ED25519 | {"d": ED25519["d"] + ED25519["x"]}, "base64url|cannot be read"),
        (RSA | {"oth": []}, "has a member 'oth', for more than two primes"),
        (RSA | {"p": "AQ", "q": RSA["n"]}, "cannot be read"),
    ],
)  # fmt: skip
def test_private_jwks_that_are_no_key_are_refused(jwk: dict[str, Any], reason: str) -> None:
    """Public keys, missing, misshapen and out-of-range members, each with its reason and no secret."""
    with pytest.raises(KeyFormatError, match=reason) as caught:
        load_jwk_key(jwk)
    assert not any(key["d"] in str(caught.value) for key in (EC, RSA, P521, ED25519))


@pytest.mark.parametrize("jwk", [EC, RSA, ED25519], ids=["EC", "RSA", "Ed25519"])
def test_a_public_key_is_called_so(jwk: dict[str, str]) -> None:
    """The remedy is the private key, and not a sound copy of the same file."""
    with pytest.raises(KeyFormatError) as caught:
        load_jwk_key({name: value for name, value in jwk.items() if name != "d"})
    assert caught.value.fix == "give the private key"
