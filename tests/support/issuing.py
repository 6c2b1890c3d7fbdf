"""CAs as programs in Python have them, in front of the CAs that tests run."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

import step_ott
from adapters.ca.declared import DeclaredAuthority
from adapters.jose.jws import verify
from adapters.jose.key_objects import read_public
from domain.ca.url import parse_ca_url
from domain.formats import base64url
from domain.keys.jwk import PublicJwk
from domain.provisioners.authority import ListingAuthority
from domain.provisioners.jwk import JwkProvisioner
from tests.support.opened_jwe import open_jwe
from tests.support.peer_programs import RunningCa
from tests.support.running import decode_part

JWK, PASSWORD_FILE = "sandbox@example.com", "secrets/password"


def know_ca(ca: RunningCa) -> step_ott.CA:
    """Return the CA by its address and root."""
    return step_ott.CA(ca.url, root=ca.path / "certs" / "root_ca.crt")


def read_password(ca: RunningCa) -> bytes:
    """Return the password of the sandbox's key."""
    return (ca.path / PASSWORD_FILE).read_bytes().strip()


def open_jwk(ca: RunningCa) -> dict[str, Any]:
    """Return the private JWK of the sandbox's provisioner."""
    config = json.loads((ca.path / "config" / "ca.json").read_text())
    sealed = next(one for one in config["authority"]["provisioners"] if one["name"] == JWK)["encryptedKey"]
    jwk = json.loads(open_jwe(sealed, read_password(ca)))
    assert isinstance(jwk, dict)
    return jwk


@attrs.frozen
class DeclaredCa:
    """A CA that is nowhere: it has one JWK provisioner, which publishes this key, and keeps it as this JWE if any."""

    public: PublicJwk
    sealed: str | None = attrs.field(default=None, repr=False)
    url: str = "https://ca.test"
    bounds: Mapping[str, int] = {"timeout": 10**9, "request_timeout": 10**9}
    environ: Mapping[str, str] = {}

    @contextmanager
    def asking(self) -> Iterator[ListingAuthority]:
        """Give what lists the provisioner."""
        provisioner = JwkProvisioner(
            "someone", kid=self.public.thumbprint(), key=self.public, encrypted_key=self.sealed
        )
        yield DeclaredAuthority(parse_ca_url(self.url), None, provisioner)


def declare_for(key: Any, sealed: str | None = None) -> DeclaredCa:
    """Return a CA whose provisioner has this private key of `cryptography`."""
    return DeclaredCa(read_public(key.public_key()), sealed)


def holds(token: str, key: Any) -> bool:
    """Return whether the token's signature holds by the public half of a key."""
    message, _, signature = token.rpartition(".")
    algorithm = decode_part(token, 0)["alg"]
    return verify(key.public_key(), algorithm, message.encode(), base64url.decode(signature))
