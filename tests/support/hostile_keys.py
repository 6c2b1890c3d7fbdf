"""Key files that ask for more work, or hold larger numbers, than any key does that somebody signs with."""

import base64
import json
import random
from collections.abc import Callable, Mapping
from functools import cache
from hashlib import pbkdf2_hmac
from pathlib import Path
from typing import Any

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from domain.formats import base64url
from tests.support import forged_nebula
from tests.support.forged_nebula import der, write_block

PASSWORD = b"correct horse"
SALT = b"saltsalt"
NULL = der(0x05)
RSADSI = "1.2.840.113549"


def oid(text: str) -> bytes:
    """Return an object identifier in DER."""
    first, second, *rest = map(int, text.split("."))
    octets = b""
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, arc & 0x7F | 0x80)
        octets += bytes(groups)
    return der(0x06, octets)


def integer(value: int) -> bytes:
    """Return an integer that is not negative in DER."""
    return der(0x02, forged_nebula.integer(value))


def number(bits: int) -> int:
    """Return an odd number of exactly so many bits, always the same one."""
    return random.Random(bits).getrandbits(bits) | 1 | 1 << bits - 1


# -- Containers -------------------------------------------------------------------------------------


def pkcs8(algorithm: bytes, key: bytes) -> bytes:
    """Return a PrivateKeyInfo (RFC 5958)."""
    return der(0x30, integer(0), algorithm, der(0x04, key))


def seal(plain: bytes, derivation: bytes | None = None, cipher: bytes | None = None) -> bytes:
    """Return `plain` in PEM under PASSWORD by one iteration of PBKDF2, whatever derivation and cipher are named."""
    key, iv, padder = pbkdf2_hmac("sha1", PASSWORD, SALT, 1, 32), b"i" * 16, PKCS7(128).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    content = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    scheme = der(0x30, derivation or pbkdf2(1), cipher or der(0x30, oid("2.16.840.1.101.3.4.1.42"), der(0x04, iv)))
    info = der(0x30, der(0x30, oid(f"{RSADSI}.1.5.13"), scheme), der(0x04, content))
    return write_block("ENCRYPTED PRIVATE KEY", info)


def pbkdf2(iterations: int, *more: bytes) -> bytes:
    """Return a derivation by PBKDF2."""
    return der(0x30, oid(f"{RSADSI}.1.5.12"), der(0x30, der(0x04, SALT), integer(iterations), *more))


def scrypt(n: int, r: int, p: int) -> bytes:
    """Return a derivation by scrypt."""
    return der(0x30, oid("1.3.6.1.4.1.11591.4.11"), der(0x30, der(0x04, SALT), *map(integer, (n, r, p))))


def pbes1(iterations: int) -> bytes:
    """Return a key in PEM that PBE with SHA-1 and triple DES would open, but for its content."""
    scheme = der(0x30, oid(f"{RSADSI}.1.12.1.3"), der(0x30, der(0x04, SALT), integer(iterations)))
    return write_block("ENCRYPTED PRIVATE KEY", der(0x30, scheme, der(0x04, bytes(64))))


def string(data: bytes) -> bytes:
    """Return a string of SSH's (RFC 4251, section 5)."""
    return len(data).to_bytes(4, "big") + data


def openssh(public: bytes, private: bytes, rounds: int = 0, cipher: bytes = b"aes256-ctr") -> bytes:
    """Return OpenSSH's container, which says that bcrypt seals it where there are `rounds`."""
    private = string(private + bytes(range(1, 1 + -len(private) % 16)))
    how = string(cipher) + string(b"bcrypt") + string(string(SALT) + rounds.to_bytes(4, "big"))
    head = how if rounds else string(b"none") + string(b"none") + string(b"")
    container = b"openssh-key-v1\0" + head + (1).to_bytes(4, "big") + string(public) + private
    return write_block("OPENSSH PRIVATE KEY", container)


def mpint(value: int) -> bytes:
    """Return a number of SSH's (RFC 4251, section 5)."""
    return string(value.to_bytes(value.bit_length() // 8 + 1, "big"))


# -- Keys -------------------------------------------------------------------------------------------


@cache
def p256() -> ec.EllipticCurvePrivateKey:
    """Return a sound key."""
    return ec.generate_private_key(ec.SECP256R1())


def p256_pkcs8() -> bytes:
    """Return it in PKCS#8."""
    return p256().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def p256_openssh(is_compressed: bool) -> bytes:
    """Return it in OpenSSH's container, its point compressed or not."""
    form = PublicFormat.CompressedPoint if is_compressed else PublicFormat.UncompressedPoint
    point = p256().public_key().public_bytes(Encoding.X962, form)
    kind = string(b"ecdsa-sha2-nistp256")
    public = string(b"nistp256") + string(point)
    secret = mpint(p256().private_numbers().private_value)
    return openssh(kind + public, bytes(8) + kind + public + secret + string(b""))


@attrs.frozen(repr=False)
class RsaNumbers:
    """A private RSA key of two primes; `dp`, `dq` and `qi` are the exponents and the coefficient of CRT."""

    n: int
    e: int
    d: int
    p: int
    q: int
    dp: int
    dq: int
    qi: int


@cache
def sound_rsa() -> RsaNumbers:
    """Return the numbers of a sound RSA key of 2048 bits."""
    own = rsa.generate_private_key(65537, 2048).private_numbers()
    e, n = own.public_numbers.e, own.public_numbers.n
    return RsaNumbers(n, e, own.d, own.p, own.q, own.dmp1, own.dmq1, own.iqmp)


def long_rsa() -> RsaNumbers:
    """Return the numbers of a sound RSA key of 8192 bits, whose primes take long to find."""
    primes = json.loads((Path(__file__).parent / "rsa_8192_primes.json").read_text())
    p, q = (int(primes[name], 16) for name in "pq")
    d = pow(65537, -1, (p - 1) * (q - 1))
    return RsaNumbers(p * q, 65537, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))


def huge_rsa(bits: int) -> RsaNumbers:
    """Return the numbers of what looks like an RSA key; its primes are none."""
    half = number(bits // 2)
    return RsaNumbers(number(bits), 65537, number(bits - 1), half, half + 2, half - 2, half - 4, half - 6)


def rsa_pkcs1(key: RsaNumbers) -> bytes:
    """Return a private RSA key (RFC 8017, A.1.2)."""
    return der(0x30, *map(integer, (0, key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi)))


def rsa_pkcs8(key: RsaNumbers) -> bytes:
    """Return it in PKCS#8."""
    return pkcs8(der(0x30, oid(f"{RSADSI}.1.1.1"), NULL), rsa_pkcs1(key))


def rsa_openssh(key: RsaNumbers) -> bytes:
    """Return it in OpenSSH's container."""
    kind = string(b"ssh-rsa")
    private = bytes(8) + kind + b"".join(map(mpint, (key.n, key.e, key.d, key.qi, key.p, key.q))) + string(b"")
    return openssh(kind + mpint(key.e) + mpint(key.n), private)


def rsa_jwk(key: RsaNumbers) -> dict[str, str]:
    """Return it as a JWK."""
    members = {name: getattr(key, name) for name in ("n", "e", "d", "p", "q", "dp", "dq", "qi")}
    return {"kty": "RSA"} | {
        name: base64url.encode(value.to_bytes((value.bit_length() + 7) // 8, "big")) for name, value in members.items()
    }


def dh_pkcs8(bits: int, is_x942: bool = False) -> bytes:
    """Return a DH key in PKCS#8."""
    numbers = (number(bits), 2, number(256)) if is_x942 else (number(bits), 2)
    name = "1.2.840.10046.2.1" if is_x942 else f"{RSADSI}.1.3.1"
    return pkcs8(der(0x30, oid(name), der(0x30, *map(integer, numbers))), integer(5))


def dsa_pkcs8(bits: int) -> bytes:
    """Return a DSA key in PKCS#8."""
    parameters = der(0x30, *map(integer, (number(bits), number(256), 2)))
    return pkcs8(der(0x30, oid("1.2.840.10040.4.1"), parameters), integer(number(bits - 1)))


def dsa_openssh(bits: int) -> bytes:
    """Return a DSA key in OpenSSH's container."""
    kind, numbers = string(b"ssh-dss"), b"".join(map(mpint, (number(bits), number(160), 2, number(bits - 1))))
    return openssh(kind + numbers, bytes(8) + kind + numbers + mpint(number(bits - 1)) + string(b""))


def explicit_ec() -> bytes:
    """Return an EC key in PKCS#8 on a curve of its own, whose field is huge."""
    field = der(0x30, oid("1.2.840.10045.1.1"), integer(number(200_000)))
    curve, point = der(0x30, der(0x04, b"\1" * 5_000), der(0x04, b"\2" * 5_000)), der(0x04, b"\4" + b"\3" * 5_000)
    parameters = der(0x30, integer(1), field, curve, point, integer(number(10_000)), integer(1))
    key = der(0x30, integer(1), der(0x04, b"\1" * 32))
    return pkcs8(der(0x30, oid("1.2.840.10045.2.1"), parameters), key)


def wrap(content: bytes) -> bytes:
    """Return PKCS#8 in PEM."""
    return write_block("PRIVATE KEY", content)


def legacy(label: str, content: bytes) -> bytes:
    """Return PEM that says that it is encrypted as SSLeay did (RFC 1421)."""
    text = base64.encodebytes(content)
    head = b"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
    return f"-----BEGIN {label}-----\n".encode() + head + text + f"-----END {label}-----\n".encode()


def jwk(members: Mapping[str, Any]) -> bytes:
    """Return a JWK's file."""
    return json.dumps(members).encode()


FILES: Mapping[str, tuple[Callable[[], bytes], str]] = {
    "2 to the 63rd iterations of PBKDF2": (
        lambda: seal(p256_pkcs8(), pbkdf2(2**63 - 1)), "more than 1000000 PBKDF2 iterations"),
    "1,000,001 iterations of PBKDF2": (
        lambda: seal(p256_pkcs8(), pbkdf2(1_000_001)), "more than 1000000 PBKDF2 iterations"),
    "no iteration of PBKDF2": (lambda: seal(p256_pkcs8(), pbkdf2(0)), "asks for no PBKDF2 iterations"),
    "less than none": (
        lambda: seal(p256_pkcs8(), der(0x30, oid(f"{RSADSI}.1.5.12"),
                                       der(0x30, der(0x04, SALT), der(0x02, b"\x80")))), "damaged"),
    "a key of another length": (lambda: seal(p256_pkcs8(), pbkdf2(1, integer(2**40))), "damaged"),
    "4 GiB of scrypt": (lambda: seal(p256_pkcs8(), scrypt(2**22, 8, 1)), "more than 64 MiB of memory for scrypt"),
    "a wide scrypt": (lambda: seal(p256_pkcs8(), scrypt(2, 2**30, 1)), "more than 64 MiB of memory for scrypt"),
    "a scrypt of wide blocks": (
        lambda: seal(p256_pkcs8(), scrypt(2, 2**18, 1)), "more than 64 MiB of memory for scrypt"),
    "a scrypt of many lanes": (
        lambda: seal(p256_pkcs8(), scrypt(2, 1, 2**19)), "more than 64 MiB of memory for scrypt"),
    "a long scrypt": (lambda: seal(p256_pkcs8(), scrypt(2**14, 8, 2**10)), "steps of scrypt"),
    "a scrypt of 3": (lambda: seal(p256_pkcs8(), scrypt(3, 8, 1)), "damaged"),
    "2 to the 63rd iterations of PKCS#12": (lambda: pbes1(2**63 - 1), "more than 1000000 PKCS#12 iterations"),
    "10,000 rounds of bcrypt": (
        lambda: openssh(string(b"ssh-ed25519") + string(bytes(32)), bytes(160), 10_000), "than 500 bcrypt rounds"),
    "4 billion rounds of bcrypt": (
        lambda: openssh(string(b"ssh-ed25519") + string(bytes(32)), bytes(160), 2**32 - 1), "than 500 bcrypt rounds"),
    "RSA of 8676 bits in PKCS#1": (
        lambda: write_block("RSA PRIVATE KEY", rsa_pkcs1(huge_rsa(8_676))), "RSA key of 8676 bits"),
    "RSA of 80000 bits in PKCS#1": (
        lambda: write_block("RSA PRIVATE KEY", rsa_pkcs1(huge_rsa(80_000))), "RSA key of 80000 bits"),
    "RSA of 20000 bits in PKCS#8": (lambda: wrap(rsa_pkcs8(huge_rsa(20_000))), "RSA key of 20000 bits"),
    "RSA of 20000 bits in OpenSSH": (lambda: rsa_openssh(huge_rsa(20_000)), "RSA key of 20000 bits"),
    "RSA of 20000 bits in a JWK": (lambda: jwk(rsa_jwk(huge_rsa(20_000))), "RSA key of 20000 bits"),
    "RSA of 20000 bits that is sealed": (lambda: seal(rsa_pkcs8(huge_rsa(20_000))), "RSA key of 20000 bits"),
    "RSA of 8192 bits whose primes are none": (
        lambda: wrap(rsa_pkcs8(huge_rsa(8_192))), "the RSA key is damaged: its parts do not match"),
    "RSA of 8192 bits in a JWK whose primes are none": (
        lambda: jwk(rsa_jwk(huge_rsa(8_192))), "its parts do not match"),
    "DH of 10000 bits": (lambda: wrap(dh_pkcs8(10_000)), "a DH key cannot sign a token"),
    "DH as X9.42 has it": (lambda: wrap(dh_pkcs8(9_000, is_x942=True)), "a DH key cannot sign a token"),
    "DH that is sealed": (lambda: seal(dh_pkcs8(10_000)), "a DH key cannot sign a token"),
    "DSA of 100000 bits": (lambda: wrap(dsa_pkcs8(100_000)), "a DSA key cannot sign a token"),
    "DSA that is sealed": (lambda: seal(dsa_pkcs8(100_000)), "a DSA key cannot sign a token"),
    "DSA in OpenSSH": (lambda: dsa_openssh(60_000), "a DSA key cannot sign a token"),
    "DSA beside a sound key": (
        lambda: write_block("DSA PRIVATE KEY", der(0x30, *map(integer, (0, number(60_000), number(256), 2, 4,
                                                                        number(59_000)))))
        + write_block("ENCRYPTED PRIVATE KEY", b"0"), "damaged"),
    "a curve of its own": (lambda: wrap(explicit_ec()), "algorithm that cannot be read"),
    "a compressed point in OpenSSH": (lambda: p256_openssh(is_compressed=True), "cannot be read"),
    "an OpenSSH key of a device": (
        lambda: openssh(string(b"sk-ssh-ed25519@openssh.com") + string(bytes(32)), bytes(64)), "cannot sign a token"),
    "another scheme": (
        lambda: write_block("ENCRYPTED PRIVATE KEY", der(0x30, der(0x30, oid(f"{RSADSI}.1.12.1.6"),
                            der(0x30, der(0x04, SALT), integer(1))), der(0x04, bytes(64)))), "cannot be read"),
    "half a container of OpenSSH": (lambda: write_block("OPENSSH PRIVATE KEY", b"openssh-key-v1\0\0\0\0\4"), "damaged"),
    "a length beyond the end": (lambda: wrap(b"\x30\x84\xff\xff\xff\xff\2"), "damaged"),
}  # fmt: skip
"""What stands in the file, and what the error says."""


def sealed_ed25519() -> bytes:
    """Return a sound key under PASSWORD."""
    key = ed25519.Ed25519PrivateKey.generate()
    return seal(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
