"""`verify` and the real step-ca: the same verdict on every token, sound or broken in one way."""

import time
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import attrs
import pytest
from cryptography import x509

from adapters.jose.jws import make_signer
from adapters.jose.key_objects import generate_jwk
from adapters.keys.jwk import load_jwk_key
from domain.ca_rules.endpoint import Endpoint
from domain.report.check_result import Outcome
from domain.verify.forecast import Verdict
from tests.support.broken_certificates import (
    CHAINS,
    KUBERNETES,
    MINUTE,
    RENEWALS,
    SSH_CERTIFICATES,
    in_between,
    renewal_of,
)
from tests.support.broken_requests import REQUESTS, SSH_REQUESTS, ask_csr
from tests.support.broken_tokens import BASES, CHANGES, Make, at, jwk, made, moment, renewal, sshpop, x5c
from tests.support.ca_client import connect
from tests.support.forged_tokens import NAME, Forge, Forged, open_forge
from tests.support.provisioned_ca import ProvisionedCa, read_config, serve_provisioned
from tests.support.running import invoke
from tests.support.verify_court import Court, compare, judge, open_court, read_published, verdict_of


@pytest.fixture(scope="module")
def court(provisioned_ca: ProvisionedCa) -> Court:
    """The court at the CA with a provisioner of each type."""
    return open_court(provisioned_ca)


@pytest.fixture(scope="module")
def forge(provisioned_ca: ProvisionedCa) -> Forge:
    """The forge at the same CA."""
    return open_forge(provisioned_ca, read_config(provisioned_ca))


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_ca_says_of_a_changed_token_what_we_say(base: str, change: str, court: Court, forge: Forge) -> None:
    """Each kind of token, broken in each way: accepted by both or refused by both."""
    compare(court, lambda: CHANGES[change](BASES[base](forge)))


SHOWN = {
    "CSR": REQUESTS,
    "SSH request": SSH_REQUESTS,
    "chain": CHAINS,
    "SSH certificate": SSH_CERTIFICATES,
    "token of Kubernetes": KUBERNETES,
    "renewal": RENEWALS,
}
"""What else the CA looks at: a CSR's names, keys and signatures; the type, principals and times of an SSH certificate
that is asked for; who may vouch for a token by a certificate; which SSH certificates may ask about themselves."""


@pytest.mark.parametrize(("shown", "name"), [(shown, name) for shown, cases in SHOWN.items() for name in cases])
def test_the_ca_says_of_what_it_is_shown_what_we_say(shown: str, name: str, court: Court, forge: Forge) -> None:
    """However it is made: accepted by both or refused by both."""
    compare(court, lambda: SHOWN[shown][name](forge))


@pytest.mark.parametrize("place", ["in it", "behind it"])
@pytest.mark.parametrize("character", ["\v", "\f", "\x1f", "\x7f", "\t", " ", "\x85", "\u2028"])
def test_no_header_carries_control_characters(character: str, place: str, court: Court, forge: Forge) -> None:
    """The CA gets a renewal's token in a header: what is white space to it may be no part of one, but for the tab."""

    def spoil(token: str) -> str:
        return token + character if place == "behind it" else token.replace(".", f".{character}", 1)

    compare(court, lambda: attrs.evolve(forge.make_renewal(), spoil=spoil))


@pytest.mark.parametrize("base", [name for name in BASES if name != "renewal"])
@pytest.mark.parametrize("way", ["fragment", "audience"])
def test_no_token_of_an_acme_provisioner_is_taken(way: str, base: str, court: Court, forge: Forge) -> None:
    """Whichever way a token leads to it, and whatever it asks for."""

    def make() -> Forged:
        forged = BASES[base](forge)
        aud = forge.claim(forged.endpoint, "acme/acme")["aud"] if way == "fragment" else "acme/acme"
        return forged.with_claims(aud=aud)

    compare(court, make)
    forged = make()
    token = forged.write()
    assert "token flow is not supported" in court.ask(forged, token).body["message"]
    forecast = judge(forged, token, court.offline, time.time_ns())
    assert forecast is not None
    assert [one.rule for one in forecast.findings if one.outcome is Outcome.FAILED] == ["request"]


def test_what_cannot_be_known_is_said_to_be(court: Court, forge: Forge) -> None:
    """A token that was used, and one from before the CA's start: the CA refuses them by the rules we cannot check.

    The second is older than the CA's root, and the CA's choice not to look at that is not public.
    """
    used, old = forge.make_jwk(Endpoint.SIGN), forge.make_jwk(Endpoint.SIGN).with_claims(iat=at(-3000))
    assert court.ask(used, used.write()).status == 201
    for forged, rule, verdict, message in (
        (used, "use", Verdict.ACCEPTED, "already used"),
        (old, "issued long ago", Verdict.UNKNOWN, "before the bootstrap"),
    ):
        token = forged.write()
        forecast = judge(forged, token, court.online, time.time_ns())
        assert forecast is not None and forecast.verdict is verdict
        assert rule in {one.rule for one in forecast.findings if one.outcome is Outcome.UNCHECKED}
        assert court.ask(forged, token).status == 401
        assert verdict_of(judge(forged, token, court.offline, time.time_ns())) is (
            Verdict.REFUSED if rule != "use" else Verdict.ACCEPTED
        )
        assert message in (forge.ca.ca.path / "step-ca.log").read_text()


def test_a_certificate_that_names_no_provisioner_is_not_foretold(court: Court, forge: Forge) -> None:
    """The CA's database may know its provisioner, and we do not: the verdict is unknown, not a guess."""
    forged = forge.make_renewal(extension=None)
    forecast = judge(forged, forged.write(), court.online, time.time_ns())
    assert forecast is not None and forecast.verdict is Verdict.UNKNOWN


# -- A CA with other settings -----------------------------------------------------------------------

ODD = "it's [odd] & 100%"


ODD_JWK = generate_jwk()
_PUBLIC = {name: text for name, text in ODD_JWK.items() if name in ("kty", "crv", "x", "y")}
ODD_KEYS: dict[str, dict[str, Any]] = {
    "for encryption": {**_PUBLIC, "kid": "enc", "use": "enc", "alg": "ECDH-ES"},
    "for deriving": {**_PUBLIC, "kid": "derive", "key_ops": ["deriveKey"]},
    "nameless": _PUBLIC,
    "shared": {"kty": "oct", "kid": "shared", "k": "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3JldCE"},
}
"""Keys that step-ott makes no tokens by, and step-ca checks tokens by."""


@pytest.mark.parametrize("name", ODD_KEYS)
def test_what_a_key_is_for_does_not_matter_to_the_ca(
    name: str, strict_court: Court, strict_forge: Forge, strict: ProvisionedCa
) -> None:
    """A JWK provisioner's key checks tokens whatever its use says; one that is shared is not judged."""
    signer = make_signer(load_jwk_key(ODD_JWK))
    forged = strict_forge.make_jwk(Endpoint.SIGN).with_claims(iss=name)
    forged = attrs.evolve(forged.with_header(kid=ODD_KEYS[name].get("kid")), signer=signer)
    if name == "shared":
        assert verdict_of(judge(forged, forged.write(), strict_court.offline, time.time_ns())) is Verdict.UNKNOWN
    else:
        compare(strict_court, lambda: forged.with_claims(jti=token_hex(32)))
        assert connect(strict.ca).sign(ask_csr(NAME, NAME, "10.0.0.7"), forged.write()).status == 201


@pytest.fixture(scope="module")
def strict(step_ca_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProvisionedCa]:
    """A CA that signs for SSH nowhere, renews nothing for one provisioner, and has no database."""

    def adjust(config: dict[str, Any]) -> None:
        config["authority"]["disableIssuedAtCheck"] = True
        del config["db"]
        for provisioner in config["authority"]["provisioners"]:
            del provisioner["claims"]
            if provisioner["type"] == "X5C":
                provisioner["name"] = ODD
        config["authority"]["provisioners"] += [
            {"type": "ACME", "name": "frozen", "claims": {"disableRenewal": True}},
            *({"type": "JWK", "name": name, "key": key} for name, key in ODD_KEYS.items()),
        ]

    with serve_provisioned(step_ca_program, tmp_path_factory.mktemp("strict") / "step", adjust) as ca:
        yield ca


@pytest.fixture(scope="module")
def strict_court(strict: ProvisionedCa) -> Court:
    """The court there; it knows the CA's own ca.json alone, for the public list leaves most of it out."""
    offline = read_published(strict.environment, "offline")
    return Court(connect(strict.ca), offline, offline)


@pytest.fixture(scope="module")
def strict_forge(strict: ProvisionedCa) -> Forge:
    """The forge there."""
    return open_forge(strict, read_config(strict))


STRICT: dict[str, Make] = {
    "sign": BASES["JWK sign"],
    "long ago issued": made(jwk(Endpoint.SIGN), moment(iat=-30_000)),
    "ssh-sign": BASES["JWK ssh-sign"],
    "revoke": BASES["JWK revoke"],
    "ssh-revoke": BASES["JWK ssh-revoke"],
    "ssh-renew": BASES["SSHPOP ssh-renew"],
    "ssh-renew after expiry": sshpop(Endpoint.SSH_RENEW, begin=-600, end=-60),
    "renewal": BASES["renewal"],
    "renewal after expiry": renewal(begin=-4 * MINUTE, end=-MINUTE),
    "renewal where there is none": renewal_of("frozen"),
    "kubernetes ssh-sign": KUBERNETES["ssh-sign"],
    "kubernetes sign": KUBERNETES["sign"],
}


@pytest.mark.parametrize("token", STRICT)
def test_a_strict_ca_says_what_we_say(token: str, strict_court: Court, strict_forge: Forge) -> None:
    """SSH switched off, no renewal, no database, no issued-at check: the same verdict."""
    compare(strict_court, lambda: STRICT[token](strict_forge))


def test_settings_that_are_not_public_are_not_guessed(strict: ProvisionedCa, strict_forge: Forge) -> None:
    """Whether an SSH token is good where the public list says nothing of SSH: unknown online."""
    court = Court(connect(strict.ca), read_published(strict.environment), read_published(strict.environment, "offline"))
    forged = strict_forge.make_jwk(Endpoint.SSH_SIGN)
    verdicts = [
        verdict_of(judge(forged, forged.write(), settings, time.time_ns()))
        for settings in (court.online, court.offline)
    ]
    assert verdicts == [Verdict.UNKNOWN, Verdict.REFUSED]


@pytest.mark.parametrize("kind", ["renewal", "ssh-renew"])
def test_a_renewal_after_expiry_is_not_guessed(kind: str, strict: ProvisionedCa, strict_forge: Forge) -> None:
    """A certificate that has expired, of a provisioner that says nothing of that: unknown online."""
    expired = {"renewal": renewal(begin=-4 * MINUTE, end=-MINUTE), "ssh-renew": STRICT["ssh-renew after expiry"]}
    forged, online = expired[kind](strict_forge), read_published(strict.environment)
    assert verdict_of(judge(forged, forged.write(), online, time.time_ns())) is Verdict.UNKNOWN


def test_a_chain_with_name_constraints_is_not_foretold(court: Court, forge: Forge) -> None:
    """Whether they are kept is not judged: the verdict is unknown, and the CA has one."""
    for domain, status in (("test", 201), ("other.test", 401)):
        constraints = x509.NameConstraints([x509.DNSName(domain)], None)
        forged = in_between(extension=constraints)(forge)
        token = forged.write()
        assert verdict_of(judge(forged, token, court.online, time.time_ns())) is Verdict.UNKNOWN
        assert court.ask(forged, token).status == status


def test_a_key_in_the_header_is_not_foretold(court: Court, forge: Forge) -> None:
    """step-ca ignores one that it can read, and refuses a token with one that it cannot."""
    public = {name: text for name, text in generate_jwk().items() if name in ("kty", "crv", "x", "y")}
    for key, status in ((public, 201), ({"kty": "EC"}, 401)):
        forged = forge.make_jwk(Endpoint.SIGN).with_header(jwk=key)
        token = forged.write()
        assert verdict_of(judge(forged, token, court.online, time.time_ns())) is Verdict.UNKNOWN
        assert court.ask(forged, token).status == status


def test_a_leaf_with_little_life_left_is_not_foretold(court: Court, forge: Forge) -> None:
    """Nobody tells the least that the CA signs for, so that only a revocation's verdict is known."""
    for endpoint, verdict in ((Endpoint.SIGN, Verdict.UNKNOWN), (Endpoint.REVOKE, Verdict.ACCEPTED)):
        forged = x5c(endpoint, end=MINUTE)(forge)
        assert verdict_of(judge(forged, forged.write(), court.online, time.time_ns())) is verdict


def test_a_provisioners_name_may_hold_anything(strict: ProvisionedCa, tmp_path: Path) -> None:
    """What is special in a URL is escaped in the audience, so that the CA finds the provisioner."""
    held = strict.hold(tmp_path)
    minted = invoke("token", NAME, *held.flags, environment=strict.environment)
    assert connect(strict.ca).sign(ask_csr(NAME, NAME), minted.token).status == 201
    assert invoke("verify", minted.token, "--for", "sign", environment=strict.environment).status == 0


def test_the_net_is_wide() -> None:
    """There are over three hundred tokens, and the table of changes was applied to every kind of them."""
    tables = (REQUESTS, SSH_REQUESTS, CHAINS, SSH_CERTIFICATES, KUBERNETES, RENEWALS, STRICT)
    assert len(BASES) * len(CHANGES) + sum(map(len, tables)) > 1000
