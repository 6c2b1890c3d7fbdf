"""CAs as programs in Python have them, in front of the CAs that tests run."""

import json
from typing import Any

import step_ott
from tests.support.opened_jwe import open_jwe
from tests.support.peer_programs import RunningCa

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
