"""The SSHPOP provisioner: SSH certificates that ask for their own renewal, rekeying and revocation."""

import time
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import attrs
import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PrivateFormat,
    PublicFormat,
    SSHCertificateBuilder,
    SSHCertificateType,
)

from adapters.jose.jws import make_signer
from adapters.machine.clock import SystemClock
from tests.support.ca_client import connect, make_ssh_key
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.provisioned_ca import SSHPOP, ProvisionedCa
from tests.support.running import Result, invoke
from tests.support.ssh_hosts import HOST_KEYS, Host, get_certificate, write_host

SECOND = 1_000_000_000
SERIAL = 17
FORMS = [(PrivateFormat.OpenSSH, False), (PrivateFormat.OpenSSH, True), (PrivateFormat.PKCS8, False)]
KINDS = [["--ssh", "--renew"], ["--ssh", "--rekey"], ["--ssh", "--revoke"]]
OTHER_KINDS = [[], ["--ssh"], ["--ssh", "--host"], ["--revoke"], ["--rekey"], ["--renew"]]


def ask(ca: ProvisionedCa, host: Host, *words: str) -> Result:
    return invoke("token", *words, *host.flags, environment=ca.environment)


@pytest.mark.parametrize(("form", "sealed"), FORMS, ids=["OpenSSH", "encrypted OpenSSH", "PEM"])
@pytest.mark.parametrize("kind", HOST_KEYS)
def test_every_kind_of_key_renews_its_certificate(
    provisioned_ca: ProvisionedCa, tmp_path: Path, kind: str, form: PrivateFormat, sealed: bool
) -> None:
    """The CA takes the token; its header has the certificate's wire bytes and the key's thumbprint (RFC 7638)."""
    host = get_certificate(provisioned_ca, tmp_path, kind, form, sealed)
    result = ask(provisioned_ca, host, "host.test", "--ssh", "--renew", *(host.password_flags if sealed else []))
    public = make_signer(HOST_KEYS[kind]).public
    expected = {"alg": public.algorithm, "kid": public.thumbprint(), "sshpop": host.wire, "typ": "JWT"}
    assert result.header == expected
    renewed = connect(provisioned_ca.ca).post("/1.0/ssh/renew", ott=result.token).ssh_certificate
    assert (renewed.type, renewed.valid_principals) == (SSHCertificateType.HOST, [b"host.test"])
    assert renewed.serial != host.serial
    assert renewed.public_key() == HOST_KEYS[kind].public_key()


def place_flags(ca: ProvisionedCa, mode: str) -> tuple[list[str], dict[str, str]]:
    """Return the flags and the environment for a mode: online, offline, or declared by flags alone."""
    if mode != "declared":
        return (["--offline"] if mode == "offline" else []), ca.environment
    root = ca.ca.path / "certs" / "root_ca.crt"
    words = ["--offline", "--issuer", SSHPOP, "--ca-url", ca.ca.url, "--root", str(root)]
    return words, {"STEPPATH": "/nonexistent"}


@pytest.mark.parametrize("mode", ["online", "offline", "declared"])
def test_a_certificate_is_renewed_rekeyed_and_revoked(provisioned_ca: ProvisionedCa, tmp_path: Path, mode: str) -> None:
    """In each mode the CA takes the token of each kind: for the same key, for a new key, and for no more use."""
    host, client = get_certificate(provisioned_ca, tmp_path), connect(provisioned_ca.ca)
    words, environment = place_flags(provisioned_ca, mode)

    def mint(subject: str, kind: str) -> Result:
        return invoke("token", subject, "--ssh", kind, *host.flags, *words, environment=environment)

    assert client.post("/1.0/ssh/renew", ott=mint("host.test", "--renew").token).ssh_certificate
    line = make_ssh_key()
    rekey = mint("host.test", "--rekey")
    assert rekey.claims["aud"].endswith(f"/1.0/ssh/rekey#sshpop/{SSHPOP}")
    rekeyed = client.post("/1.0/ssh/rekey", ott=rekey.token, publicKey=line.split()[1]).ssh_certificate
    public = rekeyed.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    assert public.decode().split()[:2] == line.split()[:2]
    revoked = client.revoke_ssh(host.serial, mint(str(host.serial), "--revoke").token)
    assert (revoked.status, revoked.body) == (200, {"status": "ok"})
    again = client.post("/1.0/ssh/renew", ott=mint("host.test", "--renew").token)
    assert again.status == 401, "a revoked certificate speaks for nobody"


def test_only_the_sshpop_provisioner_is_chosen(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The options choose the type; stderr and `iss` name the provisioner."""
    result = ask(provisioned_ca, get_certificate(provisioned_ca, tmp_path), "host.test", "--ssh", "--renew")
    assert result.claims["iss"] == SSHPOP
    assert result.err == f"✔ Provisioner: {SSHPOP} (SSHPOP)\n"


@attrs.frozen
class Declared:
    """A place without a CA, with a host certificate by nobody's CA in it."""

    place: OfflinePlace
    host: Host

    def mint(self, *words: str, own: list[str] | None = None) -> Result:
        """Run `token` with the certificate's flags, or the flags `own` in their place."""
        flags = list(self.place.flags)
        del flags[flags.index("--key") : flags.index("--key") + 2]
        environment = {"STEPPATH": str(self.place.path / "step")}
        return invoke("token", *words, *flags, *(self.host.flags if own is None else own), environment=environment)


def make_declared(folder: Path, begin: int, end: int, cert_type: SSHCertificateType) -> Declared:
    key = HOST_KEYS["P-256"]
    certificate = (
        SSHCertificateBuilder()
        .public_key(key.public_key())
        .serial(SERIAL)
        .type(cert_type)
        .key_id(b"host.test")
        .valid_principals([b"host.test"])
        .valid_after(begin)
        .valid_before(end)
        .sign(HOST_KEYS["Ed25519"])
    )
    place = prepare_place(folder)
    write_host(folder, key, certificate.public_bytes(), PrivateFormat.OpenSSH, False)
    return Declared(place, Host(folder, SERIAL))


NOW = int(time.time())
BEGIN, END = NOW - 3600, NOW + 24 * 3600


@pytest.fixture
def declared(tmp_path: Path) -> Declared:
    """A valid host certificate."""
    return make_declared(tmp_path, BEGIN, END, SSHCertificateType.HOST)


def check_refusal(result: Result, status: int, *reasons: str) -> None:
    """Check that one plain line says why there is no token."""
    assert (result.status, result.out, result.err.count("\n")) == (status, "", 1), result
    for reason in reasons:
        assert reason in result.err


@pytest.mark.parametrize("own", ["--sshpop-cert", "--sshpop-key"])
@pytest.mark.parametrize("kind", OTHER_KINDS, ids=" ".join)
def test_any_other_kind_of_request_is_refused(declared: Declared, kind: list[str], own: str) -> None:
    """The error says which three work, and names the option."""
    for flags in (None, [own, "/nonexistent"]):
        result = declared.mint("17", *kind, own=flags)
        check_refusal(result, 2, "--ssh --renew, --ssh --rekey or --ssh --revoke, and nothing else", "--sshpop-")
    assert f"{own} is for --ssh --renew" in result.err


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_the_two_options_go_together(declared: Declared, kind: list[str]) -> None:
    """One without the other is refused, naming both, before the file is looked for."""
    for given, missing in (("--sshpop-cert", "--sshpop-key"), ("--sshpop-key", "--sshpop-cert")):
        check_refusal(declared.mint("17", *kind, own=[given, "/nonexistent"]), 2, f"{given} needs {missing}")


@pytest.mark.parametrize("subject", ["18", "0", "1717", "146103349666685108195655980390445292315"])
def test_a_revocation_of_another_serial_number_is_refused(declared: Declared, subject: str) -> None:
    """Both numbers are shown: a certificate can revoke itself alone."""
    check_refusal(declared.mint(subject, "--ssh", "--revoke"), 2, f"subject {subject} is not", f"{SERIAL}:")


def test_the_subject_of_a_renewal_is_any_text(declared: Declared) -> None:
    """The CA wants some subject, and looks no further."""
    assert declared.mint("any text", "--ssh", "--renew").claims["sub"] == "any text"


def test_a_key_that_is_not_the_certificates_is_refused(declared: Declared) -> None:
    """Both files are named by their options."""
    flags = [*declared.host.flags[:3], str(declared.place.path / "key.pem")]
    result = declared.mint("a", "--ssh", "--renew", own=flags)
    check_refusal(result, 1, "--sshpop-key is not the key of --sshpop-cert")


@pytest.mark.parametrize("kind", KINDS[:2], ids=" ".join)
def test_a_users_certificate_is_neither_renewed_nor_rekeyed(tmp_path: Path, kind: list[str]) -> None:
    """The CA renews and rekeys those of hosts alone."""
    user = make_declared(tmp_path, BEGIN, END, SSHCertificateType.USER)
    check_refusal(user.mint("17", *kind), 2, "--sshpop-cert is a user certificate", "only host certificates")


def test_a_users_certificate_revokes_itself(tmp_path: Path) -> None:
    """A revocation asks for no type."""
    user = make_declared(tmp_path, BEGIN, END, SSHCertificateType.USER)
    assert user.mint("17", "--ssh", "--revoke").claims["sub"] == "17"


@pytest.fixture
def clock() -> Iterator[mock.Mock]:
    """The time of day, in nanoseconds, as its `return_value`."""
    with mock.patch.object(SystemClock, "now") as now:
        yield now


@pytest.mark.parametrize("kind", KINDS, ids=" ".join)
def test_a_certificate_speaks_while_it_is_valid(declared: Declared, clock: mock.Mock, kind: list[str]) -> None:
    """From its first nanosecond to before its end; outside, the error says which end was missed."""
    for moment, reason in ((BEGIN * SECOND - 1, "is not valid yet"), (END * SECOND, "has expired")):
        clock.return_value = moment
        check_refusal(declared.mint("17", *kind), 1, "--sshpop-cert /", f"certificate {reason}")
    for moment in (BEGIN * SECOND, END * SECOND - 1):
        clock.return_value = moment
        assert declared.mint("17", *kind).claims["iat"] == moment // SECOND


def test_a_certificate_without_end_never_expires(tmp_path: Path, clock: mock.Mock) -> None:
    """All bits set is not an end (OpenSSH, PROTOCOL.certkeys)."""
    eternal = make_declared(tmp_path, BEGIN, 2**64 - 1, SSHCertificateType.HOST)
    clock.return_value = (NOW + 10**9) * SECOND
    assert eternal.mint("17", "--ssh", "--renew").claims["sub"] == "17"


@pytest.mark.parametrize("content", ["key", "private key", "PEM", "", "garbage", "binary"])
def test_a_file_without_an_ssh_certificate_is_refused(declared: Declared, content: str) -> None:
    """A plain public key, above all, is told from the certificate that lies beside it."""
    folder = declared.place.path
    data = {
        "key": make_ssh_key().encode(),
        "private key": (folder / "host").read_bytes(),
        "PEM": (folder / "root.crt").read_bytes(),
        "binary": bytes(range(256)),
    }.get(content, content.encode())
    (folder / "host-cert.pub").write_bytes(data)
    reasons = (f"--sshpop-cert {folder / 'host-cert.pub'}: ", "no SSH certificate", "-cert.pub\n")
    check_refusal(declared.mint("a", "--ssh", "--renew"), 1, *reasons)


def test_the_certificate_is_taken_from_standard_input(declared: Declared) -> None:
    """`-` is standard input."""
    host = declared.host
    flags = list(declared.place.flags)
    del flags[flags.index("--key") : flags.index("--key") + 2]
    words = ["token", "a", "--ssh", "--renew", *flags, "--sshpop-cert", "-", *host.flags[2:]]
    result = invoke(
        *words, environment={"STEPPATH": "/nonexistent"}, stdin=(host.folder / "host-cert.pub").read_bytes()
    )
    assert result.header["sshpop"] == host.wire
