"""Reading certificates, and the rules for those that sign a token; the certificates are of openssl and ssh-keygen."""

import re
import subprocess
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from adapters.certificates.reader import CertificateReader
from adapters.jose.jws import make_signer
from adapters.keys.pem import load_pem_key
from domain.certificates.chain import find_leaf, guess_leaf, order_chain
from domain.certificates.x509_and_ssh import FOREVER, check_key, check_usage, check_validity
from domain.errors import InputError, KeyMismatchError
from domain.formats.duration import NANOSECONDS
from tests.support.foreign_keys import PEM_KINDS, make_pem, make_ssh_key, run_program
from tests.support.offline_place import write_root

READER = CertificateReader()
SIGNATURE, CLIENT = "keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth"


def certify(folder: Path, *extensions: str, kind: str = "P-256", subject: str = "/O=Example/CN=leaf.test") -> bytes:
    """Return a self-signed certificate of openssl in PEM, whose key is then in `key.pem`."""
    key = folder / "key.pem"
    key.write_bytes(make_pem(kind))
    added = [word for extension in extensions for word in ("-addext", extension)]
    return run_program("openssl", "req", "-x509", "-key", str(key), "-subj", subject, "-days", "1", *added)


def convert(pem: bytes) -> bytes:
    """Return a certificate in DER, as openssl writes it."""
    return run_program("openssl", "x509", "-outform", "DER", stdin=pem)


@pytest.fixture(scope="module")
def leaf(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A certificate in PEM."""
    return certify(tmp_path_factory.mktemp("leaf"), SIGNATURE, CLIENT)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Another certificate of the same name in PEM."""
    return certify(tmp_path_factory.mktemp("other"), SIGNATURE, CLIENT)


# -- X.509, read ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", PEM_KINDS)
def test_a_certificate_tells_its_name_and_key(kind: str, tmp_path: Path) -> None:
    """The common name, and the thumbprint of the key, are those of openssl's input."""
    [certificate] = READER.read_chain(certify(tmp_path, kind=kind))
    signer = make_signer(load_pem_key((tmp_path / "key.pem").read_bytes(), None))
    assert certificate.common_name == "leaf.test"
    assert certificate.public is not None and certificate.public.thumbprint() == signer.public.thumbprint()


def test_every_container_holds_the_same_certificates(leaf: bytes, other: bytes) -> None:
    """PEM with text around it, with carriage returns or beside a key, and DER, give the same DER in order."""
    key = make_pem("P-256")
    chains = [leaf + other, b"0 s:CN = leaf\n" + leaf + b"1 s:\n" + other + b"---\n", leaf + key + other]
    for data in (*chains, chains[0].replace(b"\n", b"\r\n")):
        assert [certificate.der for certificate in READER.read_chain(data)] == [convert(leaf), convert(other)]
    assert [certificate.der for certificate in READER.read_chain(convert(leaf))] == [convert(leaf)]


@pytest.mark.parametrize("last", [b"\n", b" "])
def test_der_is_read_to_its_last_byte(last: bytes, tmp_path: Path) -> None:
    """A signature may end in a byte that would be white space in a text."""
    names = (write_root(tmp_path / "root.crt", f"{number}").public_bytes(Encoding.DER) for number in range(10_000))
    der = next(name for name in names if name.endswith(last))
    assert READER.read_chain(der)[0].der == der


def _cut(pem: bytes) -> bytes:
    return pem[: pem.index(b"-----END")]


DAMAGED = {
    "empty": lambda pem: b"",
    "text": lambda pem: b"no certificate\n",
    "label only": lambda pem: b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
    "key": lambda pem: make_pem("P-256"),
    "DER key": lambda pem: run_program("openssl", "pkey", "-outform", "DER", stdin=make_pem("RSA")),
    "DER cut": lambda pem: convert(pem)[:-1],
    "DER and more": lambda pem: convert(pem) + b"\n",
    "second without end": lambda pem: pem + _cut(pem),
    "second in ruins": lambda pem: pem + pem.replace(b"MII", b"M!I", 1),
    "first without end": lambda pem: _cut(pem) + pem,
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_chain_is_an_error(damage: object, leaf: bytes) -> None:
    """A certificate that cannot be read is never left out of the chain in silence."""
    assert callable(damage)
    with pytest.raises(InputError, match=r"no X\.509 certificate that can be read"):
        READER.read_chain(damage(leaf))


@pytest.mark.parametrize("extension", ["1.2.3.4=DER:0500", "subjectAltName=otherName:1.2.3.4;UTF8:x,RID:1.2.3"])
def test_foreign_extensions_do_not_matter(extension: str, tmp_path: Path) -> None:
    """A certificate with extensions that no token needs is read like any other."""
    assert READER.read_chain(certify(tmp_path, extension))[0].common_name == "leaf.test"


@pytest.mark.parametrize("extension", ["2.5.29.17=DER:3004A3020500", "2.5.29.17=DER:05", "2.5.29.15=DER:0500"])
def test_a_standard_extension_that_cannot_be_read_is_an_error(extension: str, tmp_path: Path) -> None:
    """An X.400 name and extensions that hold something else are told in one line."""
    with pytest.raises(InputError, match=r"no X\.509 certificate that can be read"):
        READER.read_chain(certify(tmp_path, extension))


@pytest.mark.parametrize(
    ("subject", "name"),
    [("/O=Example", ""), ("/CN=first/CN=last", "last"), ("/O=x/CN=a b/OU=y", "a b")],
)
def test_the_common_name_is_the_one_that_step_ca_reads(subject: str, name: str, tmp_path: Path) -> None:
    """Of several it is the last, and a subject may have none."""
    pem = certify(tmp_path, subject=subject)
    assert READER.read_chain(pem)[0].common_name == name


# -- X.509, judged ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extensions", "refused"),
    [
        ((SIGNATURE, CLIENT), None),
        ((SIGNATURE,), None),
        ((SIGNATURE, "extendedKeyUsage=anyExtendedKeyUsage"), None),
        ((SIGNATURE, "extendedKeyUsage=serverAuth,clientAuth"), None),
        (("keyUsage=digitalSignature,keyEncipherment", CLIENT), None),
        ((SIGNATURE, "extendedKeyUsage=serverAuth"), "client authentication"),
        ((SIGNATURE, "extendedKeyUsage=codeSigning,1.2.3"), "client authentication"),
        (("keyUsage=keyEncipherment,keyCertSign", CLIENT), "digitalSignature"),
        ((CLIENT,), "digitalSignature"),
    ],
)
def test_what_a_leaf_is_for(extensions: tuple[str, ...], refused: str | None, tmp_path: Path) -> None:
    """A leaf must name digitalSignature, and must not be for other purposes than client authentication alone."""
    [certificate] = READER.read_chain(certify(tmp_path, *extensions))
    if refused is None:
        check_usage(certificate)
    else:
        with pytest.raises(InputError, match=refused):
            check_usage(certificate)


def test_validity_counts_both_ends(leaf: bytes) -> None:
    """A certificate is valid from the instant of notBefore to that of notAfter, as openssl prints them."""
    [certificate] = READER.read_chain(leaf)
    printed = run_program("openssl", "x509", "-noout", "-dates", stdin=leaf).decode()
    begin, end = (
        int(subprocess.check_output(["date", "-u", "-d", moment, "+%s"])) * NANOSECONDS
        for moment in re.findall("=(.*)", printed)
    )
    for now in (begin, begin + 1, end - 1, end):
        check_validity(certificate.not_before, certificate.not_after, now)
    with pytest.raises(InputError, match="not valid yet"):
        check_validity(certificate.not_before, certificate.not_after, begin - 1)
    with pytest.raises(InputError, match="has expired"):
        check_validity(certificate.not_before, certificate.not_after, end + 1)


def test_a_key_is_the_certificates_or_is_refused(leaf: bytes, other: bytes) -> None:
    """A key that is not the certificate's is refused by the names of both options, as is a key of no use."""
    [certificate], [stranger] = READER.read_chain(leaf), READER.read_chain(other)
    assert certificate.public is not None and stranger.public is not None
    check_key(certificate.public, certificate.public, "--x5c-key", "--x5c-cert")
    for public in (stranger.public, None):
        with pytest.raises(KeyMismatchError, match="--x5c-key is not the key of --x5c-cert"):
            check_key(public, certificate.public, "--x5c-key", "--x5c-cert")


@pytest.mark.parametrize("algorithm", [("RSA", "-pkeyopt", "rsa_keygen_bits:1024"), ("ED448",), ("X25519",)])
def test_a_certificate_of_a_key_that_signs_no_tokens_has_no_key(algorithm: tuple[str, ...], tmp_path: Path) -> None:
    """It is read, for it may stand further up in the chain."""
    name, *options = algorithm
    key, ca = tmp_path / "leaf.pem", tmp_path / "ca.crt"
    key.write_bytes(run_program("openssl", "genpkey", "-algorithm", name, *options))
    ca.write_bytes(certify(tmp_path))
    words = ["-CA", str(ca), "-CAkey", str(tmp_path / "key.pem"), "-subj", "/CN=leaf.test"]
    public = tmp_path / "leaf.pub"
    public.write_bytes(run_program("openssl", "pkey", "-in", str(key), "-pubout"))
    pem = run_program("openssl", "x509", "-new", "-force_pubkey", str(public), *words)
    assert READER.read_chain(pem)[0].public is None


# -- Chains -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hierarchy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A leaf, its intermediate and their root by openssl; an impostor has the intermediate's name and not its key.

    There are also a certificate of the intermediate's key by the root once more, and a stranger.
    """
    folder = tmp_path_factory.mktemp("hierarchy")
    made: dict[str, bytes] = {}
    for name, issuer in (
        ("root", None), ("intermediate", "root"), ("impostor", "root"), ("leaf", "intermediate"), ("again", "root"),
        ("stranger", None),
    ):  # fmt: skip
        key, path = folder / f"{name}.key", folder / f"{name}.crt"
        again = (folder / "intermediate.key").read_bytes() if name == "again" else b""
        key.write_bytes(again or make_pem("P-256" if name != "root" else "RSA"))
        by = () if issuer is None else ("-CA", str(folder / f"{issuer}.crt"), "-CAkey", str(folder / f"{issuer}.key"))
        subject = f"/CN={'intermediate' if name in ('impostor', 'again') else name}"
        made[name] = run_program("openssl", "req", "-x509", "-key", str(key), "-subj", subject, *by)
        path.write_bytes(made[name])
    return made


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("leaf", "leaf"), ("leaf intermediate root", "leaf intermediate root"),
        ("root intermediate leaf", "leaf intermediate root"), ("intermediate leaf", "leaf intermediate"),
        ("leaf root intermediate", "leaf intermediate root"), ("leaf root", "leaf"), ("leaf leaf", "leaf"),
        ("impostor leaf intermediate", "leaf intermediate"), ("leaf impostor", "leaf"), ("root", "root"),
        ("root root", "root"), ("leaf intermediate intermediate", "leaf intermediate"),
        ("stranger leaf intermediate", "leaf intermediate"), ("intermediate root", "intermediate root"),
        ("leaf intermediate again root", "leaf intermediate again root"),
    ],
)  # fmt: skip
def test_a_chain_is_found_in_any_order(given: str, expected: str, hierarchy: dict[str, bytes]) -> None:
    """Leaf first and each issuer in turn, each once; what is nobody's issuer on the way is left out.

    `again` is the intermediate's key certified once more, as in a cross-signing: both ways are kept.
    """
    certificates = READER.read_chain(b"".join(hierarchy[name] for name in given.split()))
    by_name = {name: READER.read_chain(pem)[0].der for name, pem in hierarchy.items()}
    key = READER.read_chain(hierarchy[expected.split(maxsplit=1)[0]])[0].public
    assert key is not None
    leaf = find_leaf(certificates, key)
    assert [one.der for one in order_chain(certificates, leaf)] == [by_name[name] for name in expected.split()]


def test_the_leaf_is_guessed_before_its_key_is_opened(hierarchy: dict[str, bytes]) -> None:
    """By the names alone: it has issued none of the others; of two, the first; a root alone is its own leaf."""
    for given, expected in (("root leaf intermediate", "leaf"), ("leaf stranger", "leaf"), ("root", "root")):
        certificates = READER.read_chain(b"".join(hierarchy[name] for name in given.split()))
        assert guess_leaf(certificates).der == READER.read_chain(hierarchy[expected])[0].der


def test_certificates_of_one_name_are_not_tried_without_end(hierarchy: dict[str, bytes]) -> None:
    """A hundred signatures are looked at, as many as Go looks at."""
    [leaf], [impostor] = READER.read_chain(hierarchy["leaf"]), READER.read_chain(hierarchy["impostor"])
    impostors = [attrs.evolve(impostor, der=impostor.der + bytes([number])) for number in range(101)]
    with pytest.raises(InputError, match="too many certificates have the same name"):
        order_chain([leaf, *impostors], leaf)
    assert order_chain([leaf, *impostors[1:]], leaf) == [leaf]


def test_a_name_and_a_validity_far_from_here() -> None:
    """A common name in another alphabet comes through as text, and a year with four nines as a number."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "例え")])
    root = x509.CertificateBuilder(name, name, key.public_key(), 1)
    root = root.not_valid_before(datetime(1970, 1, 1, tzinfo=UTC))
    root = root.not_valid_after(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    [read] = READER.read_chain(root.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
    assert (read.common_name, read.not_before, read.not_after) == ("例え", 0, 253_402_300_799 * NANOSECONDS + 1)


# -- SSH --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519", "rsa"])
@pytest.mark.parametrize(("flags", "is_host"), [((), False), (("-h",), True)])
def test_an_ssh_certificate_tells_what_a_token_needs(
    kind: str, flags: tuple[str, ...], is_host: bool, tmp_path: Path
) -> None:
    """Serial number, type, validity and key are those that ssh-keygen was given."""
    make_ssh_key(tmp_path / "ca", "ed25519")
    private = make_ssh_key(tmp_path / "key", kind)
    when = ("-V", "20260102030405Z:20270102030405Z")
    words = ("-s", str(tmp_path / "ca"), "-I", "max", "-z", str(2**64 - 1), *when, *flags, str(tmp_path / "key.pub"))
    run_program("ssh-keygen", "-q", *words)
    line = (tmp_path / "key-cert.pub").read_bytes()
    certificate = READER.read_ssh(line)
    assert (certificate.serial, certificate.is_host) == (2**64 - 1, is_host)
    assert (certificate.not_before, certificate.not_after) == (1767323045, 1798859045)
    assert certificate.wire == line.split()[1].decode() and b64decode(certificate.wire, validate=True)
    signer = make_signer(load_pem_key(private, None))
    assert certificate.public is not None and certificate.public.thumbprint() == signer.public.thumbprint()


def test_an_ssh_certificate_without_end_never_expires(tmp_path: Path) -> None:
    """What ssh-keygen calls forever is valid at any time."""
    make_ssh_key(tmp_path / "key", "ed25519")
    run_program("ssh-keygen", "-q", "-s", str(tmp_path / "key"), "-I", "max", str(tmp_path / "key.pub"))
    certificate = READER.read_ssh((tmp_path / "key-cert.pub").read_bytes())
    assert certificate.not_after == FOREVER
    check_validity(*certificate.span(), 253_402_300_799 * NANOSECONDS)


def test_an_end_at_the_epoch_is_an_end_and_none_is_not() -> None:
    """A certificate that ended in 1970 says so; where the end does not matter, the beginning still does."""
    begin = 5 * NANOSECONDS
    with pytest.raises(InputError, match=r"valid until 1970-01-01T00:00:00Z.*get a new certificate"):
        check_validity(begin, 0, begin)
    check_validity(begin, None, begin)
    with pytest.raises(InputError, match=r"valid from 1970-01-01T00:00:05Z.*; if it is right, wait"):
        check_validity(begin, None, begin - 1)


@pytest.mark.parametrize("file", ["key", "key.pub", "nothing", "text", "half"])
def test_what_is_no_ssh_certificate_is_an_error(file: str, tmp_path: Path) -> None:
    """A key, public or private, is not taken for a certificate, and rubbish is told as such."""
    make_ssh_key(tmp_path / "key", "ed25519")
    (tmp_path / "nothing").touch()
    (tmp_path / "text").write_bytes(b"ssh-ed25519-cert-v01@openssh.com not/base64=")
    (tmp_path / "half").write_bytes(b"ssh-ed25519-cert-v01@openssh.com")
    with pytest.raises(InputError, match="no SSH certificate"):
        READER.read_ssh((tmp_path / file).read_bytes())


@pytest.mark.parametrize("version", [b"\x09", b"\x7f"])
def test_a_version_that_does_not_exist_is_an_error(version: bytes, leaf: bytes) -> None:
    """What the library has an error of its own kind for is told in one line like the rest."""
    der = convert(leaf).replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01" + version, 1)
    with pytest.raises(InputError, match=r"no X\.509 certificate that can be read"):
        READER.read_chain(der)


def test_what_only_deserves_a_caution_is_read_without_one(tmp_path: Path) -> None:
    """A country of three letters is not a reason for the library's warning, which would go to stderr."""
    der = convert(certify(tmp_path, subject="/O=DEU/CN=leaf.test"))
    country, organization = b"\x06\x03U\x04\x06", b"\x06\x03U\x04\n"
    [certificate] = READER.read_chain(der.replace(organization, country))
    assert certificate.common_name == "leaf.test"


@pytest.mark.parametrize(
    ("kind", "found", "put"),
    [
        ("ed25519", b"ssh-ed25519\0\0\0 ", b"ssh-ed26519\0\0\0 "),
        ("ecdsa", b"nistp256\0\0\0A\x04", b"nistp256\0\0\0A\x02"),
    ],
)
def test_an_ssh_certificate_that_holds_a_foreign_key_is_an_error(
    kind: str, found: bytes, put: bytes, tmp_path: Path
) -> None:
    """An unknown type of signing key, or a point in another form, is told in one line."""
    make_ssh_key(tmp_path / "key", kind)
    run_program("ssh-keygen", "-q", "-s", str(tmp_path / "key"), "-I", "max", str(tmp_path / "key.pub"))
    wire = b64decode((tmp_path / "key-cert.pub").read_bytes().split()[1])
    assert found in wire
    with pytest.raises(InputError, match="no SSH certificate"):
        READER.read_ssh(b64encode(wire.replace(found, put)))


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519", "rsa"])
def test_an_ssh_key_has_the_fingerprint_that_ssh_keygen_prints(kind: str, tmp_path: Path) -> None:
    """The fingerprint is that of the certified key."""
    make_ssh_key(tmp_path / "key", kind)
    run_program("ssh-keygen", "-q", "-s", str(tmp_path / "key"), "-I", "max", str(tmp_path / "key.pub"))
    printed = run_program("ssh-keygen", "-L", "-f", str(tmp_path / "key-cert.pub")).decode()
    fingerprint = READER.read_ssh((tmp_path / "key-cert.pub").read_bytes()).key_fingerprint
    assert re.search(rf"Public key: \S+ {re.escape(fingerprint)}$", printed, re.MULTILINE)
