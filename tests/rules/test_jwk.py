"""JSON Web Keys: thumbprints against RFCs and step, and what a JWK says of its own use."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.formats import base64url
from domain.keys.jwk import PublicJwk, read_public_jwk
from tests.support.foreign_keys import call_step, make_step_jwk
from tests.vectors import load_vector

EC = {name: value for name, value in load_vector("rfc7515_signatures")[1]["jwk"].items() if name != "d"}
RSA = load_vector("rfc7638_section_3_1")["jwk"]
ED25519 = {name: value for name, value in load_vector("rfc8037_appendix_a")["jwk"].items() if name != "d"}
STEP_KINDS = {
    "P-256": (("--kty", "EC", "--crv", "P-256"), "ES256"),
    "P-384": (("--kty", "EC", "--crv", "P-384"), "ES384"),
    "P-521": (("--kty", "EC", "--crv", "P-521"), "ES512"),
    "RSA": (("--kty", "RSA"), "RS256"),
    "RSA-PS256": (("--kty", "RSA", "--alg", "PS256"), "PS256"),
    "Ed25519": (("--kty", "OKP"), "EdDSA"),
}


def rsa_of(bits: int) -> dict[str, Any]:
    """Return a public RSA JWK whose modulus has that many bits."""
    return {"kty": "RSA", "e": "AQAB", "n": base64url.encode(((1 << bits) - 1).to_bytes((bits + 7) // 8, "big"))}


@pytest.mark.parametrize("vector", ["rfc7638_section_3_1", "rfc8037_appendix_a"])
def test_thumbprints_are_those_of_the_rfcs(vector: str) -> None:
    """RFC 7638's RSA example and RFC 8037's Ed25519 one, private half or not."""
    published = load_vector(vector)
    assert read_public_jwk(published["jwk"]).thumbprint() == published["thumbprint"]


@pytest.mark.parametrize("kind", STEP_KINDS)
def test_thumbprint_and_algorithm_are_those_of_step(step_program: str, tmp_path: Path, kind: str) -> None:
    """The real step computes the same thumbprint, writes it as `kid`, and names the same algorithm."""
    options, algorithm = STEP_KINDS[kind]
    public, private = make_step_jwk(step_program, tmp_path, *options, "--no-password", "--insecure")
    result = call_step(step_program, "crypto", "jwk", "thumbprint", stdin=public.read_bytes())
    for file in (public, private):
        read = read_public_jwk(json.loads(file.read_text()))
        assert read.thumbprint() == result.out.strip() == read.kid
        assert read.algorithm == algorithm


def test_only_the_required_members_make_the_thumbprint() -> None:
    """A name, a use, and the order of members do not change it."""
    extra = {"kid": "x", "use": "sig", "alg": "ES256", "key_ops": ["verify"], "x5c": ["MII"]}
    reordered = dict(reversed(list((EC | extra).items())))
    assert read_public_jwk(reordered).thumbprint() == read_public_jwk(EC).thumbprint()


def test_the_private_half_is_left_behind() -> None:
    """A public JWK read from a private one holds the public members alone."""
    private = load_vector("rfc7515_signatures")[1]["jwk"]
    public = read_public_jwk(private | {"kid": "mine"})
    assert public == PublicJwk(EC, "ES256", "mine")
    assert private["d"] not in repr(public)


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        ({}, "'kty' is missing"),
        ({"kty": None}, "'kty' is missing"),
        ({"kty": ["EC"]}, "'kty' is missing"),
        ({"kty": "oct", "k": "c2VjcmV0LXNlY3JldA", "alg": "HS256"}, "key type 'oct' cannot sign"),
        ({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}, "key type 'AKP' cannot sign"),
        ({"kty": "ec"}, "key type 'ec' cannot sign"),
        ({"keys": [EC]}, "'kty' is missing"),
        (EC | {"crv": "secp256k1"}, "curve 'secp256k1' is not one of P-256, P-384, P-521$"),
        (EC | {"crv": "Ed25519"}, "curve 'Ed25519' is not one of P-256, P-384, P-521$"),
        (ED25519 | {"crv": "P-256"}, "curve 'P-256' is not one of Ed25519$"),
        (ED25519 | {"crv": "X25519"}, "curve 'X25519' is not one of Ed25519$"),
        (ED25519 | {"crv": "Ed448"}, "curve 'Ed448' is not one of Ed25519$"),
        ({"kty": "EC", "crv": "P-256", "x": EC["x"]}, "'y' is missing"),
        ({"kty": "RSA", "n": RSA["n"]}, "'e' is missing"),
        (RSA | {"n": 5}, "'n' is missing or is not text"),
        (EC | {"x": EC["x"] + "="}, "base64url"),
        (EC | {"x": base64url.encode(base64url.decode(EC["x"])[1:])}, "'x' is not 32 bytes"),
        (EC | {"y": base64url.encode(b"\0" + base64url.decode(EC["y"]))}, "'y' is not 32 bytes"),
        (EC | {"crv": "P-521"}, "'x' is not 66 bytes"),
        (ED25519 | {"x": "AAAA"}, "'x' is not 32 bytes"),
        (RSA | {"n": base64url.encode(b"\0" + base64url.decode(RSA["n"]))}, "'n' has a leading zero byte"),
        (RSA | {"e": "AAEAAQ"}, "'e' has a leading zero byte"),
        (EC | {"kid": 7}, "'kid' is not text"),
    ],
)
def test_keys_that_cannot_sign_are_refused(jwk: dict[str, Any], reason: str) -> None:
    """Symmetric and unknown types, foreign curves, missing and misshapen members, each with its reason."""
    with pytest.raises(ValueError, match=reason):
        read_public_jwk(jwk)


@pytest.mark.parametrize(("bits", "fits"), [(1024, False), (2047, False), (2048, True), (8192, True), (8193, False)])
def test_rsa_keys_have_2048_to_8192_bits(bits: int, fits: bool) -> None:
    """The bounds are exact."""
    if fits:
        assert read_public_jwk(rsa_of(bits)).algorithm == "RS256"
    else:
        with pytest.raises(ValueError, match=f"an RSA key of {bits} bits"):
            read_public_jwk(rsa_of(bits))


@pytest.mark.parametrize(
    ("jwk", "own", "used"),
    [
        (EC, None, "ES256"),
        (EC, "", "ES256"),
        (EC, "ES256", "ES256"),
        (ED25519, None, "EdDSA"),
        (ED25519, "EdDSA", "EdDSA"),
        *((RSA, name, name) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    ],
)
def test_a_jwk_may_name_an_algorithm_that_fits_its_type(jwk: dict[str, Any], own: str | None, used: str) -> None:
    """EC and Ed25519 keys have one algorithm, RSA keys a choice of which the JWK's own counts."""
    assert read_public_jwk(jwk | {"alg": own}).algorithm == used


@pytest.mark.parametrize("own", ["none", "HS256", "HS512", "dir", "RSA-OAEP", "ECDH-ES", "es256", "ES256K", "ES384"])
@pytest.mark.parametrize("jwk", [EC, RSA, ED25519], ids=["EC", "RSA", "OKP"])
def test_an_algorithm_that_does_not_fit_is_refused(jwk: dict[str, Any], own: str) -> None:
    """`alg` comes from the key's type and curve; a JWK that says another is not used."""
    with pytest.raises(ValueError, match=f"its alg '{own}' does not go with its type"):
        read_public_jwk(jwk | {"alg": own})


@pytest.mark.parametrize(
    ("jwk", "own"), [(EC, "RS256"), (EC, "EdDSA"), (RSA, "ES256"), (RSA, "EdDSA"), (ED25519, "ES256")]
)
def test_an_algorithm_of_another_type_is_refused(jwk: dict[str, Any], own: str) -> None:
    """An algorithm that step-ca takes still must be one of this type of key."""
    with pytest.raises(ValueError, match="does not go with its type"):
        read_public_jwk(jwk | {"alg": own})


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"use": "enc"}, "its use is 'enc'"),
        ({"use": "SIG"}, "its use is 'SIG'"),
        ({"use": ["sig"]}, "'use' is not text"),
        ({"alg": 5}, "'alg' is not text"),
        ({"key_ops": []}, "neither"),
        ({"key_ops": ["encrypt"]}, "neither"),
        ({"key_ops": "sign"}, "neither"),
        ({"key_ops": [["sign"]]}, "neither"),
        ({"key_ops": ["verify"], "d": "AA"}, "do not name 'sign'"),
    ],
)
def test_use_and_key_ops_must_speak_for_signing(members: dict[str, Any], reason: str) -> None:
    """A key that says of itself that it is for something else is not used."""
    with pytest.raises(ValueError, match=reason):
        read_public_jwk(EC | members)


@pytest.mark.parametrize(
    "members",
    [{"use": "sig"}, {"key_ops": ["verify"]}, {"key_ops": ["sign", "verify"], "d": "AA"}, {"use": None, "alg": None}],
)
def test_a_key_for_signing_is_taken(members: dict[str, Any]) -> None:
    """What agrees with signing changes nothing."""
    assert read_public_jwk(EC | members) == read_public_jwk(EC)


@pytest.mark.parametrize("member", ["kty", "crv", "alg", "use"])
def test_errors_quote_no_long_text_of_the_key(member: str) -> None:
    """A private JWK whose members got mixed up does not end up in the error."""
    secret = load_vector("rfc7515_signatures")[1]["jwk"]["d"]
    with pytest.raises(ValueError, match="a text of 43 characters") as caught:
        read_public_jwk(EC | {member: secret})
    assert secret not in str(caught.value)
