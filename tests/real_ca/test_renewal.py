"""Tokens for the renewal of an X.509 certificate, on the real step-ca, and what is refused before one is made."""

import json
from base64 import b64decode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.support.both_tools import Place, text_of
from tests.support.ca_client import Answer, connect, general_name, make_csr
from tests.support.key_files import KINDS
from tests.support.peer_programs import choose_port
from tests.support.provisioned_ca import Held, ProvisionedCa, hold_leaf
from tests.support.running import Result, invoke

JWK, NAME = "sandbox@example.com", "machine.test"
EXPIRED = {"begin": timedelta(minutes=-4), "end": timedelta(minutes=-1)}
"""A validity within that of the CA's own certificates, for step-ca judges the chain a minute before the leaf's end."""


@attrs.frozen
class Renewer:
    """Renews what the provisioned CA has signed."""

    ca: ProvisionedCa
    folder: Path

    def hold(self, name: str = NAME, **wishes: object) -> Held:
        """Write a leaf as the CA signs them for its JWK provisioner, its chain behind it, and its key."""
        extension = self.ca.provisioner_extension(JWK)
        held = hold_leaf(self.folder, self.ca.issuer, self.ca.issuer_key, name, extension=extension, **wishes)
        with held.certificate.open("ab") as file:
            file.write(self.ca.issuer.public_bytes(Encoding.PEM))
        return held

    def mint(self, held: Held, *words: str, **options: object) -> Result:
        """Run `token --renew`."""
        environment = self.ca.environment | options.pop("environment", {})
        return invoke("token", "--renew", *held.flags, *words, environment=environment)

    def renew(self, token: str) -> Answer:
        """Spend a token."""
        return connect(self.ca.ca).post("/1.0/renew", bearer=token)


@pytest.fixture
def renewer(provisioned_ca: ProvisionedCa, tmp_path: Path) -> Renewer:
    """A renewer with a folder of its own."""
    return Renewer(provisioned_ca, tmp_path)


def name_of(certificate: x509.Certificate) -> str:
    """Return the common name."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


# -- Tokens that the CA takes -----------------------------------------------------------------------


def test_a_certificate_of_the_ca_is_renewed(renewer: Renewer, tmp_path: Path) -> None:
    """What the CA signed for a JWK token, the holder of its key renews: same name, same key, a new serial number."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(make_csr(NAME).subject)
    request = request.add_extension(x509.SubjectAlternativeName([general_name(NAME)]), critical=False)
    token = invoke("token", NAME, "--provisioner", JWK, environment=renewer.ca.environment).token
    body = connect(renewer.ca.ca).sign(request.sign(key, hashes.SHA256()), token).body
    held = Held(tmp_path / "a.crt", tmp_path / "a.key", x509.load_pem_x509_certificate(body["crt"].encode()))
    held.certificate.write_text(body["crt"] + body["ca"])
    held.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    renewed = renewer.renew(renewer.mint(held).token).certificate
    assert (name_of(renewed), renewed.public_key()) == (NAME, key.public_key())
    assert renewed.serial_number != held.leaf.serial_number


def test_an_expired_certificate_is_renewed(renewer: Renewer) -> None:
    """Where the provisioner allows it, the CA renews by the token what no TLS connection could present any more."""
    held = renewer.hold(**EXPIRED)
    assert held.leaf.not_valid_after_utc < datetime.now(UTC)
    renewed = renewer.renew(renewer.mint(held).token).certificate
    assert name_of(renewed) == NAME and renewed.not_valid_after_utc > datetime.now(UTC)


@pytest.mark.parametrize("usages", [(), (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)], ids=["none", "any"])
def test_a_certificate_for_any_purpose_is_renewed(usages: tuple[object, ...], renewer: Renewer) -> None:
    """No extended key usage, and any of it, are enough, to us as to the CA."""
    assert renewer.renew(renewer.mint(renewer.hold(usages=usages)).token).status == 201


@pytest.mark.parametrize("make_key", KINDS.values(), ids=KINDS)
def test_every_kind_of_key_renews(make_key: Callable[[], object], renewer: Renewer) -> None:
    """The CA takes the signature of a key of every type."""
    assert renewer.renew(renewer.mint(renewer.hold(key=make_key())).token).status == 201


def test_a_certificate_without_common_name_is_renewed(renewer: Renewer) -> None:
    """Its token has an empty subject, which the CA takes; any other subject is refused, as it has none."""
    held = renewer.hold("")
    result = renewer.mint(held)
    assert result.claims["sub"] == ""
    assert renewer.renew(result.token).status == 201
    refused = renewer.mint(held, NAME)
    assert (refused.status, refused.out) == (2, "") and "has none" in refused.err and repr(NAME) in refused.err


def test_the_ca_asks_for_the_chain(renewer: Renewer) -> None:
    """A leaf alone is nobody's to the CA; with its issuer by `--x5c-chain` it is taken."""
    held, issuer = renewer.hold(), renewer.folder / "issuer.crt"
    held.certificate.write_bytes(held.leaf.public_bytes(Encoding.PEM))
    issuer.write_bytes(renewer.ca.issuer.public_bytes(Encoding.PEM))
    assert renewer.renew(renewer.mint(held).token).status == 401
    assert renewer.renew(renewer.mint(held, "--x5c-chain", str(issuer)).token).status == 201


# -- Header and claims ------------------------------------------------------------------------------


def test_header_and_claims(renewer: Renewer) -> None:
    """The token has the chain in `x5cInsecure` and nothing of a provisioner, a root or names."""
    held = renewer.hold()
    result = renewer.mint(held)
    ders = [certificate.public_bytes(Encoding.DER) for certificate in (held.leaf, renewer.ca.issuer)]
    assert [b64decode(entry, validate=True) for entry in result.header["x5cInsecure"]] == ders
    header = {name: value for name, value in result.header.items() if name != "x5cInsecure"}
    assert header == {"alg": "ES256", "kid": held.thumbprint(), "typ": "JWT"}
    claims = result.claims
    assert set(claims) == {"aud", "exp", "iat", "iss", "jti", "nbf", "sub"}
    assert (claims["aud"], claims["sub"]) == (f"{renewer.ca.ca.url}/1.0/renew", NAME)
    assert (claims["iss"], claims["exp"] - claims["nbf"]) == ("step-ca-client/1.0", 300)
    assert str(renewer.folder) not in text_of(result, 0) + text_of(result, 1)


@pytest.mark.parametrize("subject", [(), (NAME,)])
def test_the_subject_is_the_common_name(subject: tuple[str, ...], renewer: Renewer) -> None:
    """It may be left out or be given, and is the same."""
    assert renewer.mint(renewer.hold(), *subject).claims["sub"] == NAME


def test_another_subject_is_refused(renewer: Renewer) -> None:
    """The error shows both names."""
    result = renewer.mint(renewer.hold(), "other.test")
    assert (result.status, result.out) == (2, "")
    assert "'other.test'" in result.err and f"'{NAME}'" in result.err


def test_the_window_is_the_users(renewer: Renewer) -> None:
    """`--not-before` and `--not-after` count, which step drops in silence."""
    result = renewer.mint(renewer.hold(), "--not-before=-1m", "--not-after", "10m")
    claims = result.claims
    assert (claims["iat"] - claims["nbf"], claims["exp"] - claims["iat"]) == (60, 600)
    assert renewer.renew(result.token).status == 201


@pytest.mark.parametrize("option", ["--password-file", "--provisioner-password-file"])
@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.OpenSSH], ids=["PKCS#8", "OpenSSH"])
def test_an_encrypted_key_is_opened_by_its_password_file(option: str, form: PrivateFormat, renewer: Renewer) -> None:
    """Either password file opens it, which step asks the terminal for."""
    key = ec.generate_private_key(ec.SECP256R1())
    held, password = renewer.hold(key=key), renewer.folder / "password"
    held.key.write_bytes(key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"correct horse")))
    password.write_text("correct horse\n")
    bare = {"STEPPATH": str(renewer.folder / "step")}  # the sandbox's own defaults.json names a password file as well
    result = renewer.mint(held, option, str(password), "--ca-url", renewer.ca.ca.url, environment=bare)
    assert "not used" not in result.err
    assert renewer.renew(result.token).status == 201


# -- Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wishes", "reason"),
    [
        ({"usages": [ExtendedKeyUsageOID.SERVER_AUTH]}, "not for client authentication"),
        ({"digital_signature": False}, "does not name digitalSignature"),
        ({"digital_signature": None}, "does not name digitalSignature"),
        ({"begin": timedelta(hours=1), "end": timedelta(hours=2)}, "the certificate is not valid yet"),
    ],
    ids=["server only", "no digitalSignature", "no key usage", "not yet valid"],
)
def test_a_certificate_that_the_ca_would_not_renew_is_refused(
    wishes: dict[str, object], reason: str, renewer: Renewer
) -> None:
    """The error names the file and the reason."""
    held = renewer.hold(**wishes)
    result = renewer.mint(held)
    assert (result.status, result.out) == (1, "")
    assert f"--x5c-cert {held.certificate}: " in result.err and reason in result.err


def test_a_key_of_another_certificate_is_refused(renewer: Renewer) -> None:
    """The error names both options."""
    one, other = renewer.hold(), renewer.hold("other.test")
    result = renewer.mint(attrs.evolve(one, key=other.key))
    assert (result.status, result.out) == (1, "")
    assert "--x5c-key is not the key of --x5c-cert" in result.err


@pytest.mark.parametrize(
    "words",
    [
        "--provisioner x", "--issuer x", "--kid x", "--key x", "--x5c-insecure", "--san x", "--set a=b", "--set-file x",
        "--cnf 47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "--cnf-file x", "--sshpop-cert x", "--sshpop-key x",
        "--k8ssa-token-path x", "--principal x", "--host", "--revoke", "--rekey", "--cert-not-after 1h",
    ],
)  # fmt: skip
def test_what_a_renewal_cannot_carry_is_refused(words: str, renewer: Renewer) -> None:
    """The error names the flag and one of those that it does not go with, and no file is read."""
    result = renewer.mint(Held(Path("c"), Path("k"), renewer.ca.issuer), *words.split())
    assert (result.status, result.out) == (2, "")
    named = words.split(maxsplit=1)[0]
    assert named in result.err or "SSHPOP" in result.err
    assert any(other in result.err for other in {"--renew", "--x5c-cert", "--x5c-key", "--ssh"} - {named})


@pytest.mark.parametrize("words", [(), ("--x5c-cert", "c"), ("--x5c-key", "k"), ("--key", "k")])
def test_a_renewal_without_certificate_or_key_is_refused(words: tuple[str, ...], renewer: Renewer) -> None:
    """The error names what is missing."""
    result = invoke("token", "--renew", *words, environment=renewer.ca.environment)
    assert (result.status, result.out) == (2, "")
    assert "--x5c-key" in result.err if "--x5c-cert" in words else "--x5c-cert" in result.err


# -- Surroundings -----------------------------------------------------------------------------------


def test_settings_about_provisioners_do_not_matter(renewer: Renewer) -> None:
    """What the environment says of a provisioner is for other requests."""
    environment = {"STEP_PROVISIONER": "someone", "STEP_KID": "some key"}
    assert renewer.mint(renewer.hold(), environment=environment).claims["iss"] == "step-ca-client/1.0"


def test_offline_beside_ca_json(renewer: Renewer) -> None:
    """The address is that of ca.json, and the CA takes the token."""
    result = renewer.mint(renewer.hold(), "--offline")
    assert result.claims["aud"].endswith("/1.0/renew")
    assert renewer.renew(result.token).status == 201


@pytest.mark.parametrize("offline", [(), ("--offline",)])
def test_no_request_is_made(offline: tuple[str, ...], renewer: Renewer) -> None:
    """Neither the CA nor its root is needed: an address where nobody listens, and an empty step path, do."""
    url = f"https://127.0.0.1:{choose_port()}"
    nothing = {"STEPPATH": str(renewer.folder / "nothing")}
    result = renewer.mint(renewer.hold(), "--ca-url", url, *offline, environment=nothing)
    assert result.claims["aud"] == f"{url}/1.0/renew"


def test_flags_of_no_effect_are_told(renewer: Renewer) -> None:
    """A flag about the connection to the CA is noted on stderr, and does no harm."""
    words = ("--root", "nothing.crt", "--timeout", "1s", "--request-timeout", "1s")
    result = renewer.mint(renewer.hold(), *words)
    assert result.claims["sub"] == NAME
    for option in words[::2]:
        assert f"{option} is not used" in result.err


# -- Beside the real step ---------------------------------------------------------------------------


@pytest.mark.parametrize("wishes", [{}, EXPIRED], ids=["valid", "expired"])
def test_step_makes_the_same_token(
    wishes: dict[str, timedelta], step_program: str, provisioned_ca: ProvisionedCa, renewer: Renewer
) -> None:
    """Header and claims are equal but for the time, and for a `jti`, which step leaves out."""
    pair = Place(step_program, provisioned_ca.ca.path).ask("--renew", *renewer.hold(**wishes).flags, NAME)
    assert text_of(pair.go, 0) == text_of(pair.ours, 0)
    go, ours = (json.loads(text_of(result, 1)) for result in (pair.go, pair.ours))
    assert len(ours.pop("jti")) == 64
    for name in ("exp", "iat", "nbf"):
        assert 0 <= ours.pop(name) - go.pop(name) <= pair.seconds
    assert go == ours


def test_every_caution_is_given(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """A leaf that stands alone and has no common name is warned of for both."""
    held = provisioned_ca.hold(tmp_path, "")
    words = ["token", "--renew", "--x5c-cert", str(held.certificate), "--x5c-key", str(held.key)]
    result = invoke(*words, environment=provisioned_ca.environment)
    assert result.status == 0
    assert "has no common name" in result.err and "holds only the leaf" in result.err
