"""Tokens of a Nebula provisioner's, made by hand, and a real step-ca that has one."""

import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from adapters.jose.jws import make_signer
from adapters.jose.xeddsa import make_xeddsa_signer
from domain.ca_rules.endpoint import Endpoint
from tests.support.ca_client import general_name, make_csr, make_ssh_key
from tests.support.forged_nebula import HOUR, Draft, write_pem
from tests.support.forged_tokens import NAME, Forged
from tests.support.nebula_mesh import NEBULA
from tests.support.provisioned_ca import ProvisionedCa, encode, serve_provisioned

KEYS: dict[str, Callable[[], Any]] = {
    "P-256": lambda: ec.generate_private_key(ec.SECP256R1()), "25519": ed25519.Ed25519PrivateKey.generate,
}  # fmt: skip
VERSIONS = (1, 2)


@attrs.frozen
class Authority:
    """A Nebula CA: its key, and its certificate in PEM."""

    key: Any
    pem: bytes
    fingerprint: str


@attrs.frozen
class NebulaForge:
    """Makes tokens of the Nebula provisioner's by certificates of its CAs, of which one may issue for little."""

    ca: ProvisionedCa
    authorities: dict[tuple[int, str, bool], Authority]

    def make(
        self,
        endpoint: Endpoint = Endpoint.SIGN,
        *,
        version: int = 2,
        kind: str = "P-256",
        is_limited: bool = False,
        key: Any = None,
        issuer_key: Any = None,
        **wishes: Any,
    ) -> Forged:
        """Return a token by a host's certificate, made as `wishes` say (see `Draft`)."""
        authority = self.authorities[version, kind, is_limited]
        key = key or ec.generate_private_key(ec.SECP256R1())
        draft = Draft(**{"key": key, "issuer": authority.fingerprint, **wishes})
        body, _ = draft.issue(version, issuer_key or authority.key)
        signer: Any = (
            make_xeddsa_signer(key.private_bytes_raw(), bytes)
            if isinstance(key, x25519.X25519PrivateKey)
            else make_signer(key)
        )
        header = {"alg": signer.public.algorithm, "kid": "any", "typ": "JWT", "nebula": b64encode(body).decode()}
        now = int(time.time())
        path = endpoint.value.replace("-", "/")
        claims: dict[str, Any] = {
            "aud": f"{self.ca.ca.url}/1.0/{path}#nebula/{NEBULA}", "iss": NEBULA, "sub": NAME, "iat": now + 2,
            "nbf": now, "exp": now + 300, "jti": token_hex(32),
        }  # fmt: skip
        if endpoint is Endpoint.SSH_SIGN:
            claims["step"] = {"ssh": {"certType": "host", "keyID": NAME, "principals": [NAME, "10.0.0.7"]}}
            wanted = {"certType": "host", "keyID": NAME, "principals": [NAME], "publicKey": make_ssh_key().split()[1]}
            return Forged(endpoint=endpoint, signer=signer, header=header, claims=claims, wishes=wanted)
        claims["sans"] = [NAME, "10.0.0.7"]
        return Forged(endpoint=endpoint, signer=signer, header=header, claims=claims, csr=ask(NAME, NAME, "10.0.0.7"))


@contextmanager
def serve_nebula(program: str, path: Path) -> Iterator[NebulaForge]:
    """Run a step-ca whose Nebula provisioner trusts CAs of both versions on both curves."""
    limits = {"networks": ["10.0.0.0/16"], "unsafe_networks": ["192.168.0.0/16"], "groups": ["web"]}
    authorities: dict[tuple[int, str, bool], Authority] = {}
    for version in VERSIONS:
        for kind, generate in KEYS.items():
            for is_limited in (False, True):
                key = generate()
                draft = Draft(key=key, name="mesh", is_ca=True, end=2 * HOUR, begin=-HOUR,
                              **(limits if is_limited else {"networks": []}))  # type: ignore[arg-type]  # fmt: skip
                body, digest = draft.issue(version, key)
                authorities[version, kind, is_limited] = Authority(key, write_pem(body, version), digest)

    def adjust(config: dict[str, Any]) -> None:
        roots = encode(b"".join(one.pem for one in authorities.values()))
        provisioner = {"type": "Nebula", "name": NEBULA, "roots": roots, "claims": {"enableSSHCA": True}}
        config["authority"]["provisioners"].append(provisioner)

    with serve_provisioned(program, path, adjust) as ca:
        yield NebulaForge(ca, authorities)


def ask(name: str, *names: str) -> x509.CertificateSigningRequest:
    """Return a CSR for a common name and SANs."""
    return make_csr(name, [general_name(text) for text in names])
