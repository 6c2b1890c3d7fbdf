"""`ca certificate` and `ca sign` before a real step-ca, by each type of provisioner, and beside the real step."""

import os
import re
import stat
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from tests.support.ca_client import general_name, make_csr, names_of
from tests.support.cloud_identities import BEHAVIOURS, NAMES, PRIVATE_IP, REGION
from tests.support.metadata_service import serve_metadata
from tests.support.nebula_mesh import NAME as NEBULA_NAME
from tests.support.nebula_mesh import NEBULA, Mesh
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import K8SSA, X5C, ProvisionedCa, write_key
from tests.support.running import Result, invoke, run_step
from tests.support.softhsm import SoftHsm


def read(certificate: Path, key: Path) -> tuple[x509.Certificate, Any]:
    """Return a certificate and its key, which belong together and are private files, with the issuer behind."""
    leaf, *issuers = x509.load_pem_x509_certificates(certificate.read_bytes())
    private = load_pem_private_key(key.read_bytes(), None)
    assert leaf.public_key() == private.public_key()
    assert issuers
    leaf.verify_directly_issued_by(issuers[0])
    assert {stat.S_IMODE(path.stat().st_mode) for path in (certificate, key)} == {0o600}
    return leaf, private


def enroll(folder: Path, environment: dict[str, str], subject: str, *words: str) -> x509.Certificate:
    """Get a certificate that there is not yet, and return it."""
    certificate, key = folder / "web.crt", folder / "web.key"
    got = invoke("ca", "certificate", subject, str(certificate), str(key), *words, environment=environment)
    assert (got.status, got.out) == (0, ""), got.err
    assert got.err.endswith(f"✔ Certificate: {certificate}\n✔ Private Key: {key}\n")
    return read(certificate, key)[0]


def common_name(certificate: x509.Certificate) -> str:
    """Return the common name of a certificate's subject."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


# -- Each type of provisioner ------------------------------------------------------------------------


def test_by_a_jwk_provisioner(running_ca: RunningCa, tmp_path: Path) -> None:
    """The subject is the only name, or those of --san are, of each type."""
    environment = {"STEPPATH": str(running_ca.path)}
    assert names_of(enroll(tmp_path, environment, "web.test")) == [general_name("web.test")]
    sans = ["a.test", "10.0.0.7", "fd00::1", "me@a.test", "spiffe://a.test/web"]
    words = [word for san in sans for word in ("--san", san)]
    leaf = enroll(tmp_path, environment, "web", *words, "--force")
    assert set(names_of(leaf)) == set(map(general_name, sans))
    assert common_name(leaf) == "web"


def test_by_an_x5c_provisioner(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """Bound to the request as JWK's are, and no longer than the certificate that vouches for it."""
    held = provisioned_ca.hold(tmp_path, "machine.test")
    words = ["--provisioner", X5C, *held.flags]
    leaf = enroll(tmp_path, provisioned_ca.environment, "machine.test", *words)
    assert names_of(leaf) == [general_name("machine.test")]
    too_late = enroll_failing(tmp_path, provisioned_ca.environment, "machine.test", *words, "--not-after", "90000h")
    assert "so it was not sent: validity: the certificate would outlast what vouches for the token" in too_late.err


def enroll_failing(folder: Path, environment: dict[str, str], subject: str, *words: str) -> Result:
    """Return how a run ends that gets no certificate; nothing is written."""
    files = [folder / "none.crt", folder / "none.key"]
    got = invoke("ca", "certificate", subject, *map(str, files), *words, environment=environment)
    assert got.status == 1 and not any(file.exists() for file in files), got.err
    return got


def test_by_a_kubernetes_token(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The names are the user's: the token names none."""
    (tmp_path / "k8s").write_text(provisioned_ca.kubernetes_token())
    words = ["--provisioner", K8SSA, "--k8ssa-token-path", str(tmp_path / "k8s")]
    assert names_of(enroll(tmp_path, provisioned_ca.environment, "pod.test", *words)) == [general_name("pod.test")]
    leaf = enroll(tmp_path, provisioned_ca.environment, "pod.test", *words, "--san", "a.test", "--force")
    assert (names_of(leaf), common_name(leaf)) == ([general_name("a.test")], "pod.test")
    given = ["--token", str(tmp_path / "k8s"), "--san", "b.test", "--force"]
    assert names_of(enroll(tmp_path, provisioned_ca.environment, "pod.test", *given)) == [general_name("b.test")]


def test_by_a_nebula_certificate(mesh_ca: ProvisionedCa, mesh: Mesh, tmp_path: Path) -> None:
    """For the name of the host, and no caution that its token is bound to nothing."""
    held = mesh.host(tmp_path)
    words = ["--provisioner", NEBULA, "--nebula-cert", str(held.certificate), "--nebula-key", str(held.key)]
    leaf = enroll(tmp_path, mesh_ca.environment, NEBULA_NAME, *words)
    assert names_of(leaf) == [general_name(NEBULA_NAME)]


CLOUD_NAMES = {
    "AWS": {PRIVATE_IP, f"ip-{PRIVATE_IP.replace('.', '-')}.{REGION}.compute.internal", "web.test"},
    "Azure": {"vm-1", "web.test"},
}


@pytest.mark.parametrize("type_name", NAMES)
def test_by_a_machines_identity(cloud_ca: RunningCa, type_name: str, tmp_path: Path) -> None:
    """Without --san the names are the machine's, with the subject, as step has them."""
    with serve_metadata(BEHAVIOURS[type_name]()) as host:
        environment = {"STEPPATH": str(cloud_ca.path), **host.environment()}
        leaf = enroll(tmp_path, environment, "web.test", "--provisioner", NAMES[type_name])
    names = set(names_of(leaf))
    assert general_name("web.test") in names
    if type_name in CLOUD_NAMES:
        assert names == set(map(general_name, CLOUD_NAMES[type_name]))


# -- Keys and times ----------------------------------------------------------------------------------

KEYS: list[tuple[tuple[str, ...], Callable[[Any], bool]]] = [
    ((), lambda key: isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1"),
    (("--curve", "P-384"), lambda key: key.curve.name == "secp384r1"),
    (("--kty", "EC", "--crv", "P-521"), lambda key: key.curve.name == "secp521r1"),
    (("--kty", "OKP"), lambda key: isinstance(key, ed25519.Ed25519PrivateKey)),
    (("--kty", "RSA"), lambda key: isinstance(key, rsa.RSAPrivateKey) and key.key_size == 2048),
    (("--kty", "RSA", "--size", "3072"), lambda key: key.key_size == 3072),
]


@pytest.mark.parametrize(("words", "is_such"), KEYS, ids=[" ".join(words) for words, _ in KEYS])
def test_the_key_is_of_the_kind_that_is_asked_for(
    words: tuple[str, ...], is_such: Callable[[Any], bool], running_ca: RunningCa, tmp_path: Path
) -> None:
    """EC on P-256 unless another is."""
    enroll(tmp_path, {"STEPPATH": str(running_ca.path)}, "web.test", *words)
    assert is_such(read(tmp_path / "web.crt", tmp_path / "web.key")[1])


def test_the_times_are_those_that_are_asked_for(running_ca: RunningCa, tmp_path: Path) -> None:
    """They are the certificate's, not the token's."""
    leaf = enroll(tmp_path, {"STEPPATH": str(running_ca.path)}, "web.test", "--not-before", "1h", "--not-after", "3h")
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(hours=3)


def test_a_password_beside_the_provisioners_encrypts_the_key(running_ca: RunningCa, tmp_path: Path) -> None:
    """The key is PKCS#8 that OpenSSL and step open; the same file alone opens the provisioner's key and no more."""
    password = running_ca.path / "secrets" / "password"
    (tmp_path / "own").write_text("of the key\n")
    certificate, key = tmp_path / "web.crt", tmp_path / "web.key"
    words = ["ca", "certificate", "web.test", str(certificate), str(key), "--password-file"]
    both = [*words, str(tmp_path / "own"), "--provisioner-password-file", str(password)]
    environment = {"STEPPATH": str(running_ca.path)}
    got = invoke(*both, environment=environment)
    assert got.status == 0 and "not used" not in got.err, got.err
    assert key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    private = load_pem_private_key(key.read_bytes(), b"of the key")
    opened = subprocess.run(
        ["openssl", "pkey", "-in", str(key), "-passin", f"file:{tmp_path / 'own'}", "-outform", "DER"],
        capture_output=True, check=True, timeout=60,
    )  # fmt: skip
    assert opened.stdout
    assert x509.load_pem_x509_certificates(certificate.read_bytes())[0].public_key() == private.public_key()
    assert invoke(*words, str(password), "--force", environment=environment).status == 0
    read(certificate, key)


@pytest.mark.parametrize("kind", ["P-256", "P-384", "P-521", "Ed25519", "RSA"])
def test_a_key_in_a_device_makes_the_request(
    kind: str, softhsm: SoftHsm, running_ca: RunningCa, tmp_path: Path
) -> None:
    """Its URI stands in the place of the key file, alone or beside --kms, and no key is written."""
    key = softhsm.make(kind)
    whole = softhsm.uri(f";object={key.label}?pin-source={softhsm.pin_file}")
    certificate = tmp_path / "web.crt"
    environment = {"STEPPATH": str(running_ca.path), **softhsm.environment}
    for words in ([whole], [key.uri, "--kms", softhsm.uri(), "--force"]):
        got = invoke("ca", "certificate", "web.test", str(certificate), *words, environment=environment)
        assert got.status == 0, got.err
        leaf = x509.load_pem_x509_certificates(certificate.read_bytes())[0]
        assert leaf.public_key() == key.public_key()
        assert os.listdir(tmp_path) == ["web.crt"] and "Private Key" not in got.err
    refused = invoke("ca", "certificate", "web.test", str(certificate), whole, "--kty", "EC", environment=environment)
    assert refused.status == 2 and "--kty is for a new key" in refused.err


# -- Tokens that are given ---------------------------------------------------------------------------


def test_a_token_is_enough_on_a_machine_that_knows_no_ca(running_ca: RunningCa, tmp_path: Path) -> None:
    """The address and the root's fingerprint stand in it, as step takes them from there."""
    token = invoke("token", "web.test", "--san", "a.test", environment={"STEPPATH": str(running_ca.path)}).token
    (tmp_path / "token").write_text(token)
    leaf = enroll(tmp_path, {"STEPPATH": str(tmp_path / "nothing")}, "web.test", "--token", str(tmp_path / "token"))
    assert names_of(leaf) == [general_name("a.test")]
    again = enroll_failing(tmp_path, {"STEPPATH": str(running_ca.path)}, "web.test", "--token", str(tmp_path / "token"))
    assert "with status 401" in again.err and "was used already" in again.err and "counts as used" in again.err


def test_a_token_as_a_word_or_on_standard_input_does(running_ca: RunningCa, tmp_path: Path) -> None:
    """As it stands in step's scripts, and without showing it to other processes."""
    environment = {"STEPPATH": str(running_ca.path)}
    enroll(tmp_path, environment, "web.test", "--token", invoke("token", "web.test", environment=environment).token)
    token = invoke("token", "web.test", environment=environment).token
    files = [str(tmp_path / "b.crt"), str(tmp_path / "b.key")]
    words = ["ca", "certificate", "web.test", *files, "--token", "-"]
    assert invoke(*words, environment=environment, stdin=token.encode()).status == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--provisioner", "x"), ("--kid", "x"), ("--key", "x"), ("--x5c-cert", "x"), ("--x5c-key", "x"),
        ("--nebula-cert", "x"), ("--k8ssa-token-path", "x"), ("--provisioner-password-file", "x"), ("--console",),
        ("--kms", "pkcs11:token=x"), ("--san", "x"),
    ],
)  # fmt: skip
def test_nothing_says_how_a_token_is_minted_that_is_there(
    words: tuple[str, ...], running_ca: RunningCa, tmp_path: Path
) -> None:
    """Both options are named."""
    environment = {"STEPPATH": str(running_ca.path)}
    token = invoke("token", "web.test", environment=environment).token
    files = [str(tmp_path / "b.crt"), str(tmp_path / "b.key")]
    got = invoke("ca", "certificate", "web.test", *files, "--token", token, *words, environment=environment)
    assert got.status == 2 and f"--token and {words[0]} cannot be used together" in got.err, got.err


# -- CSRs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PEM", "DER", "stdin"])
def test_a_csr_is_signed_for_its_own_names(form: str, running_ca: RunningCa, tmp_path: Path) -> None:
    """By a token for these names, bound to it."""
    sans = [general_name(name) for name in ("web.test", "10.0.0.7", "me@a.test", "spiffe://a.test/web")]
    csr = make_csr("web.test", sans)
    data = csr.public_bytes(Encoding.DER if form == "DER" else Encoding.PEM)
    (tmp_path / "web.csr").write_bytes(data)
    source = "-" if form == "stdin" else str(tmp_path / "web.csr")
    environment = {"STEPPATH": str(running_ca.path)}
    got = invoke("ca", "sign", source, str(tmp_path / "web.crt"), environment=environment, stdin=data)
    assert (got.status, got.out) == (0, ""), got.err
    leaf, *issuers = x509.load_pem_x509_certificates((tmp_path / "web.crt").read_bytes())
    assert set(names_of(leaf)) == set(sans) and leaf.public_key() == csr.public_key() and issuers


def test_a_csr_without_a_common_name_is_signed(running_ca: RunningCa, tmp_path: Path) -> None:
    """The token's subject is its first name."""
    (tmp_path / "web.csr").write_bytes(make_csr("", [general_name("web.test")]).public_bytes(Encoding.PEM))
    words = ["ca", "sign", str(tmp_path / "web.csr"), str(tmp_path / "web.crt")]
    assert invoke(*words, environment={"STEPPATH": str(running_ca.path)}).status == 0


def test_a_csr_that_cannot_be_signed_costs_nothing(running_ca: RunningCa, tmp_path: Path) -> None:
    """One that names nothing, that somebody has changed, or that is none."""
    environment = {"STEPPATH": str(running_ca.path)}
    broken = bytearray(make_csr("web.test").public_bytes(Encoding.DER))
    broken[-1] ^= 1
    bad = {b"hello": "no certificate signing request", make_csr("").public_bytes(Encoding.PEM): "names nothing"}
    for data, said in {**bad, bytes(broken): "not signed by its own key"}.items():
        (tmp_path / "web.csr").write_bytes(data)
        got = invoke("ca", "sign", str(tmp_path / "web.csr"), str(tmp_path / "web.crt"), environment=environment)
        assert got.status == 1 and said in got.err and f"{tmp_path / 'web.csr'}" in got.err, got.err
        assert not (tmp_path / "web.crt").exists()


def test_a_token_for_a_csr_is_good_for_it_and_no_other(running_ca: RunningCa, tmp_path: Path) -> None:
    """`token --csr` mints what `ca sign --token` spends; shown with another CSR it is kept."""
    environment = {"STEPPATH": str(running_ca.path)}
    for name in ("own", "other"):
        csr = make_csr("web.test", [general_name("web.test")])
        (tmp_path / f"{name}.csr").write_bytes(csr.public_bytes(Encoding.PEM))
    token = invoke("token", "--csr", str(tmp_path / "own.csr"), environment=environment)
    assert token.claims["sans"] == ["web.test"] and token.claims["cnf"]
    words = ["--token", token.token]
    kept = invoke("ca", "sign", str(tmp_path / "other.csr"), str(tmp_path / "a.crt"), *words, environment=environment)
    assert kept.status == 1 and "the token can still be used: csr binding" in kept.err, kept.err
    used = invoke("ca", "sign", str(tmp_path / "own.csr"), str(tmp_path / "a.crt"), *words, environment=environment)
    assert used.status == 0, used.err


def test_other_names_than_those_of_the_csr_are_a_warning(running_ca: RunningCa, tmp_path: Path) -> None:
    """A token bound to a CSR that it does not name is minted, and the warning says what the CA will do."""
    environment = {"STEPPATH": str(running_ca.path)}
    (tmp_path / "web.csr").write_bytes(make_csr("web.test", [general_name("web.test")]).public_bytes(Encoding.PEM))
    words = ["--cnf-file", str(tmp_path / "web.csr")]
    assert "warning" not in invoke("token", "web.test", *words, environment=environment).err
    warned = invoke("token", "other.test", *words, environment=environment)
    assert warned.token and "--csr mints for the names of a CSR" in warned.err


# -- Beside the real step ----------------------------------------------------------------------------

LINES: dict[str, tuple[str, ...]] = {
    "new": ("certificate", "web.test", "{}/web.crt", "{}/web.key"),
    "names": ("certificate", "web", "{}/web.crt", "{}/web.key", "--san", "a.test", "--san", "10.0.0.7"),
    "RSA": ("certificate", "web.test", "{}/web.crt", "{}/web.key", "--kty", "RSA", "--size", "2048"),
    "times": ("certificate", "web.test", "{}/web.crt", "{}/web.key", "--not-before", "5m", "--not-after", "1h"),
    "data": ("certificate", "web.test", "{}/web.crt", "{}/web.key", "--set", "a=1"),
    "again": ("certificate", "web.test", "{}/there.crt", "{}/there.key", "--force"),
    "sign": ("sign", "{}/web.csr", "{}/web.crt"),
    "no folder": ("certificate", "web.test", "{}/none/web.crt", "{}/web.key"),
    "too long": ("certificate", "web.test", "{}/web.crt", "{}/web.key", "--not-after", "99h"),
    "acme": ("certificate", "web.test", "{}/web.crt", "{}/web.key", "--offline", "--token", "x"),
    "too few": ("certificate", "web.test", "{}/web.crt"),
    "no CSR": ("sign", "{}/there.crt", "{}/web.crt"),
}


@pytest.mark.parametrize("line", LINES)
def test_the_same_line_does_the_same_in_step(
    line: str, running_ca: RunningCa, step_program: str, tmp_path: Path
) -> None:
    """Files, their modes and names, the exit status, and what both say of what was written."""
    environment = {"STEPPATH": str(running_ca.path), "HOME": str(running_ca.path)}
    password = ["--provisioner-password-file", str(running_ca.path / "secrets" / "password")]
    looks = []
    for tool in ("step", "ours"):
        folder = tmp_path / tool
        folder.mkdir()
        for name in ("there.crt", "there.key"):
            (folder / name).write_text("old")
            (folder / name).chmod(0o600)
        (folder / "web.csr").write_bytes(make_csr("web.test", [general_name("web.test")]).public_bytes(Encoding.PEM))
        words = [word.format(folder) for word in LINES[line]] + password
        run = run_step(step_program, "ca", *words, environment=environment) if tool == "step" else invoke(
            "ca", *words, environment=environment
        )  # fmt: skip
        plain = re.sub(r"\x1b\[[0-9;]*m", "", run.err).splitlines()
        said = [text for text in plain if text.startswith(("✔ CA", "✔ Cert", "✔ Private"))]
        files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        looks.append((run.status != 0, run.out, [text.replace(str(folder), "") for text in said], files, _see(folder)))
    go, ours = looks
    if ours[0]:
        assert go[0] and not go[1] and not ours[1]
        assert ours[3].keys() <= go[3].keys()
    else:
        assert ours == go


def _see(folder: Path) -> object:
    """Return what there is to see of the certificates in a folder."""
    seen = []
    for path in sorted(folder.glob("*.crt")):
        if path.read_bytes() != b"old":
            leaf, *issuers = x509.load_pem_x509_certificates(path.read_bytes())
            life = leaf.not_valid_after_utc - leaf.not_valid_before_utc
            extensions = sorted(extension.oid.dotted_string for extension in leaf.extensions)
            seen.append((path.name, leaf.subject, names_of(leaf), life, len(issuers), extensions))
    return seen


def test_a_key_that_step_reads_is_written(running_ca: RunningCa, step_program: str, tmp_path: Path) -> None:
    """The real step opens the key, by its password where it is encrypted."""
    enroll(tmp_path, {"STEPPATH": str(running_ca.path)}, "web.test")
    done = run_step(
        step_program,
        "crypto",
        "key",
        "format",
        "--pem",
        "--no-password",
        "--insecure",
        str(tmp_path / "web.key"),
        environment={},
    )
    assert done.status == 0, done.err
    assert write_key(load_pem_private_key((tmp_path / "web.key").read_bytes(), None))


def test_the_reason_that_the_ca_gives_is_the_error(running_ca: RunningCa, tmp_path: Path) -> None:
    """With one piece of advice, and no guesses."""
    environment = {"STEPPATH": str(running_ca.path)}
    failed = enroll_failing(tmp_path, environment, "web.test", "--not-after", "100h")
    assert "with status 403: requested duration of 100h1m0s is more than the authorized maximum" in failed.err
    assert failed.err.endswith(": ask for what the CA allows, or ask whoever runs it\n") and "(1)" not in failed.err
