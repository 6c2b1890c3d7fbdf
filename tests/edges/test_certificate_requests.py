"""Reading signing requests and public keys of openssl's, and what step-ca writes into its certificates."""

import re
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from adapters.certificates.reader import CertificateReader
from adapters.certificates.requests import read_public_keys, read_request
from adapters.jose.jws import make_signer
from adapters.keys.pem import load_pem_key
from domain.errors import InputError
from domain.formats import base64url
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.ca_client import make_ssh_key as make_ssh_line
from tests.support.foreign_keys import PEM_KINDS, make_pem, make_ssh_key, publish_pem, run_program
from tests.support.provisioned_ca import X5C, ProvisionedCa
from tests.support.running import invoke
from tests.support.verify_court import read_published

READER = CertificateReader()
SHOWN = {"P-256": "EC on secp256r1", "P-384": "EC on secp384r1", "P-521": "EC on secp521r1",
         "RSA": "RSA of 2048 bits", "Ed25519": "Ed25519PublicKey"}  # fmt: skip
SANS = "DNS:a.test,DNS:*.b.test,IP:10.0.0.7,IP:2001:db8::1,email:me@a.test,URI:spiffe://a.test/web"


def request(folder: Path, key: bytes, *words: str, subject: str = "/O=Example/CN=first/CN=a.test") -> bytes:
    """Return a CSR of openssl's in PEM."""
    (folder / "key.pem").write_bytes(key)
    return run_program("openssl", "req", "-new", "-key", str(folder / "key.pem"), "-subj", subject, *words)


def to_der(pem: bytes) -> bytes:
    return run_program("openssl", "req", "-outform", "DER", stdin=pem)


@pytest.mark.parametrize("kind", PEM_KINDS)
def test_a_csr_tells_its_key(kind: str, tmp_path: Path) -> None:
    """Every key that signs tokens may be certified too; signature and fingerprint are openssl's."""
    pem = request(tmp_path, make_pem(kind))
    read = read_request(pem)
    assert (read.key, read.takes_key, read.is_signed) == (SHOWN[kind], True, True)
    assert read.fingerprint == base64url.encode(sha256(to_der(pem)).digest())
    assert read == read_request(to_der(pem))


def test_a_csr_tells_its_names(tmp_path: Path) -> None:
    """Names by their type, addresses in their canonical form; of several common names the last."""
    read = read_request(request(tmp_path, make_pem("P-256"), "-addext", f"subjectAltName={SANS}"))
    assert read.common_name == "a.test"
    assert read.dns_names == ("a.test", "*.b.test")
    assert read.ip_addresses == ("10.0.0.7", "2001:db8::1")
    assert read.emails == ("me@a.test",)
    assert read.uris == ("spiffe://a.test/web",)


@pytest.mark.parametrize("subject", ["/", "/O=Example"])
def test_a_csr_without_names_has_none(subject: str, tmp_path: Path) -> None:
    """The smallest CSR there is, with an Ed25519 key and no name, is read in PEM and in DER."""
    pem = request(tmp_path, make_pem("Ed25519"), subject=subject)
    for data in (pem, to_der(pem)):
        read = read_request(data)
        assert (read.common_name, read.dns_names, read.ip_addresses, read.emails, read.uris) == ("", (), (), (), ())


def test_text_around_a_csr_does_not_matter(tmp_path: Path) -> None:
    """What openssl prints before the request, and a key beside it, are passed over."""
    pem = request(tmp_path, make_pem("P-256"))
    spoken = run_program("openssl", "req", "-text", stdin=pem)
    assert read_request(spoken) == read_request(pem) == read_request(make_pem("RSA") + pem.replace(b"\n", b"\r\n"))
    assert read_request(pem.replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST")) == read_request(pem)


@pytest.mark.parametrize(
    ("words", "shown"),
    [(("EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"), "EC on secp256k1"),
     (("RSA", "-pkeyopt", "rsa_keygen_bits:1024"), "RSA of 1024 bits"),
     (("ED448",), "Ed448PublicKey")],
)  # fmt: skip
def test_a_key_that_step_ca_does_not_certify_is_told(words: tuple[str, ...], shown: str, tmp_path: Path) -> None:
    """A curve or an algorithm that Go does not know, or too short a key."""
    key = run_program("openssl", "genpkey", "-algorithm", *words)
    read = read_request(request(tmp_path, key))
    assert (read.key, read.takes_key) == (shown, False)


def test_a_csr_that_somebody_changed_is_not_signed(tmp_path: Path) -> None:
    """It is read all the same, for the verdict to say so."""
    der = bytearray(to_der(request(tmp_path, make_pem("P-256"))))
    der[-1] ^= 1
    assert not read_request(bytes(der)).is_signed


@pytest.mark.parametrize("damage", ["nothing", "text", "certificate", "cut", "more", "ruin", "key"])
def test_what_is_no_csr_is_an_error(damage: str, tmp_path: Path) -> None:
    """Whatever else a file holds, the error is one line that says what to give."""
    pem = request(tmp_path, make_pem("P-256"))
    data = {
        "nothing": b"", "text": b"a.test\n", "cut": to_der(pem)[:-1], "more": to_der(pem) + b"\n",
        "ruin": pem.replace(b"MI", b"!!", 1), "key": make_pem("P-256"),
        "certificate": run_program("openssl", "req", "-x509", "-key", str(tmp_path / "key.pem"), "-subj", "/CN=a"),
    }[damage]  # fmt: skip
    with pytest.raises(InputError, match="no certificate signing request that can be read"):
        read_request(data)


# -- Public keys ------------------------------------------------------------------------------------


def test_public_keys_are_read_in_their_order() -> None:
    """Several blocks with text between, as Kubernetes' keys are given; each is its private key's half."""
    pems = [make_pem(kind) for kind in PEM_KINDS]
    read = read_public_keys(b"keys:\n" + b"# next\n".join(map(publish_pem, pems)))
    assert [key.thumbprint() for key in read] == [
        make_signer(load_pem_key(pem, None)).public.thumbprint() for pem in pems
    ]
    assert read_public_keys(b"") == []


@pytest.mark.parametrize("damage", ["ruin", "cut", "curve"])
def test_a_public_key_that_cannot_be_used_is_an_error(damage: str) -> None:
    """One bad key is not left out in silence."""
    sound = publish_pem(make_pem("P-256"))
    foreign = ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1")
    data = {"ruin": sound.replace(b"MF", b"!!", 1), "cut": sound[: len(sound) // 2],
            "curve": publish_pem(run_program("openssl", *foreign))}[damage]  # fmt: skip
    with pytest.raises(InputError, match="a public key cannot be read"):
        read_public_keys(sound + data)


# -- What step-ca signs -----------------------------------------------------------------------------


def test_a_certificate_names_the_provisioner_that_gave_it(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The real CA's extension is read: the JWK provisioner's name, and the X5C provisioner's."""
    held = provisioned_ca.hold(tmp_path)
    for flags, name in (((), "sandbox@example.com"), (held.flags, X5C)):
        words = ["token", "machine.test", *flags, *([] if flags else ["--kid", find_kid(provisioned_ca)])]
        token = invoke(*words, environment=provisioned_ca.environment).token
        csr = make_csr("machine.test", [general_name("machine.test")])
        signed = connect(provisioned_ca.ca).sign(csr, token).certificate
        [read] = READER.read_chain(signed.public_bytes(Encoding.DER))
        assert (read.provisioner, read.is_ca, read.has_open_questions) == (name, False, False)


def find_kid(ca: ProvisionedCa) -> str:
    return next(one.key_id for one in read_published(ca.environment, "offline").provisioners if one.key_id)


def test_an_ssh_certificate_is_signed_by_the_key_that_the_ca_publishes(provisioned_ca: ProvisionedCa) -> None:
    """The signer of a real certificate is among the CA's keys of its type, and not of the other."""
    token = invoke("token", "my.host", "--ssh", "--host", "--kid", find_kid(provisioned_ca),
                   environment=provisioned_ca.environment).token  # fmt: skip
    answer = connect(provisioned_ca.ca).sign_ssh(make_ssh_line(), token)
    assert answer.status == 201, answer.body
    read, settings = READER.read_ssh(answer.body["crt"].encode()), read_published(provisioned_ca.environment).settings
    assert read.is_host and read.signed_by in (settings.ssh_host_keys or ())
    assert read.signed_by not in (settings.ssh_user_keys or ())


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519", "rsa"])
def test_the_signer_of_an_ssh_certificate_is_ssh_keygens(kind: str, tmp_path: Path) -> None:
    """Its fingerprint is the one that ssh-keygen prints, and there is none where the signature does not hold."""
    make_ssh_key(tmp_path / "ca", kind)
    make_ssh_key(tmp_path / "key", "ed25519")
    run_program("ssh-keygen", "-q", "-s", str(tmp_path / "ca"), "-I", "max", str(tmp_path / "key.pub"))
    line = (tmp_path / "key-cert.pub").read_bytes()
    printed = run_program("ssh-keygen", "-L", "-f", str(tmp_path / "key-cert.pub")).decode()
    digest = b64encode(sha256(b64decode(READER.read_ssh(line).signed_by)).digest()).decode().rstrip("=")
    assert re.search(rf"Signing CA: \S+ SHA256:{re.escape(digest)} ", printed)
    wire = bytearray(b64decode(line.split()[1]))
    wire[wire.index(b"max") + 1] ^= 1
    assert READER.read_ssh(b64encode(wire)).signed_by == ""


def test_a_request_is_read_apart_from_what_stands_beside_it() -> None:
    """What goes to a CA is its DER alone: a private key in the same file, or text around it, stays here."""
    key = ec.generate_private_key(ec.SECP256R1())
    csr = make_csr("web.test", key=key)
    pem, der = csr.public_bytes(Encoding.PEM), csr.public_bytes(Encoding.DER)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (
        pem,
        secret + pem,
        pem + secret,
        b"Certificate Request:\n    Data:\n" + pem,
        pem + b"\xff\xfe",
        der,
    ):
        assert READER.read_request(content).der == der
