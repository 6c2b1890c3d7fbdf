"""`verify` and the real step-ca, about Nebula tokens: the same verdict, or an honest "unknown"."""

import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from adapters.jose.jws import make_signer
from domain.ca_rules.endpoint import Endpoint
from domain.report.check_result import Outcome
from domain.verify.forecast import Verdict
from tests.support.forged_nebula import HOUR
from tests.support.forged_nebula_tokens import VERSIONS, NebulaForge, ask, serve_nebula
from tests.support.forged_tokens import NAME, Forged, cut_signature, fingerprint, flip_signature
from tests.support.running import invoke
from tests.support.verify_court import Court, compare, judge, open_court, verdict_of


@pytest.fixture(scope="module")
def forge(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NebulaForge]:
    """The forge at a real step-ca whose Nebula provisioner trusts CAs of both versions on both curves."""
    with serve_nebula(step_ca_program, tmp_path_factory.mktemp("nebula-court") / "step") as forge:
        yield forge


@pytest.fixture(scope="module")
def court(forge: NebulaForge) -> Court:
    """The court at the same CA."""
    return open_court(forge.ca)


Make: TypeAlias = Callable[[NebulaForge], Forged]


def by(endpoint: Endpoint = Endpoint.SIGN, **wishes: Any) -> Make:
    return lambda forge: forge.make(endpoint, **wishes)


def claiming(endpoint: Endpoint = Endpoint.SIGN, **claims: Any) -> Make:
    return lambda forge: forge.make(endpoint).with_claims(**claims)


def headed(**members: Any) -> Make:
    return lambda forge: forge.make().with_header(**members)


def showing(csr: x509.CertificateSigningRequest, **claims: Any) -> Make:
    return lambda forge: attrs.evolve(forge.make().with_claims(**claims), csr=csr)


def wishing(**wishes: Any) -> Make:
    def make(forge: NebulaForge) -> Forged:
        forged = forge.make(Endpoint.SSH_SIGN)
        return attrs.evolve(forged, wishes={**forged.wishes, **wishes})

    return make


def wishing_without_step(**wishes: Any) -> Make:
    return lambda forge: wishing(**wishes)(forge).with_claims(step=None)


def ssh(**options: Any) -> Make:
    return claiming(Endpoint.SSH_SIGN, step={"ssh": options})


def spoilt(spoil: Callable[[str], str]) -> Make:
    return lambda forge: attrs.evolve(forge.make(), spoil=spoil)


def by_stranger(forge: NebulaForge) -> Forged:
    return forge.make(issuer_key=ec.generate_private_key(ec.SECP256R1()))


def by_authority_itself(forge: NebulaForge) -> Forged:
    key = forge.authorities[2, "P-256", False].key
    return forge.make(key=key, is_ca=True, issuer="", networks=[], begin=-HOUR, end=2 * HOUR)


def signed_by_another(forge: NebulaForge) -> Forged:
    return attrs.evolve(forge.make(), signer=make_signer(ec.generate_private_key(ec.SECP256R1())))


def break_lines(forge: NebulaForge) -> Forged:
    forged = forge.make()
    text = forged.header["nebula"]
    return forged.with_header(nebula="\r\n".join(text[at : at + 64] for at in range(0, len(text), 64)))


def in_url_alphabet(forge: NebulaForge) -> Forged:
    forged = forge.make()
    return forged.with_header(nebula=forged.header["nebula"].replace("+", "-").replace("/", "_").rstrip("=") + "--")


LIMITED: dict[str, Any] = {"is_limited": True, "networks": ["10.0.0.7/24"]}
TOKENS: dict[str, Make] = {
    **{f"{endpoint.value}, version {version}, issued on {kind}": by(endpoint, version=version, kind=kind)
       for endpoint in (Endpoint.SIGN, Endpoint.SSH_SIGN) for version in VERSIONS for kind in ("P-256",)},
    "revoke": by(Endpoint.REVOKE), "ssh-revoke": by(Endpoint.SSH_REVOKE), "ssh-renew": by(Endpoint.SSH_RENEW),
    "ssh-rekey": by(Endpoint.SSH_REKEY),
    # the certificate
    "a stranger's": by_stranger, "of a CA that nobody knows": by(issuer="ab" * 32), "no issuer": by(issuer=""),
    "a CA's own": by_authority_itself,
    "expired": by(begin=-HOUR, end=-1), "of the future": by(begin=60, end=HOUR),
    "older than its CA": by(begin=-2 * HOUR), "outlasting its CA": by(end=3 * HOUR),
    **{f"{name}, version {version}": by(version=version, **{**LIMITED, **wishes}) for version in VERSIONS
       for name, wishes in {
           "within limits": {"groups": ["web"], "unsafe_networks": ["192.168.7.0/24"]},
           "a group too many": {"groups": ["web", "db"]}, "a network elsewhere": {"networks": ["10.1.0.7/24"]},
           "a network too wide": {"networks": ["10.0.0.7/8"]},
           "a network behind it elsewhere": {"unsafe_networks": ["172.16.0.0/16"]},
       }.items()},
    "IPv6 beyond limits": by(**{**LIMITED, "networks": ["10.0.0.7/24", "fd00::7/64"]}),
    "an Ed25519 CA's certificate for P-256": by(kind="25519"),
    "Ed25519": by(kind="25519", key=ed25519.Ed25519PrivateKey.from_private_bytes(b"e" * 32), is_ca=True),
    "Ed25519, version 1": by(
        kind="25519", version=1, key=ed25519.Ed25519PrivateKey.from_private_bytes(b"e" * 32), is_ca=True
    ),
    # the header
    "no nebula": headed(nebula=None), "a number": headed(nebula=7), "a list": headed(nebula=["MII"]),
    "no base64": headed(nebula="!"), "lines": break_lines, "another alphabet": in_url_alphabet,
    "another algorithm": headed(alg="XEdDSA"), "no kid": headed(kid=None), "crit": headed(crit=["exp"]),
    # the signature and the claims
    "another key": signed_by_another, "a bit turned": spoilt(flip_signature), "a byte less": spoilt(cut_signature),
    "issuer of another": claiming(iss="x"), "no subject": claiming(sub=""), "cnf that is text": claiming(cnf="x"),
    "step that is text": claiming(step="x"), "long past": claiming(exp=1), "far ahead": claiming(nbf=1 << 40),
    # the CSR
    "bound to another CSR": claiming(cnf={"x5rt#S256": fingerprint(ask("x"))}),
    "a CSR without names": showing(ask(NAME)), "a CSR for the name alone": showing(ask(NAME, NAME)),
    "a CSR for the address alone": showing(ask("", "10.0.0.7")), "a CSR without anything": showing(ask("")),
    "a CSR for another name": showing(ask(NAME, "other.test")),
    "a CSR for another address": showing(ask(NAME, "10.0.0.8")),
    "a CSR for an address too many": showing(ask(NAME, "10.0.0.7", "10.0.0.8")),
    "a CSR for a name too many": showing(ask(NAME, NAME, "other.test")),
    "a CSR with an email": showing(ask(NAME, NAME, "a@b.test")),
    "a CSR with a URI": showing(ask(NAME, NAME, "urn:a:b")),
    "a CSR with another common name": showing(ask("10.0.0.7", NAME)),
    "names outside the certificate, and a CSR without": showing(ask(NAME), sans=["other.test"]),
    "names outside the certificate, and a CSR for its own": showing(ask(NAME, NAME), sans=["other.test"]),
    "no names": claiming(sans=None), "a name that is not ASCII": claiming(sans=["ü.test"]),
    # SSH
    "a user's": ssh(certType="user", keyID=NAME), "no type": ssh(keyID=NAME), "an unknown type": ssh(certType="x"),
    "no principals": ssh(certType="host"), "a principal elsewhere": ssh(certType="host", principals=["other.test"]),
    "a principal in capitals": ssh(certType="host", principals=[NAME.upper()]),
    "an address elsewhere": ssh(certType="host", principals=["10.0.0.8"]),
    "an address in IPv6": ssh(certType="host", principals=["::ffff:10.0.0.7"]),
    "ends in time": ssh(certType="host", validBefore="20m"), "outlasts": ssh(certType="host", validBefore="2h"),
    "ended": ssh(certType="host", validBefore="-1m"), "asks for a user's": wishing(certType="user"),
    "asks for another principal": wishing(principals=["other.test"]), "asks for nothing": wishing(principals=[]),
    "without step": claiming(Endpoint.SSH_SIGN, step=None),
    "without step, asks for a user's": wishing_without_step(certType="user"),
    "without step, asks for another principal": wishing_without_step(principals=["other.test"]),
}  # fmt: skip


@pytest.mark.parametrize("token", TOKENS)
def test_the_ca_says_what_we_say(token: str, court: Court, forge: NebulaForge) -> None:
    """Accepted by both or refused by both."""
    compare(court, lambda: TOKENS[token](forge))


def test_x25519_signatures_are_not_foretold(court: Court, forge: NebulaForge) -> None:
    """Whether one holds is not checked here: the verdict is unknown, unless something else is wrong."""
    key = x25519.X25519PrivateKey.generate()
    forged = forge.make(kind="25519", key=key)
    for made, status in ((forged, 201), (attrs.evolve(forged, spoil=flip_signature), 401)):
        token = made.with_claims(jti=str(status)).write()
        forecast = judge(made, token, court.online, time.time_ns())
        assert verdict_of(forecast) is Verdict.UNKNOWN and forecast is not None
        assert [one.rule for one in forecast.findings if one.outcome is Outcome.FAILED] == []
        assert court.ask(made, token).status == status
    broken = [
        forged.with_header(alg="EdDSA"), forged.with_header(crit=["x"]), attrs.evolve(forged, spoil=cut_signature),
        forge.make(kind="25519", key=key, end=-1),
    ]  # fmt: skip
    for made in broken:
        compare(court, lambda made=made: made)  # type: ignore[misc]


def test_a_certificate_that_cannot_be_read_is_not_foretold(court: Court, forge: NebulaForge) -> None:
    """Nebula reads more than we do, such as a certificate with something behind it."""
    forged = forge.make(version=1)
    body = b64decode(forged.header["nebula"])
    for changed, status in ((body + b"\x18\x01", 201), (b"no certificate", 401)):
        made = forged.with_header(nebula=b64encode(changed).decode()).with_claims(jti=str(status) + "read")
        token = made.write()
        assert verdict_of(judge(made, token, court.online, time.time_ns())) is Verdict.UNKNOWN
        assert court.ask(made, token).status == status


def test_a_certificate_that_ends_soon_is_not_foretold(court: Court, forge: NebulaForge) -> None:
    """Nobody tells the least that the CA signs for."""
    forged = forge.make(end=60)
    assert verdict_of(judge(forged, forged.write(), court.online, time.time_ns())) is Verdict.UNKNOWN


def test_the_command_says_it(forge: NebulaForge, tmp_path: Path) -> None:
    """From the command line, online and offline: accepted, rule by rule."""
    path = tmp_path / "token"
    path.write_text(forge.make().write())
    for flags in ((), ("--offline",)):
        result = invoke("verify", str(path), "--for", "sign", *flags, environment=forge.ca.environment)
        assert result.status == 0, result.out + result.err
        assert f"passed         certificate: a trusted Nebula CA has issued the certificate of '{NAME}'" in result.out
