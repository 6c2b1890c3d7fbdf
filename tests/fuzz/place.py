"""A step path whose files fuzz targets change: a CA's configuration, settings, keys and tokens."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs

from adapters.jose.jwe import seal_jwk
from adapters.jose.jws import make_signer
from adapters.keys.jwk import load_jwk_key
from domain.formats import json_text
from tests.fuzz.keys import EC, ITERATIONS, PASSWORD
from tests.support.forged_tokens import Forge
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.provisioned_ca import ProvisionedCa, read_config, write_provisioned

KID = "kid"
FURTHER = [
    {"type": "OIDC", "name": "people", "clientID": "client", "clientSecret": "s", "tenantID": "t", "scopes": ["openid"],
     "configurationEndpoint": "https://127.0.0.1:1", "listenAddress": ":0", "authParams": ["a=b"]},
    {"type": "AWS", "name": "vms", "accounts": ["1"], "imdsVersions": ["v2", "v1"], "iidRoots": ""},
    {"type": "GCP", "name": "gcp", "serviceAccounts": ["a"], "projectIDs": ["p"]},
    {"type": "Azure", "name": "azure", "tenantID": "t", "audience": "https://management.azure.com/"},
    {"type": "Nebula", "name": "mesh", "roots": ""},
    {"type": "SCEP", "name": "scep", "challenge": "c"},
    {"type": "JWK", "name": "other", "key": {"kty": "OKP", "crv": "Ed25519", "x": "A" * 43, "kid": "o"},
     "claims": {"maxTLSCertDuration": "24h", "enableSSHCA": True, "disableRenewal": False},
     "options": {"x509": {"template": "{}"}, "webhooks": []}},
]  # fmt: skip
"""Provisioners of every type beside those of `write_provisioned`."""


@attrs.frozen
class Place:
    """A folder that the working directory is in, so that no name leads out of it by chance.

    Attributes:
        offline: A key and a root that mint without a CA's configuration.
        ca: A CA's step path; nothing serves it.
        config: Its ca.json.
    """

    path: Path
    offline: OfflinePlace
    ca: ProvisionedCa
    config: Mapping[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the CA's step path, out of which no way leads."""
        return {"STEPPATH": str(self.ca.ca.path), "HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": ""}

    @property
    def flags(self) -> list[str]:
        """The flags by which the JWK provisioner's key is opened."""
        return ["--provisioner-password-file", str(self.path / "password")]

    def forge(self) -> Forge:
        """Return the forge of the CA's tokens."""
        return Forge(self.ca, self.config["authority"]["provisioners"][0], make_signer(load_jwk_key(EC), dict(EC)))

    def write(self, name: str, data: bytes) -> str:
        """Write a file, in a folder of the place where its name says so; return its path."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)


def adjust(config: dict[str, Any]) -> None:
    """Give the CA a key that is quick to open, and provisioners of every type."""
    public = {name: value for name, value in EC.items() if name != "d"} | {"kid": KID}
    sealed = seal_jwk(json_text.serialize(EC), PASSWORD, ITERATIONS)
    listed = config["authority"]["provisioners"]
    listed[0] |= {"key": public, "encryptedKey": sealed}
    listed += FURTHER


@contextmanager
def open_place() -> Iterator[Place]:
    """Work in such a folder until the block ends."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="fuzz") as folder:
        path = Path(folder)
        (path / "offline").mkdir()
        offline, ca = prepare_place(path / "offline"), write_provisioned(path / "ca", adjust)
        (path / "password").write_bytes(PASSWORD)
        os.chdir(path)
        try:
            yield Place(path, offline, ca, read_config(ca))
        finally:
            os.chdir(before)
