"""JWS signatures: RFC vectors, and the real step and openssl on both sides."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from adapters.jose.jws import JwsSigner, _fix_width, make_signer, verify
from adapters.jose.key_objects import generate_jwk, load_public_key, public_members
from adapters.keys.jwk import load_jwk_key
from domain.errors import KeyFormatError
from domain.formats import base64url
from domain.keys.jwk import read_public_jwk
from tests.support.foreign_keys import PEM_KINDS, call_step, make_pem, run_program
from tests.vectors import load_vector

VECTORS = [
    *load_vector("rfc7515_signatures"),
    *load_vector("rfc7520_signatures"),
    load_vector("rfc8037_appendix_a"),
]
VECTOR_NAMES = [f"{vector['alg']}-{vector['section']}" for vector in VECTORS]
DETERMINISTIC = [vector for vector in VECTORS if vector["alg"] in ("RS256", "EdDSA")]
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS = {
    "ES256": "P-256",
    "ES384": "P-384",
    "ES512": "P-521",
    "EdDSA": "Ed25519",
    **dict.fromkeys(RSA_ALGORITHMS, "RSA"),
}
WIDTHS = {"P-256": 64, "P-384": 96, "P-521": 132}
MESSAGE = b"header.payload"


@pytest.fixture(scope="module")
def pems() -> dict[str, bytes]:
    """A PEM key of every kind, from openssl."""
    return {kind: make_pem(kind) for kind in PEM_KINDS}


def sign_with(pem: bytes, algorithm: str) -> JwsSigner:
    """Return our signer of a PEM key under an algorithm."""
    return make_signer(load_pem_private_key(pem, None), {"alg": algorithm})


def open_vector(vector: dict[str, Any]) -> JwsSigner:
    """Return our signer of a vector's key under the vector's algorithm."""
    return make_signer(load_jwk_key(vector["jwk"]), vector["jwk"] | {"alg": vector["alg"]})


@pytest.mark.parametrize("vector", VECTORS, ids=VECTOR_NAMES)
def test_the_rfcs_signatures_verify(vector: dict[str, Any]) -> None:
    """Every published signature is taken, and none for another message."""
    key = load_public_key(read_public_jwk(vector["jwk"]))
    signature = base64url.decode(vector["signature"])
    message = vector["signing_input"].encode()
    assert verify(key, vector["alg"], message, signature)
    assert not verify(key, vector["alg"], message + b"x", signature)


@pytest.mark.parametrize("vector", DETERMINISTIC, ids=lambda vector: vector["alg"])
def test_deterministic_signatures_are_the_rfcs(vector: dict[str, Any]) -> None:
    """RS256 and EdDSA give the very bytes of RFC 7515, A.2, and RFC 8037, A.4."""
    signature = open_vector(vector).sign(vector["signing_input"].encode())
    assert base64url.encode(signature) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS, ids=VECTOR_NAMES)
def test_the_rfcs_keys_sign(vector: dict[str, Any]) -> None:
    """A signature by a published key verifies with its public half, at the width of the published one."""
    message = vector["signing_input"].encode()
    signature = open_vector(vector).sign(message)
    assert verify(load_public_key(read_public_jwk(vector["jwk"])), vector["alg"], message, signature)
    assert len(signature) == len(base64url.decode(vector["signature"]))


@pytest.mark.parametrize(("algorithm", "kind"), ALGORITHMS.items())
def test_step_takes_our_signatures(
    step_program: str, tmp_path: Path, pems: dict[str, bytes], algorithm: str, kind: str
) -> None:
    """The real step verifies a compact JWS of every algorithm, and no altered one."""
    signer = sign_with(pems[kind], algorithm)
    public = tmp_path / "public.json"
    public.write_text(json.dumps(dict(signer.public.members)))
    signing_input = base64url.encode(b'{"alg":"%s"}' % algorithm.encode()) + "." + base64url.encode(b"the payload")
    token = f"{signing_input}.{base64url.encode(signer.sign(signing_input.encode()))}"
    words = ("crypto", "jws", "verify", "--alg", algorithm, "--key", str(public))
    result = call_step(step_program, *words, stdin=token.encode())
    assert (result.status, result.out) == (0, "the payload"), result.err
    altered = token.replace(base64url.encode(b"the payload"), base64url.encode(b"a payload"))
    assert call_step(step_program, *words, stdin=altered.encode()).status != 0


@pytest.mark.parametrize(("algorithm", "kind"), ALGORITHMS.items())
def test_we_take_steps_signatures(
    step_program: str, tmp_path: Path, pems: dict[str, bytes], algorithm: str, kind: str
) -> None:
    """A JWS of every algorithm by the real step verifies here."""
    private = tmp_path / "key.pem"
    private.write_bytes(pems[kind])
    words = ("crypto", "jws", "sign", "--alg", algorithm, "--key", str(private))
    result = call_step(step_program, *words, stdin=b"the payload")
    assert result.status == 0, result.err
    signing_input, _, signature = result.out.strip().rpartition(".")
    key = load_public_key(sign_with(pems[kind], algorithm).public)
    assert verify(key, algorithm, signing_input.encode(), base64url.decode(signature))


@pytest.mark.parametrize("bits", ["256", "384", "512"])
def test_the_salt_of_rsa_pss_is_as_long_as_the_digest(tmp_path: Path, pems: dict[str, bytes], bits: str) -> None:
    """RFC 7518, 3.5: openssl takes our signature with that salt length, and with no other."""
    signer = sign_with(pems["RSA"], f"PS{bits}")
    public, signature = tmp_path / "public.pem", tmp_path / "signature"
    public.write_bytes(load_public_key(signer.public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    signature.write_bytes(signer.sign(MESSAGE))
    words = ["dgst", f"-sha{bits}", "-verify", str(public), "-signature", str(signature)]
    pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt"]
    salt = int(bits) // 8
    assert run_program("openssl", *words, *pss, f"rsa_pss_saltlen:{salt}", stdin=MESSAGE) == b"Verified OK\n"
    with pytest.raises(AssertionError):
        run_program("openssl", *words, *pss, f"rsa_pss_saltlen:{salt - 1}", stdin=MESSAGE)


@pytest.mark.parametrize("salt", [0, 20, 31, 33])
def test_a_pss_signature_with_another_salt_length_is_refused(pems: dict[str, bytes], salt: int) -> None:
    """What another salt length gives is not PS256."""
    key = load_pem_private_key(pems["RSA"], None)
    assert isinstance(key, rsa.RSAPrivateKey)
    signature = key.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())
    assert not verify(key.public_key(), "PS256", MESSAGE, signature)


@pytest.mark.parametrize(("curve", "width"), WIDTHS.items())
def test_ecdsa_signatures_have_a_fixed_width(pems: dict[str, bytes], curve: str, width: int) -> None:
    """Even where r or s begins with zero bytes (RFC 7518, 3.4): such ones are made until both have come up."""
    signer = make_signer(load_pem_private_key(pems[curve], None))
    key = load_public_key(signer.public)
    # A coordinate of P-521 has seven unused bits: its first byte is 0 half of the time. Others take 256 tries each.
    missing, tries = {"r", "s"}, 0
    while missing and tries < 20_000:
        signature, tries = signer.sign(MESSAGE), tries + 1
        assert len(signature) == width
        missing -= {name for name, first in (("r", 0), ("s", width // 2)) if signature[first] == 0}
    assert not missing
    assert verify(key, signer.public.algorithm, MESSAGE, signature)


@pytest.mark.parametrize("kind", WIDTHS)
def test_an_ecdsa_signature_of_another_width_is_refused(pems: dict[str, bytes], kind: str) -> None:
    """DER, a zero byte more, a byte less, nothing: none is a JWS signature."""
    signer = make_signer(load_pem_private_key(pems[kind], None))
    key, algorithm = load_public_key(signer.public), signer.public.algorithm
    signature = signer.sign(MESSAGE)
    half = len(signature) // 2
    r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    others = [
        encode_dss_signature(r, s),
        b"\0" + signature[:half] + b"\0" + signature[half:],
        signature[:half] + b"\0" + signature[half:],
        signature + b"\0",
        signature[:-1],
        b"",
        bytes(len(signature)),
        b"\xff" * len(signature),
        signature[half:] + signature[:half],
    ]
    assert verify(key, algorithm, MESSAGE, signature)
    assert [verify(key, algorithm, MESSAGE, other) for other in others] == [False] * len(others)


@pytest.mark.parametrize("kind", PEM_KINDS)
@pytest.mark.parametrize("signature", [b"", b"\0", bytes(64), bytes(256), b"\xff" * 256, bytes(257)])
def test_bytes_that_are_no_signature_are_refused(pems: dict[str, bytes], kind: str, signature: bytes) -> None:
    """The answer is no, not an error."""
    signer = make_signer(load_pem_private_key(pems[kind], None))
    assert not verify(load_public_key(signer.public), signer.public.algorithm, MESSAGE, signature)


@pytest.mark.parametrize("algorithm", ["none", "", "HS256", *ALGORITHMS])
@pytest.mark.parametrize("kind", PEM_KINDS)
def test_a_key_verifies_its_own_algorithms_alone(pems: dict[str, bytes], kind: str, algorithm: str) -> None:
    """A good signature is refused under an algorithm that does not go with the key, `none` among them."""
    signer = make_signer(load_pem_private_key(pems[kind], None))
    own = signer.public.algorithm
    taken = verify(load_public_key(signer.public), algorithm, MESSAGE, signer.sign(MESSAGE))
    assert taken is (algorithm == own)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (x25519.X25519PrivateKey.generate(), "X25519PrivateKey"),
        (ed448.Ed448PrivateKey.generate(), "Ed448PrivateKey"),
        (ec.generate_private_key(ec.SECP256K1()), "secp256k1"),
        (ec.generate_private_key(ec.BrainpoolP256R1()), "brainpoolP256r1"),
        (rsa.generate_private_key(65537, 1024), "1024 bits"),
        (ed25519.Ed25519PrivateKey.generate().public_key(), "Ed25519PublicKey"),
        (b"key", "bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_keys_that_cannot_sign_are_refused(key: object, reason: str) -> None:
    """Other types, curves and sizes give an error that names them."""
    with pytest.raises(KeyFormatError, match=reason):
        make_signer(key)


@pytest.mark.parametrize("members", [{"alg": "RS256"}, {"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "none"}])
def test_a_jwk_for_something_else_gives_no_signer(members: dict[str, Any]) -> None:
    """A JWK's own `alg`, `use` and `key_ops` must agree with signing by its type."""
    jwk = load_vector("rfc7515_signatures")[1]["jwk"]
    with pytest.raises(KeyFormatError, match="cannot sign a token"):
        make_signer(load_jwk_key(jwk), jwk | members)


def test_a_signature_that_does_not_verify_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signer checks each signature with its public half before it leaves."""
    signer = make_signer(ec.generate_private_key(ec.SECP256R1()))
    monkeypatch.setattr(signer, "sign_unchecked", lambda _: [bytes(64)])
    with pytest.raises(KeyFormatError, match="own signature does not verify"):
        signer.sign(MESSAGE)


@pytest.mark.parametrize(("size", "bits"), [(32, 256), (48, 384), (66, 521)])
@given(data=st.data())
def test_numbers_of_any_length_fill_their_width(size: int, bits: int, data: st.DataObject) -> None:
    """Both numbers of an ECDSA signature are found in its DER, however short they are there."""
    lengths = st.integers(1, bits).flatmap(lambda length: st.integers(0, 2**length - 1))
    r, s = data.draw(lengths), data.draw(lengths)
    assert _fix_width(encode_dss_signature(r, s), size) == r.to_bytes(size, "big") + s.to_bytes(size, "big")


@pytest.mark.parametrize("vector", VECTORS, ids=VECTOR_NAMES)
def test_a_signer_shows_no_secret(vector: dict[str, Any]) -> None:
    """The representation of a signer holds its public half alone."""
    shown = repr(open_vector(vector))
    assert vector["jwk"]["n" if vector["jwk"]["kty"] == "RSA" else "x"] in shown
    assert not any(vector["jwk"][name] in shown for name in ("d", "p", "q", "dp", "dq", "qi") if name in vector["jwk"])


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "EC", "crv": "P-256", "x": base64url.encode(bytes(32)), "y": base64url.encode(bytes(32))},
        VECTORS[1]["jwk"] | {"y": VECTORS[1]["jwk"]["x"]},
        VECTORS[0]["jwk"] | {"e": "AQ"},
        VECTORS[0]["jwk"] | {"e": "BA"},
    ],
)
def test_members_that_are_no_key_are_refused(jwk: dict[str, Any]) -> None:
    """A point off its curve or a public exponent that cannot be one is not a public key."""
    with pytest.raises(ValueError, match=r"Point is not on the curve|Invalid EC key|public exponent is (below 3|even)"):
        load_public_key(read_public_jwk(jwk))


@pytest.mark.parametrize("kind", PEM_KINDS)
def test_public_members_load_as_the_same_key(pems: dict[str, bytes], kind: str) -> None:
    """The members that we write of a key are read as that key."""
    key = sign_with(pems[kind], make_signer(load_pem_private_key(pems[kind], None)).public.algorithm)
    public = key.private_key.public_key()
    assert load_public_key(read_public_jwk(public_members(public))) == public


def test_step_reads_a_key_that_we_generate(step_program: str, tmp_path: Path) -> None:
    """The real step signs with a generated provisioner key, and names it by our thumbprint."""
    jwk, private = generate_jwk(), tmp_path / "key.json"
    private.write_text(json.dumps(jwk))
    result = call_step(step_program, "crypto", "jws", "sign", "--key", str(private), stdin=b"the payload")
    assert result.status == 0, result.err
    header, _, signature = result.out.strip().split(".")
    assert json.loads(base64url.decode(header)) == {"alg": "ES256", "kid": jwk["kid"]}
    signing_input = result.out.strip().rpartition(".")[0].encode()
    assert verify(load_public_key(read_public_jwk(jwk)), "ES256", signing_input, base64url.decode(signature))
