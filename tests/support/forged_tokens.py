"""Tokens made by hand, sound or broken in one way, each with the request that it is shown with."""

import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from secrets import randbits, token_hex
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    SSHCertificateBuilder,
    SSHCertificateType,
    load_pem_private_key,
)

from adapters.jose.jws import JwsSigner, make_signer
from adapters.keys.passwords import FilePassword
from adapters.keys.store import LocalKeyStore
from adapters.machine.input_files import LocalFiles
from domain.ca_rules.endpoint import Endpoint
from domain.certificates.x509_and_ssh import FOREVER
from domain.formats import base64url, json_text
from domain.keys.source import SealedKey
from domain.provisioners.renewal import ISSUER as RENEWAL_ISSUER
from tests.support.ca_client import general_name, make_csr, make_ssh_key
from tests.support.provisioned_ca import KUBERNETES_ISSUER, SSHPOP, X5C, ProvisionedCa, issue_leaf
from tests.support.running import decode_part

NAME = "machine.test"
HOUR = 3600


@attrs.frozen(kw_only=True)
class Forged:
    """A token before it is signed, and the request that it will be shown with.

    Attributes:
        signer: Signs it.
        header, claims: What stands in it.
        csr: For an X.509 certificate.
        wishes: Members of the request beside the token.
        spoil: What happens to the text of the token at last.
    """

    endpoint: Endpoint
    signer: JwsSigner
    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    csr: x509.CertificateSigningRequest | None = None
    wishes: Mapping[str, Any] = attrs.field(factory=dict)
    spoil: Callable[[str], str] = attrs.field(default=str)

    def write(self) -> str:
        """Return the token as a compact JWS."""
        parts = [json_text.serialize(part).encode() for part in (self.header, self.claims)]
        signing_input = ".".join(map(base64url.encode, parts))
        return self.spoil(f"{signing_input}.{base64url.encode(self.signer.sign(signing_input.encode()))}")

    def with_header(self, **members: Any) -> "Forged":
        """Return it with other members in the header; None takes one out."""
        return attrs.evolve(self, header=_merge(self.header, members))

    def with_claims(self, **members: Any) -> "Forged":
        """Return it with other claims; None takes one out."""
        return attrs.evolve(self, claims=_merge(self.claims, members))

    def with_raw_claims(self, **members: Any) -> "Forged":
        """Return it with other claims; None is null."""
        return attrs.evolve(self, claims={**self.claims, **members})


def _merge(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**old, **new}.items() if value is not None}


@attrs.frozen
class Forge:
    """Makes sound tokens of every kind for one CA."""

    ca: ProvisionedCa
    provisioner: Mapping[str, Any]
    jwk_signer: JwsSigner

    def claim(self, endpoint: Endpoint, fragment: str = "", **claims: Any) -> dict[str, Any]:
        """Return the usual claims; issued in two seconds' time, since a CA refuses what is older than itself."""
        now = int(time.time())
        path = endpoint.value.replace("-", "/")
        audience = f"{self.ca.ca.url}/1.0/{path}" + (f"#{fragment}" if fragment else "")
        usual = {"aud": audience, "iat": now + 2, "nbf": now, "exp": now + 300, "jti": token_hex(32), "sub": NAME}
        return usual | claims

    def make_jwk(self, endpoint: Endpoint, **claims: Any) -> Forged:
        """Return a token of the JWK provisioner's."""
        header = {"alg": "ES256", "kid": self.provisioner["key"]["kid"], "typ": "JWT"}
        written = self.claim(endpoint, iss=self.provisioner["name"], **_for_endpoint(endpoint), **claims)
        return _complete(Forged(endpoint=endpoint, signer=self.jwk_signer, header=header, claims=written))

    def make_x5c(
        self, endpoint: Endpoint, *, chain: Sequence[x509.Certificate] = (), key: Any = None, **wishes: Any
    ) -> Forged:
        """Return a token of the X5C provisioner's, by `key` with `chain` or a leaf made as `wishes` say."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        chain = chain or [issue_leaf(self.ca.issuer, self.ca.issuer_key, key, NAME, **wishes)]
        header = {"alg": make_signer(key).public.algorithm, "kid": "any", "typ": "JWT", "x5c": encode_chain(chain)}
        written = self.claim(endpoint, f"x5c/{X5C}", iss=X5C, **_for_endpoint(endpoint))
        return _complete(Forged(endpoint=endpoint, signer=make_signer(key), header=header, claims=written))

    def make_sshpop(self, endpoint: Endpoint, **wishes: Any) -> Forged:
        """Return a token of the SSHPOP provisioner's, by an SSH certificate made as `wishes` say."""
        key = ec.generate_private_key(ec.SECP256R1())
        serial, wire = self.issue_ssh(key, **wishes)
        header = {"alg": "ES256", "kid": "any", "typ": "JWT", "sshpop": wire}
        subject = str(serial) if endpoint is Endpoint.SSH_REVOKE else NAME
        written = self.claim(endpoint, f"sshpop/{SSHPOP}", iss=SSHPOP, sub=subject)
        return _complete(Forged(endpoint=endpoint, signer=make_signer(key), header=header, claims=written))

    def make_renewal(
        self, *, chain: Sequence[x509.Certificate] | None = None, key: Any = None, **wishes: Any
    ) -> Forged:
        """Return a token for the renewal of a leaf made as `wishes` say."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        if chain is None:
            wishes.setdefault("extension", self.ca.provisioner_extension(self.provisioner["name"]))
            chain = [issue_leaf(self.ca.issuer, self.ca.issuer_key, key, NAME, **wishes), self.ca.issuer]
        header = {"alg": "ES256", "kid": "any", "typ": "JWT", "x5cInsecure": encode_chain(chain)}
        written = self.claim(Endpoint.RENEW, iss=RENEWAL_ISSUER)
        return Forged(endpoint=Endpoint.RENEW, signer=make_signer(key), header=header, claims=written)

    def make_kubernetes(self, endpoint: Endpoint) -> Forged:
        """Return a service account token."""
        now = int(time.time())
        claims = {"iss": KUBERNETES_ISSUER, "sub": "system:serviceaccount:default:web", "iat": now + 2,
                  "exp": now + HOUR, "kubernetes.io/serviceaccount/service-account.name": "web"}  # fmt: skip
        forged = Forged(endpoint=endpoint, signer=make_signer(self.ca.kubernetes_key),
                        header={"alg": "ES256", "kid": "k", "typ": "JWT"}, claims=claims)  # fmt: skip
        return _complete(forged)

    def issue_ssh(
        self, key: Any, *, host: bool = True, begin: int = -300, end: int | None = HOUR, signer: Any = None
    ) -> tuple[int, str]:
        """Return serial and wire, in base64, of an SSH certificate by the CA's key or `signer`; `end` None is never."""
        kind, now, serial = "host" if host else "user", int(time.time()), randbits(63)
        if signer is None:
            signer = load_pem_private_key((self.ca.ca.path / "secrets" / f"ssh_{kind}_ca_key").read_bytes(), None)
        builder = (
            SSHCertificateBuilder()
            .public_key(key.public_key())
            .serial(serial)
            .type(SSHCertificateType.HOST if host else SSHCertificateType.USER)
            .key_id(NAME.encode())
            .valid_principals([NAME.encode()])
            .valid_after(now + begin)
            .valid_before(FOREVER if end is None else now + end)
        )
        return serial, builder.sign(signer).public_bytes().split()[1].decode()


def open_forge(ca: ProvisionedCa, config: Mapping[str, Any]) -> Forge:
    """Return the forge of a CA with this ca.json, its provisioner's key opened."""
    provisioner = config["authority"]["provisioners"][0]
    files = LocalFiles()
    password = FilePassword(files, str(ca.ca.path / "secrets" / "password"), "the password")
    signer = LocalKeyStore(files).open(SealedKey(provisioner["encryptedKey"], "the provisioner"), password)
    assert isinstance(signer, JwsSigner)
    return Forge(ca, provisioner, signer)


def encode_chain(chain: Sequence[x509.Certificate]) -> list[str]:
    """Return certificates as a header carries them."""
    return [b64encode(certificate.public_bytes(Encoding.DER)).decode() for certificate in chain]


def fingerprint(csr: x509.CertificateSigningRequest) -> str:
    """Return what `cnf` holds of a CSR."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(csr.public_bytes(Encoding.DER))
    return base64url.encode(digest.finalize())


def flip_signature(token: str) -> str:
    """Return the token with one bit of its signature turned."""
    head, _, signature = token.rpartition(".")
    data = bytearray(base64url.decode(signature))
    data[5] ^= 1
    return f"{head}.{base64url.encode(bytes(data))}"


def cut_signature(token: str) -> str:
    """Return the token with a byte less in its signature."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{base64url.encode(base64url.decode(signature)[:-1])}"


def change_payload(token: str) -> str:
    """Return the token with other claims under the same signature."""
    header, _, signature = token.split(".")
    claims = decode_part(token, 1) | {"email": "changed"}
    return f"{header}.{base64url.encode(json_text.serialize(claims).encode())}.{signature}"


def _for_endpoint(endpoint: Endpoint) -> dict[str, Any]:
    """Return the claims that only this endpoint's tokens have."""
    if endpoint is Endpoint.SIGN:
        return {"sans": [NAME, "10.0.0.7"]}
    if endpoint is Endpoint.SSH_SIGN:
        return {"step": {"ssh": {"certType": "host", "keyID": NAME, "principals": [NAME, "other.test"],
                                 "validAfter": "", "validBefore": ""}}}  # fmt: skip
    if endpoint in (Endpoint.REVOKE, Endpoint.SSH_REVOKE):
        return {"sub": str(randbits(100))}
    return {}


def _complete(forged: Forged) -> Forged:
    """Return the token with a request that suits it."""
    if forged.endpoint is Endpoint.SIGN:
        return attrs.evolve(forged, csr=make_csr(NAME, [general_name(NAME), general_name("10.0.0.7")]))
    if forged.endpoint is Endpoint.SSH_SIGN:
        wishes = {"certType": "host", "keyID": NAME, "principals": [NAME]}
        return attrs.evolve(forged, wishes=wishes | {"publicKey": make_ssh_key().split()[1]})
    if forged.endpoint is Endpoint.SSH_REKEY:
        return attrs.evolve(forged, wishes={"publicKey": make_ssh_key().split()[1]})
    return forged
