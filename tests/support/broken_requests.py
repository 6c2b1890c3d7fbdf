"""What may be wrong with the request that a token is shown with: a CSR, or what is asked of an SSH certificate."""

from collections.abc import Mapping
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from domain.ca_rules.endpoint import Endpoint
from domain.formats import base64url
from tests.support.broken_tokens import Change, Make, claims, jwk, made, x5c
from tests.support.ca_client import general_name, make_csr
from tests.support.forged_tokens import NAME, Forge, Forged, fingerprint
from tests.support.raw_tokens import spell_loosely

ED25519, P521 = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP521R1())
RSA, SHORT_RSA = rsa.generate_private_key(65537, 2048), rsa.generate_private_key(65537, 1024)


def ask_csr(name: str, *names: str, key: Any = None) -> x509.CertificateSigningRequest:
    """Return a CSR for a common name and SANs."""
    return make_csr(name, [general_name(text) for text in names], key=key)


def show(csr: x509.CertificateSigningRequest) -> Change:
    """Return the change of the CSR that the token is shown with."""
    return lambda forged: attrs.evolve(forged, csr=csr)


def with_csr(csr: x509.CertificateSigningRequest, **members: Any) -> Make:
    """Return what makes a JWK token with these claims, shown with this CSR."""
    return made(jwk(Endpoint.SIGN), claims(**members), show(csr))


def x5c_with_csr(csr: x509.CertificateSigningRequest, **members: Any) -> Make:
    """Return what makes an X5C token with these claims, shown with this CSR."""
    return made(x5c(Endpoint.SIGN), claims(**members), show(csr))


def bound(to: x509.CertificateSigningRequest, shown: x509.CertificateSigningRequest) -> Make:
    """Return what makes a token bound to one CSR, and shown with another."""
    return with_csr(shown, cnf={"x5rt#S256": fingerprint(to)})


def break_csr() -> x509.CertificateSigningRequest:
    """Return a CSR whose own signature does not hold."""
    data = bytearray(ask_csr(NAME, NAME, "10.0.0.7").public_bytes(Encoding.DER))
    data[-1] ^= 1
    return x509.load_der_x509_csr(bytes(data))


ONE, OTHER = ask_csr(NAME, NAME, "10.0.0.7"), ask_csr(NAME, NAME, "10.0.0.7")
MANY = ["a.test", "10.1.2.3", "2001:db8::1", "me@a.test", "spiffe://a.test/web", "urn:a:b"]
LOOSE = spell_loosely(base64url.decode(fingerprint(ONE)))
REQUESTS: dict[str, Make] = {
    "another common name": with_csr(ask_csr("evil.test", NAME, "10.0.0.7")),
    "a SAN as common name": with_csr(ask_csr("10.0.0.7", NAME, "10.0.0.7")),
    "no common name": with_csr(ask_csr("", NAME, "10.0.0.7")),
    "a name too many": with_csr(ask_csr(NAME, NAME, "b.test", "10.0.0.7")),
    "another name": with_csr(ask_csr(NAME, "b.test", "10.0.0.7")),
    "a name twice": with_csr(ask_csr(NAME, NAME, NAME, "10.0.0.7")),
    "a name in capitals": with_csr(ask_csr(NAME, NAME.upper(), "10.0.0.7")),
    "another address": with_csr(ask_csr(NAME, NAME, "10.0.0.8")),
    "no address": with_csr(ask_csr(NAME, NAME)),
    "no names at all": with_csr(ask_csr(NAME)),
    "an email that the token has not": with_csr(ask_csr(NAME, NAME, "me@a.test")),
    "a URI that the token has not": with_csr(ask_csr(NAME, NAME, "spiffe://a.test/web")),
    "names of every type": with_csr(ask_csr("a.test", *MANY), sub="a.test", sans=MANY),
    "one of many missing": with_csr(ask_csr("a.test", *MANY[:-1]), sub="a.test", sans=MANY),
    "an address written at length": with_csr(
        ask_csr(NAME, "2001:db8::1"), sans=["2001:0DB8:0000:0000:0000:0000:0000:0001"]
    ),
    "no sans in the token": with_csr(ask_csr(NAME, NAME), sans=None),
    "no sans in the token, and another name": with_csr(ask_csr(NAME, "b.test"), sans=None),
    "sans that are empty": with_csr(ask_csr(NAME, NAME), sans=[]),
    "an empty name": with_csr(ask_csr(NAME, NAME), sans=[NAME, ""]),
    "a name that is not ASCII": with_csr(ask_csr(NAME), sans=["bücher.test"]),
    "a subject that is not ASCII": with_csr(ask_csr("", NAME), sub="Bücher", sans=[NAME]),
    "a wildcard": with_csr(ask_csr("*.a.test", "*.a.test"), sub="*.a.test", sans=["*.a.test"]),
    "a host with a port": with_csr(ask_csr("", "a.test:80"), sans=["a.test:80"]),
    "bound to this CSR": bound(ONE, ONE),
    "bound to another CSR": bound(OTHER, ONE),
    "bound to nothing": with_csr(ONE, cnf={}),
    "bound to null": with_csr(ONE, cnf={"x5rt#S256": None}),
    "bound to a number": with_csr(ONE, cnf={"x5rt#S256": 7}),
    "bound in padded base64": with_csr(ONE, cnf={"x5rt#S256": fingerprint(ONE) + "="}),
    "bound in base64 with unused bits": with_csr(ONE, cnf={"x5rt#S256": LOOSE}),
    "an IPv4 address in IPv6": with_csr(ask_csr(NAME, "10.0.0.7"), sans=["::ffff:10.0.0.7"]),
    "a URI with its scheme in capitals": with_csr(ask_csr(NAME, "urn:a:b"), sans=["URN:a:b"]),
    "a URI whose host is not a domain": with_csr(ask_csr(NAME), sans=["https://a..test/"]),
    "null for a name": with_csr(ask_csr(NAME), sans=[NAME, None]),
    "a CSR with a bad signature": with_csr(break_csr()),
    "a CSR by Ed25519": with_csr(ask_csr(NAME, NAME, "10.0.0.7", key=ED25519)),
    "a CSR by P-521": with_csr(ask_csr(NAME, NAME, "10.0.0.7", key=P521)),
    "a CSR by RSA": with_csr(ask_csr(NAME, NAME, "10.0.0.7", key=RSA)),
    "a CSR by RSA of 1024 bits": with_csr(ask_csr(NAME, NAME, "10.0.0.7", key=SHORT_RSA)),
    "X5C and a SAN as common name": x5c_with_csr(ask_csr("10.0.0.7", NAME, "10.0.0.7")),
    "X5C and another name": x5c_with_csr(ask_csr(NAME, "b.test", "10.0.0.7")),
    "X5C and no common name": x5c_with_csr(ask_csr("", NAME, "10.0.0.7")),
    "X5C bound to another CSR": x5c_with_csr(ONE, cnf={"x5rt#S256": fingerprint(OTHER)}),
}


def ask_ssh(wishes: Mapping[str, Any], **ssh: Any) -> Make:
    """Return what makes a JWK token with these members in step.ssh, shown with these wishes.

    `ABSENT` takes a member out of the token, None a wish out of the request.
    """

    def make(forge: Forge) -> Forged:
        forged = forge.make_jwk(Endpoint.SSH_SIGN)
        options = {name: value for name, value in (forged.claims["step"]["ssh"] | ssh).items() if value is not ABSENT}
        wished = {name: value for name, value in {**forged.wishes, **wishes}.items() if value is not None}
        return attrs.evolve(forged.with_claims(step={"ssh": options}), wishes=wished)

    return make


ABSENT = object()
SSH_REQUESTS: dict[str, Make] = {
    "another type": ask_ssh({"certType": "user"}),
    "no type": ask_ssh({"certType": None}),
    "an unknown type": ask_ssh({}, certType="robot"),
    "no type in the token": ask_ssh({}, certType=ABSENT),
    "an empty type in the token": ask_ssh({"certType": "user"}, certType=""),
    "a type that is a number": ask_ssh({}, certType=7),
    "another principal": ask_ssh({"principals": ["root"]}),
    "a principal too many": ask_ssh({"principals": [NAME, "other.test", "root"]}),
    "all principals": ask_ssh({"principals": [NAME, "other.test"]}),
    "a principal twice": ask_ssh({"principals": [NAME, NAME]}),
    "a principal three times": ask_ssh({"principals": [NAME, NAME, NAME]}),
    "a principal in capitals": ask_ssh({"principals": [NAME.upper()]}),
    "no principal": ask_ssh({"principals": None}),
    "an empty principal": ask_ssh({"principals": [""]}),
    "no principals in the token": ask_ssh({"principals": ["anything"]}, principals=[]),
    "principals that are text": ask_ssh({}, principals=NAME),
    "another key identifier": ask_ssh({"keyID": "other"}),
    "an hour from now": ask_ssh({}, validAfter="1h", validBefore="2h"),
    "ended before": ask_ssh({}, validBefore="-1h"),
    "ending before it begins": ask_ssh({}, validAfter="2h", validBefore="1h"),
    "a time": ask_ssh({}, validBefore="2127-01-01T00:00:00Z", validAfter="2126-12-31T20:00:00Z"),
    "a time long past": ask_ssh({}, validBefore="2020-01-01T00:00:00Z"),
    "a time that is none": ask_ssh({}, validBefore="tomorrow"),
    "a type in capitals": ask_ssh({"certType": None}, certType="HOST"),
    "a type in capitals, asked for in small letters": ask_ssh({}, certType="HOST"),
    "an empty principal in the token": ask_ssh({"principals": None}, principals=[NAME, ""]),
    "null for a principal in the token": ask_ssh({"principals": None}, principals=[NAME, None]),
    "a time before 1970": ask_ssh({}, validAfter="1969-12-31T23:59:59Z"),
    "a time before the common era": ask_ssh({}, validAfter="0001-01-01T00:00:00Z"),
    "a time with a comma": ask_ssh({}, validAfter="2126-12-31T3:59:59,5Z"),
    "for four minutes": ask_ssh({}, validBefore="3m"),
    "for two months": ask_ssh({}, validBefore="1440h"),
    "a user's for two days": ask_ssh({"certType": "user"}, certType="user", validBefore="48h"),
    "X5C that outlasts its certificate": made(x5c(Endpoint.SSH_SIGN), claims(step={"ssh": {"validBefore": "2h"}})),
    "a user's": ask_ssh({"certType": "user", "principals": ["max"]}, certType="user", principals=["max"]),
    "no step": made(jwk(Endpoint.SSH_SIGN), claims(step=None)),
    "an empty step": made(jwk(Endpoint.SSH_SIGN), claims(step={})),
    "ssh that is text": made(jwk(Endpoint.SSH_SIGN), claims(step={"ssh": "a"})),
    "X5C without step": made(x5c(Endpoint.SSH_SIGN), claims(step=None)),
}
