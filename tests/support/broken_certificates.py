"""What may be wrong with what vouches for a token beside a JWK: X.509 chains, SSH certificates, Kubernetes' keys."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from domain.ca_rules.endpoint import Endpoint
from tests.support.broken_requests import ONE, ask_csr, break_csr, show
from tests.support.broken_tokens import (
    OTHER_KEY,
    Change,
    Make,
    aim,
    claims,
    header,
    jwk,
    kubernetes,
    made,
    moment,
    renewal,
    sign_by,
    sshpop,
    x5c,
)
from tests.support.ca_client import make_ssh_key
from tests.support.forged_tokens import NAME, Forge, Forged, encode_chain
from tests.support.provisioned_ca import X5C, issue_leaf

ANY, SERVER = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, ExtendedKeyUsageOID.SERVER_AUTH
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
SIGN, RENEW, REKEY, REVOKE = Endpoint.SIGN, Endpoint.SSH_RENEW, Endpoint.SSH_REKEY, Endpoint.SSH_REVOKE


def in_between(with_middle: bool = True, **wishes: Any) -> Make:
    """Return what makes an X5C token by a leaf of an intermediate as `wishes` say, which may be left out of it."""

    def make(forge: Forge) -> Forged:
        middle_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        wanted: Mapping[str, Any] = {"is_ca": True, "usages": (), **wishes}
        between = issue_leaf(forge.ca.root, forge.ca.root_key, middle_key, "middle", **wanted)
        leaf = issue_leaf(between, middle_key, key, NAME)
        return forge.make_x5c(SIGN, chain=[leaf, between] if with_middle else [leaf], key=key)

    return make


def by_root(forge: Forge) -> Forged:
    """Return an X5C token by a leaf that the root itself has issued."""
    key = ec.generate_private_key(ec.SECP256R1())
    return forge.make_x5c(SIGN, chain=[issue_leaf(forge.ca.root, forge.ca.root_key, key, NAME)], key=key)


def by_stranger(forge: Forge) -> Forged:
    """Return an X5C token by a certificate that has the root's name as its issuer, and not its signature."""
    key = ec.generate_private_key(ec.SECP256R1())
    return forge.make_x5c(SIGN, chain=[issue_leaf(forge.ca.root, key, key, NAME)], key=key)


def by_the_root_itself(forge: Forge) -> Forged:
    return forge.make_x5c(SIGN, chain=[forge.ca.root], key=forge.ca.root_key)


def change_chain(member: str, change: Callable[[list[str]], Any]) -> Change:
    return lambda forged: forged.with_header(**{member: change(forged.header[member])})


def add_stranger(forge: Forge) -> Forged:
    stranger = issue_leaf(forge.ca.root, OTHER_KEY, OTHER_KEY, "x")
    return change_chain("x5c", lambda chain: chain + encode_chain([stranger]))(forge.make_x5c(SIGN))


def add_chain(forge: Forge) -> Forged:
    return forge.make_jwk(SIGN).with_header(x5c=encode_chain([forge.ca.root]))


def write_in_pem(chain: list[str]) -> list[str]:
    """Return a chain of base64 whose certificates are in PEM, not in DER."""
    certificates = [x509.load_der_x509_certificate(b64decode(text)) for text in chain]
    return [b64encode(certificate.public_bytes(Encoding.PEM)).decode() for certificate in certificates]


def break_lines(text: str) -> str:
    """Return base64 in lines, which Go reads."""
    return "\r\n".join(text[start : start + 64] for start in range(0, len(text), 64))


def break_chain_lines(chain: list[str]) -> list[str]:
    return [break_lines(text) for text in chain]


def null_chain(forged: Forged) -> Forged:
    return attrs.evolve(forged, header={**forged.header, "x5c": None})


def rename_chain(old: str, new: str) -> Change:
    return lambda forged: forged.with_header(**{new: forged.header[old], old: None})


def with_key(forged: Forged) -> Forged:
    return attrs.evolve(forged, wishes={"publicKey": make_ssh_key().split()[1]})


CHAINS: dict[str, Make] = {
    "an expired leaf": x5c(SIGN, begin=-4 * MINUTE, end=-MINUTE),
    "a leaf of the future": x5c(SIGN, begin=MINUTE, end=HOUR),
    "a leaf for an hour": x5c(SIGN, end=HOUR),
    "no digital signature": x5c(SIGN, digital_signature=False),
    "no key usage": x5c(SIGN, digital_signature=None),
    "for servers": x5c(SIGN, usages=(SERVER,)),
    "for anything": x5c(SIGN, usages=(ANY,)),
    "for nothing in particular": x5c(SIGN, usages=()),
    "for servers and anything": x5c(SIGN, usages=(SERVER, ANY)),
    "RSA": x5c(SIGN, key=rsa.generate_private_key(65537, 2048)),
    "Ed25519": x5c(SIGN, key=ed25519.Ed25519PrivateKey.generate()),
    "P-384": x5c(SIGN, key=ec.generate_private_key(ec.SECP384R1())),
    "a leaf of the root": by_root,
    "an intermediate between": in_between(),
    "an intermediate left out": in_between(with_middle=False),
    "an intermediate that is not a CA": in_between(is_ca=False),
    "an intermediate for servers": in_between(usages=(SERVER,)),
    "an expired intermediate": in_between(end=-MINUTE),
    "a certificate of a stranger": by_stranger,
    "the root itself": by_the_root_itself,
    "the chain in x5cInsecure": made(x5c(SIGN), rename_chain("x5c", "x5cInsecure")),
    "an empty chain": made(x5c(SIGN), header(x5c=[])),
    "a chain that is text": made(x5c(SIGN), header(x5c="MII")),
    "a chain of garbage": made(x5c(SIGN), header(x5c=["MIIB"])),
    "a chain of numbers": made(x5c(SIGN), header(x5c=[7])),
    "a stranger behind the leaf": add_stranger,
    "a chain of PEM": made(x5c(SIGN), change_chain("x5c", write_in_pem)),
    "a chain with line breaks": made(x5c(SIGN), change_chain("x5c", break_chain_lines)),
    "the leaf twice": made(x5c(SIGN), change_chain("x5c", lambda chain: chain * 2)),
    "garbage in the x5c of a JWK token": made(jwk(SIGN), header(x5c=["MIIB"])),
    "an empty chain in a JWK token": made(jwk(SIGN), header(x5c=[])),
    "null for the chain of a JWK token": made(jwk(SIGN), null_chain),
    "a chain in a JWK token": add_chain,
    "X5C for ssh-revoke": made(x5c(Endpoint.REVOKE), aim(REVOKE)),
    "X5C for ssh-renew": made(x5c(SIGN), aim(RENEW)),
    "JWK for ssh-renew": made(jwk(SIGN), aim(RENEW)),
    "JWK for ssh-rekey": made(jwk(SIGN), aim(REKEY), with_key),
    "JWK for renew": made(jwk(SIGN), aim(Endpoint.RENEW)),
    "X5C for renew": made(x5c(SIGN), aim(Endpoint.RENEW)),
}


def carry_foreign(forge: Forge) -> Forged:
    """Return an SSHPOP token with the certificate of another key than signs it."""
    return forge.make_sshpop(RENEW).with_header(sshpop=forge.issue_ssh(OTHER_KEY)[1])


def carry_line(forged: Forged) -> Forged:
    """Return the token with the whole line of a certificate's file in its header."""
    return forged.with_header(sshpop=f"ecdsa-sha2-nistp256-cert-v01@openssh.com {forged.header['sshpop']}")


def carry_lines(forged: Forged) -> Forged:
    return forged.with_header(sshpop=break_lines(forged.header["sshpop"]))


def carry_key(forged: Forged) -> Forged:
    return forged.with_header(sshpop=make_ssh_key().split()[1])


SSH_CERTIFICATES: dict[str, Make] = {
    **{f"expired, {place.value}": sshpop(place, begin=-600, end=-60) for place in (RENEW, REKEY, REVOKE)},
    **{f"of the future, {place.value}": sshpop(place, begin=60) for place in (RENEW, REKEY, REVOKE)},
    **{f"of a user, {place.value}": sshpop(place, host=False) for place in (RENEW, REKEY, REVOKE)},
    **{f"by a stranger, {place.value}": sshpop(place, signer=OTHER_KEY) for place in (RENEW, REKEY, REVOKE)},
    **{f"without end, {place.value}": sshpop(place, end=None) for place in (RENEW, REKEY, REVOKE)},
    "for two months, ssh-rekey": sshpop(REKEY, end=60 * 24 * 3600),
    "for two months, ssh-renew": sshpop(RENEW, end=60 * 24 * 3600),
    "no certificate": made(sshpop(RENEW), header(sshpop=None)),
    "a certificate that is not text": made(sshpop(RENEW), header(sshpop=[7])),
    "a certificate of garbage": made(sshpop(RENEW), header(sshpop="AAAA")),
    "a key in its place": made(sshpop(RENEW), carry_key),
    "a certificate of somebody else": carry_foreign,
    "a certificate with its algorithm's name": made(sshpop(RENEW), carry_line),
    "a certificate with line breaks": made(sshpop(RENEW), carry_lines),
    "another serial": made(sshpop(REVOKE), claims(sub="7")),
    "SSHPOP for sign": made(sshpop(RENEW), aim(SIGN), show(ONE)),
    "SSHPOP for revoke": made(sshpop(REVOKE), aim(Endpoint.REVOKE)),
}


def ask_type_alone(forged: Forged) -> Forged:
    return attrs.evolve(forged, wishes={"publicKey": make_ssh_key().split()[1], "certType": "host"})


def name_the_ca(forge: Forge) -> Forged:
    return forge.make_kubernetes(SIGN).with_claims(aud=f"{forge.ca.ca.url}/1.0/sign")


def ask_no_key_id(forged: Forged) -> Forged:
    return attrs.evolve(forged, wishes={name: wish for name, wish in forged.wishes.items() if name != "keyID"})


KUBERNETES: dict[str, Make] = {
    "sign": kubernetes(SIGN),
    "ssh-sign": kubernetes(Endpoint.SSH_SIGN),
    "ssh-sign without principals": made(kubernetes(Endpoint.SSH_SIGN), ask_type_alone),
    "ssh-sign without key identifier": made(kubernetes(Endpoint.SSH_SIGN), ask_no_key_id),
    "a namespace that is a number": made(kubernetes(SIGN), claims(**{"kubernetes.io/serviceaccount/namespace": 7})),
    "azp that is a number": made(kubernetes(SIGN), claims(azp=7)),
    "revoke": kubernetes(Endpoint.REVOKE),
    "ssh-revoke": kubernetes(Endpoint.SSH_REVOKE),
    "an audience": made(kubernetes(SIGN), claims(aud=["https://kubernetes.test"])),
    "the CA's audience": name_the_ca,
    "another issuer": made(kubernetes(SIGN), claims(iss="https://kubernetes.test")),
    "a stranger's key": made(kubernetes(SIGN), sign_by(OTHER_KEY)),
    "no subject": made(kubernetes(SIGN), claims(sub=None)),
    "expired within the leeway": made(kubernetes(SIGN), moment(exp=-58)),
    "expired beyond the leeway": made(kubernetes(SIGN), moment(exp=-61)),
    "any names": made(kubernetes(SIGN), show(ask_csr("x.test", "y.test"))),
    "a bad CSR": made(kubernetes(SIGN), show(break_csr())),
}


def renewal_of(name: str) -> Make:
    """Return what makes a token for the renewal of a certificate of the provisioner `name`."""
    return lambda forge: forge.make_renewal(extension=forge.ca.provisioner_extension(name))


def name_the_provisioner(forge: Forge) -> Forged:
    return forge.make_renewal().with_claims(iss=forge.provisioner["name"])


def leaf_of(chain: list[str]) -> list[str]:
    return chain[:1]


def carry_other_chain(forge: Forge) -> Forged:
    """Return a renewal with the chain of another leaf in x5c."""
    chain = forge.make_renewal().header["x5cInsecure"]
    return forge.make_renewal().with_header(x5c=chain, x5cInsecure=None)


RENEWALS: dict[str, Make] = {
    "a leaf without its intermediate": made(renewal(), change_chain("x5cInsecure", leaf_of)),
    "a leaf that has expired": renewal(begin=-4 * MINUTE, end=-MINUTE),
    "a leaf of the future": renewal(begin=MINUTE),
    "a leaf of half a minute": renewal(begin=timedelta(seconds=-10), end=timedelta(seconds=20)),
    "no digital signature": renewal(digital_signature=False),
    "for servers": renewal(usages=(SERVER,)),
    "of a provisioner that is gone": renewal_of("gone"),
    "of the ACME provisioner": renewal_of("acme"),
    "another subject": made(renewal(), claims(sub="other.test")),
    "issued by the provisioner's name": name_the_provisioner,
    "issued by another provisioner's name": made(renewal(), claims(iss=X5C)),
    "the chain in x5c": carry_other_chain,
    "a chain of PEM": made(renewal(), change_chain("x5cInsecure", write_in_pem)),
    "a chain with line breaks": made(renewal(), change_chain("x5cInsecure", break_chain_lines)),
    "a chain of garbage": made(renewal(), header(x5cInsecure=["MIIB"])),
    "a chain that is text": made(renewal(), header(x5cInsecure="MIIB")),
}
