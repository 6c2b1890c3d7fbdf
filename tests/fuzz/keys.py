"""Fuzz targets: private keys in every container, encrypted keys, and password files."""

from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from adapters.jose.jwe import seal_jwk
from adapters.keys.jwk import load_jwk_key
from adapters.keys.passwords import FilePassword
from adapters.keys.store import LocalKeyStore
from domain.formats import base64url, json_text
from domain.keys.source import KeyFile, SealedKey
from tests.fuzz.mutation import (
    Make,
    Node,
    either,
    encode_json,
    near_bytes,
    near_der,
    near_json,
    near_pem,
    near_strings,
    near_text,
    near_value,
    sample,
    write_json,
)
from tests.fuzz.target import Target, parser
from tests.support.memory_ports import MemoryFiles
from tests.support.opened_jwe import open_jwe
from tests.vectors import load_vector

PASSWORD = b"correct horse"
ITERATIONS = 1_000
"""Of sound samples: what is changed about them may ask for more."""

MAGIC = len(b"openssh-key-v1\0")
RSA, EC, P521 = (vector["jwk"] for vector in load_vector("rfc7515_signatures"))
ED25519 = load_vector("rfc8037_appendix_a")["jwk"]
SCALAR = 0x1F_2E_3D_4C_5B_6A_79_88


@cache
def key(kind: str) -> Any:
    """Return a key that is the same each time: of an RFC's, or of a fixed secret."""
    if kind == "RSA":
        return load_jwk_key(RSA)
    if kind == "Ed25519":
        return ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32)
    if kind == "X25519":
        return x25519.X25519PrivateKey.from_private_bytes(b"k" * 32)
    curves = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "secp256k1": ec.SECP256K1}
    return ec.derive_private_key(SCALAR, curves[kind]())


def write(kind: str, form: PrivateFormat, is_sealed: bool = False) -> bytes:
    """Return the key in a container, in DER or, for OpenSSH's, as what its armour holds."""
    if form is not PrivateFormat.OpenSSH:
        sealing: Any = BestAvailableEncryption(PASSWORD) if is_sealed else NoEncryption()
        return key(kind).private_bytes(Encoding.DER, form, sealing)  # type: ignore[no-any-return]
    builder = PrivateFormat.OpenSSH.encryption_builder().kdf_rounds(1).build(PASSWORD)
    pem = key(kind).private_bytes(Encoding.PEM, form, builder if is_sealed else NoEncryption())
    return base64url.decode(_to_base64url(b"".join(pem.splitlines()[1:-1])))


def _to_base64url(text: bytes) -> str:
    return text.decode().rstrip("=").replace("+", "-").replace("/", "_")


def make_foreign(random: Random) -> bytes:
    """Make PKCS#8 of a kind that signs nothing: DH, DSA, X448 or none at all (RFC 5958)."""
    oid = random.choice([b"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01", b"\x2a\x86\x48\xce\x38\x04\x01", b"\x2b\x65\x6f",
                         b"\x2a\x86\x48\xce\x3e\x02\x01", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"])  # fmt: skip
    number = Node(2, b"\x7f" + random.randbytes(random.choice([1, 256, 1_250])))
    parameters = Node(0x30, children=(number, Node(2, b"\2")))
    algorithm = Node(0x30, children=(Node(6, oid), parameters))
    return Node(0x30, children=(Node(2, b"\0"), algorithm, Node(4, children=(number,)))).write()


PLAIN = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL
KINDS = ("P-256", "P-384", "P-521", "RSA", "secp256k1")


def pem_keys() -> Make[bytes]:
    """Return what makes keys near sound ones, in each container, sealed and not."""
    traditional = PrivateFormat.TraditionalOpenSSL
    openssh = [write(kind, PrivateFormat.OpenSSH, sealed) for kind in ("P-256", "Ed25519", "RSA") for sealed in (0, 1)]
    return either(
        near_pem("PRIVATE KEY", near_der(sample(*(write(k, PLAIN[0]) for k in (*KINDS, "Ed25519", "X25519"))))),
        near_pem("PRIVATE KEY", near_der(make_foreign)),
        near_pem("ENCRYPTED PRIVATE KEY", near_der(sample(*(write(k, PLAIN[0], True) for k in ("P-256", "RSA"))))),
        near_pem("EC PRIVATE KEY", near_der(sample(*(write(kind, traditional) for kind in ("P-256", "P-521"))))),
        near_pem("RSA PRIVATE KEY", near_der(sample(write("RSA", traditional)))),
        near_pem("OPENSSH PRIVATE KEY", near_strings(sample(*openssh), MAGIC)),
        near_pem("OPENSSH PRIVATE KEY", near_bytes(sample(*openssh))),
        near_pem("NEBULA X25519 PRIVATE KEY", near_bytes(sample(b"k" * 32))),
        near_pem("NEBULA ECDSA P256 PRIVATE KEY", near_bytes(sample(b"k" * 32))),
    )


@attrs.frozen
class OnePassword:
    """A password that is not asked for."""

    text: bytes = PASSWORD
    whose: str = ""

    def candidates(self, _: str) -> Sequence[bytes]:
        """Give it."""
        return [self.text]


def open_key(data: bytes) -> object:
    """Open a key file as `--key` and as `--nebula-key`, and sign by it."""
    store = LocalKeyStore(MemoryFiles({"key": data}))
    is_nebula = b"NEBULA" in data
    source = KeyFile("key", "nebula-key" if is_nebula else "key", is_nebula)
    return store.open(source, OnePassword()).sign(b"message")


def open_sealed(text: str) -> object:
    """Open a key that a CA hands out."""
    return LocalKeyStore(MemoryFiles({})).open(SealedKey(text, "the provisioner"), OnePassword())


@cache
def _seal() -> str:
    return seal_jwk(json_text.serialize(EC), PASSWORD, ITERATIONS)


def make_jwe(random: Random) -> str:
    """Make an encrypted JWK, compact or JSON, whose header or parts are changed."""
    header, *parts = _seal().split(".")
    members = json_text.parse(base64url.decode(header))
    changed = near_value(lambda _: members)(random)
    parts = [near_text(lambda _, part=part: part, 1)(random) if random.random() < 0.1 else part for part in parts]
    protected = base64url.encode(encode_json(changed))
    if random.random() < 0.5:
        return near_text(lambda _: ".".join([protected, *parts]), 1)(random)
    names = ("encrypted_key", "iv", "ciphertext", "tag")
    document = {"protected": protected, **dict(zip(names, parts, strict=True))}
    return write_json(near_value(lambda _: document, 1)(random))


def read_password(data: bytes) -> object:
    """Read a password file; the password opens an encrypted key or does not."""
    files = MemoryFiles({"password": data})
    [password] = FilePassword(files, "password", "--password-file").candidates("the password of the key")
    return open_jwe(_seal(), password)


TARGETS: list[Target] = [
    parser("pem-key", pem_keys(), open_key),
    parser("jwk", near_json(RSA, EC, P521, ED25519), open_key),
    parser("jwe", make_jwe, open_sealed),
    parser("key-file", near_bytes(either(near_json(EC), sample(_seal().encode(), b"\x30\x82", b""))), open_key),
    parser("password-file", near_bytes(sample(PASSWORD, PASSWORD + b"\r\n", "pässword\u3000".encode())), read_password),
]
