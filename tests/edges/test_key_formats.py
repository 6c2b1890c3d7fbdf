"""Private keys in PEM, OpenSSH and JWK, as openssl, ssh-keygen and step write them."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.jose.jws import make_signer
from adapters.keys.pem import load_pem_key
from domain.errors import InputError, KeyFormatError, WrongPasswordError
from tests.support.foreign_keys import (
    PASSWORD,
    PEM_KINDS,
    call_step,
    make_pem,
    make_ssh_key,
    publish_pem,
    run_program,
)

SSH_KINDS = {"ecdsa-256": ("ecdsa", "-b", "256"), "ecdsa-384": ("ecdsa", "-b", "384"),
             "ecdsa-521": ("ecdsa", "-b", "521"), "rsa": ("rsa", "-b", "2048"), "ed25519": ("ed25519",)}  # fmt: skip
PKCS8_CIPHERS = {
    "aes128": ("-v2", "aes128"),
    "aes192": ("-v2", "aes192"),
    "aes256": ("-v2", "aes256"),
    "aes256-sha512": ("-v2", "aes256", "-v2prf", "hmacWithSHA512"),
    "aes128-sha1": ("-v2", "aes128", "-v2prf", "hmacWithSHA1"),
    "des3": ("-v2", "des3"),
    "scrypt": ("-scrypt",),
    "pbes1-3des": ("-v1", "PBE-SHA1-3DES"),
}
LEGACY_CIPHERS = ("-aes128", "-aes256", "-des3")


@pytest.fixture(scope="module")
def pem() -> bytes:
    """A P-256 key in PKCS#8 from openssl."""
    return make_pem("P-256")


@pytest.fixture(scope="module")
def encrypted(pem: bytes) -> bytes:
    """The same key in encrypted PKCS#8, under PASSWORD."""
    return encrypt_pkcs8(pem, "-v2", "aes256", "-iter", "1")


def encrypt_pkcs8(pem: bytes, *options: str) -> bytes:
    """Return a PEM key in encrypted PKCS#8 by openssl."""
    return run_program("openssl", "pkcs8", "-topk8", *options, "-passout", f"pass:{PASSWORD}", stdin=pem)


def publish(key: object) -> bytes:
    """Return the public half of a key that was loaded, as openssl writes it, after it has signed something."""
    signer = make_signer(key)
    assert signer.sign(b"message")
    return signer.private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("kind", PEM_KINDS)
def test_pkcs8_of_openssl(kind: str) -> None:
    """A plain PKCS#8 key of every kind; a password that is not needed does no harm."""
    data = make_pem(kind)
    assert b"BEGIN PRIVATE KEY" in data
    for password in (None, b"not needed", b""):
        assert publish(load_pem_key(data, password)) == publish_pem(data)


@pytest.mark.parametrize("cipher", PKCS8_CIPHERS)
def test_encrypted_pkcs8_of_openssl(pem: bytes, cipher: str) -> None:
    """Every cipher and derivation: not without a password, not with a wrong one, with the right one."""
    data = encrypt_pkcs8(pem, *PKCS8_CIPHERS[cipher])
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in data
    check_encrypted(data, publish_pem(pem))


@pytest.mark.parametrize("kind", PEM_KINDS)
def test_every_kind_of_key_in_encrypted_pkcs8(kind: str) -> None:
    """RSA, EC and Ed25519 alike."""
    data = make_pem(kind)
    check_encrypted(encrypt_pkcs8(data, "-v2", "aes256"), publish_pem(data))


def check_encrypted(data: bytes, public: bytes) -> None:
    """Assert that `data` is known to be encrypted, and that PASSWORD alone opens it."""
    assert load_pem_key(data, None) is None
    for wrong in (b"wrong", b"", PASSWORD.encode() + b"\n", b"x" * 2_000):
        with pytest.raises(WrongPasswordError, match="the password does not open the key"):
            load_pem_key(data, wrong)
    assert publish(load_pem_key(data, PASSWORD.encode())) == public


def library_reads(data: bytes, password: bytes | None) -> bool:
    """Return whether this version of `cryptography` reads the key."""
    try:
        serialization.load_pem_private_key(data, password)
    except (ValueError, UnsupportedAlgorithm):
        return False
    return True


@pytest.mark.parametrize("cipher", ["camellia256", "aria128", "aes-256-cfb"])
def test_a_cipher_that_is_not_known_is_no_wrong_password(pem: bytes, cipher: str) -> None:
    """Encrypted PKCS#8 under another cipher is an unsupported container."""
    data = encrypt_pkcs8(pem, "-v2", cipher)
    with pytest.raises(KeyFormatError, match=r"algorithm that cannot be read.*convert it"):
        load_pem_key(data, PASSWORD.encode())


@pytest.mark.parametrize("cipher", ["-aes192", "-camellia128"])
def test_a_legacy_cipher_that_is_not_known_is_no_wrong_password(pem: bytes, cipher: str) -> None:
    """The same with `DEK-Info`."""
    data = run_program("openssl", "ec", cipher, "-passout", f"pass:{PASSWORD}", stdin=pem)
    if library_reads(data, PASSWORD.encode()):  # as it did before version 45
        assert publish(load_pem_key(data, PASSWORD.encode())) == publish_pem(pem)
        return
    with pytest.raises(KeyFormatError, match="algorithm that cannot be read"):
        load_pem_key(data, PASSWORD.encode())


@pytest.mark.parametrize("cipher", LEGACY_CIPHERS)
@pytest.mark.parametrize(("kind", "program"), [("P-256", "ec"), ("RSA", "rsa")])
def test_legacy_encryption_of_openssl(kind: str, program: str, cipher: str) -> None:
    """`Proc-Type: 4,ENCRYPTED` over SEC 1 and PKCS#1, with AES and triple DES."""
    data = make_pem(kind)
    traditional = ("-traditional",) if program == "rsa" else ()
    legacy = run_program("openssl", program, cipher, *traditional, "-passout", f"pass:{PASSWORD}", stdin=data)
    assert b"Proc-Type: 4,ENCRYPTED" in legacy
    check_encrypted(legacy, publish_pem(data))


def test_pkcs1_of_openssl() -> None:
    """A traditional RSA key."""
    data = run_program("openssl", "genrsa", "-traditional", "2048")
    assert b"BEGIN RSA PRIVATE KEY" in data
    assert publish(load_pem_key(data, None)) == publish_pem(data)


@pytest.mark.parametrize("curve", ["prime256v1", "secp384r1", "secp521r1"])
def test_sec1_of_openssl_with_its_parameters_before_it(curve: str) -> None:
    """`openssl ecparam -genkey` writes an EC PARAMETERS block first."""
    data = run_program("openssl", "ecparam", "-name", curve, "-genkey")
    assert data.startswith(b"-----BEGIN EC PARAMETERS-----") and b"BEGIN EC PRIVATE KEY" in data
    assert publish(load_pem_key(data, None)) == publish_pem(data)


@pytest.mark.parametrize("kind", SSH_KINDS)
def test_openssh_keys(tmp_path: Path, kind: str) -> None:
    """A plain and an encrypted key of ssh-keygen, of every type."""
    options = SSH_KINDS[kind]
    for number, password in enumerate(("", PASSWORD)):
        path = tmp_path / f"key{number}"
        data = make_ssh_key(path, options[0], password, *options[1:], "-a", "1")
        public = run_program("ssh-keygen", "-e", "-m", "PKCS8", "-f", f"{path}.pub") if kind != "ed25519" else None
        if password:
            assert load_pem_key(data, None) is None
        key = load_pem_key(data, password.encode() or None)
        line = make_signer(key).private_key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        assert Path(f"{path}.pub").read_bytes().startswith(line + b" ")
        assert public is None or publish(key) == public


@pytest.mark.parametrize("cipher", ["aes256-ctr", "aes256-cbc", "aes256-gcm@openssh.com"])
def test_a_wrong_password_of_an_openssh_key(tmp_path: Path, cipher: str) -> None:
    """Whatever the cipher, authenticated ones included: not opened, but no other error."""
    data = make_ssh_key(tmp_path / "key", "ed25519", PASSWORD, "-Z", cipher, "-a", "1")
    assert load_pem_key(data, None) is None
    assert make_signer(load_pem_key(data, PASSWORD.encode())).public.algorithm == "EdDSA"
    for wrong in (b"wrong", b""):
        with pytest.raises(WrongPasswordError, match="the password does not open the key"):
            load_pem_key(data, wrong)


@pytest.mark.parametrize("cipher", ["chacha20-poly1305@openssh.com", "aes128-ctr"])
def test_an_openssh_cipher_that_is_not_known_is_said_before_a_password_is_wanted(tmp_path: Path, cipher: str) -> None:
    """The container names its cipher in the clear."""
    data = make_ssh_key(tmp_path / "key", "ed25519", PASSWORD, "-Z", cipher, "-a", "1")
    with pytest.raises(KeyFormatError, match="algorithm that cannot be read"):
        load_pem_key(data, None)


@pytest.mark.parametrize("kind", [("EC", "--curve", "P-256"), ("EC", "--curve", "P-521"), ("RSA",), ("OKP",)])
@pytest.mark.parametrize("password", [False, True])
def test_pem_keys_of_step(step_program: str, tmp_path: Path, kind: tuple[str, ...], password: bool) -> None:
    """What `step crypto keypair` writes, plain and encrypted."""
    public, private, secret = tmp_path / "public.pem", tmp_path / "private.pem", tmp_path / "password"
    secret.write_text(PASSWORD)
    how = ("--password-file", str(secret)) if password else ("--no-password", "--insecure")
    result = call_step(step_program, "crypto", "keypair", str(public), str(private), "--kty", *kind, *how)
    assert result.status == 0, result.err
    data = private.read_bytes()
    assert (load_pem_key(data, None) is None) is password
    assert publish(load_pem_key(data, PASSWORD.encode())) == public.read_bytes()


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda data: b"A key for the CA:\n\n" + data, "text before it"),
        (lambda data: data + b"\nand text after it", "text after it"),
        (lambda data: data.rstrip(b"\n"), "no newline at its end"),
        (lambda data: data + b"\n\n\n", "empty lines at its end"),
        (lambda data: data.replace(b"\n", b"\r\n"), "Windows line endings"),
        (lambda data: b"\xef\xbb\xbf" + data, "a byte order mark"),
        (
            lambda data: b"Bag Attributes\n    friendlyName: x\nKey Attributes: <No Attributes>\n" + data,
            "a bag's names",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("container", ["PKCS#8", "encrypted PKCS#8", "OpenSSH", "legacy"])
def test_what_surrounds_a_pem_block_does_not_matter(
    tmp_path: Path, pem: bytes, encrypted: bytes, container: str, change: Any, what: str
) -> None:
    """Files as editors, mail and other tools leave them."""
    data = {
        "PKCS#8": lambda: pem,
        "encrypted PKCS#8": lambda: encrypted,
        "OpenSSH": lambda: make_ssh_key(tmp_path / "key", "ecdsa"),
        "legacy": lambda: run_program("openssl", "ec", "-aes128", "-passout", f"pass:{PASSWORD}", stdin=pem),
    }[container]()
    expected = load_pem_key(data, PASSWORD.encode())
    assert publish(load_pem_key(change(data), PASSWORD.encode())) == publish(expected), what


def test_other_blocks_beside_the_key_do_not_matter(pem: bytes) -> None:
    """A certificate and parameters may stand in the same file."""
    certificate = run_program("openssl", "req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=x", stdin=pem)
    for data in (certificate + pem, pem + certificate, pem + publish_pem(pem)):
        assert publish(load_pem_key(data, None)) == publish_pem(pem)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (publish_pem, "holds PUBLIC KEY, not a private key"),
        (
            lambda pem: run_program("openssl", "req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=x", stdin=pem),
            "holds CERTIFICATE, not a private key",
        ),
        (lambda pem: pem + make_pem("Ed25519"), "holds several private keys"),
        (lambda pem: pem + pem, "holds several private keys"),
        (lambda pem: run_program("openssl", "ecparam", "-name", "prime256v1"), "holds EC PARAMETERS, not"),
        (
            lambda pem: b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n",
            "holds PGP PRIVATE KEY BLOCK, not a private key",
        ),
        (lambda pem: b"", "holds no PEM block"),
        (lambda pem: pem[:80], "PRIVATE KEY is damaged"),
        (lambda pem: pem.replace(b"END PRIVATE", b"END PUBLIC"), "PRIVATE KEY is damaged"),
        (lambda pem: pem.replace(b"MIGH", b"MIGA"), "PRIVATE KEY is damaged"),
    ],
)
def test_files_that_hold_no_key_of_use_are_refused(pem: bytes, make: Any, named: str) -> None:
    """Certificates, public keys, several keys, cut files, other curves: the error names what is there."""
    for password in (None, b"password"):
        with pytest.raises(KeyFormatError, match=named):
            load_pem_key(make(pem), password)


def test_a_curve_that_signs_no_tokens_is_refused() -> None:
    """A key on another curve is refused as it is read, or, where the library still reads it, by who signs."""
    data = run_program("openssl", "ecparam", "-name", "sect233k1", "-genkey", "-noout")
    reason = "sect233k1" if library_reads(data, None) else "cannot be read"
    for password in (None, b"password"):
        with pytest.raises(KeyFormatError, match=reason):
            make_signer(load_pem_key(data, password))


def test_a_damaged_encrypted_key_is_no_wrong_password(encrypted: bytes) -> None:
    """A broken container is known before a password is wanted."""
    for damaged in (encrypted.replace(b"MIH", b"MAH"), encrypted[:-60], encrypted.replace(b"\n", b"\n!", 2)):
        with pytest.raises(KeyFormatError, match="damaged"):
            load_pem_key(damaged, None)


@pytest.mark.parametrize("kind", ["dsa", "x25519"])
def test_a_key_that_cannot_sign_tokens_is_refused_without_a_warning(tmp_path: Path, kind: str) -> None:
    """The library's own warnings do not reach the user."""
    if kind == "dsa":
        data = run_program("openssl", "dsaparam", "-genkey", "-noout", "1024")
        path = tmp_path / "key"
        path.write_bytes(data)
        path.chmod(0o600)
        run_program("ssh-keygen", "-p", "-P", "", "-N", "", "-f", str(path))
        data = path.read_bytes()
        assert b"BEGIN OPENSSH PRIVATE KEY" in data
    else:
        data = run_program("openssl", "genpkey", "-algorithm", "x25519")
    with pytest.raises(KeyFormatError, match="cannot sign a token"):
        make_signer(load_pem_key(data, None))


@given(st.data())
@settings(max_examples=150)
def test_no_damage_to_a_file_escapes(pem: bytes, encrypted: bytes, data: st.DataObject) -> None:
    """Bytes changed anywhere give a key, the wish for a password, or one of our errors."""
    damaged = bytearray(data.draw(st.sampled_from([pem, encrypted])))
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for password in (None, PASSWORD.encode()):
        try:
            key = load_pem_key(bytes(damaged), password)
        except InputError:
            continue
        assert key is not None or password is None
