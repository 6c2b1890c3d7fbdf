"""A real identity provider on 127.0.0.1: oidc-provider, a certified implementation in Node.js."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest

from tests.support.peer_programs import BUILT, leave_out

FOLDER = BUILT / "oidc"
HOW_TO_GET = "no identity provider here: install Node.js with npm and run 'make peers'"
SECRET = "a-secret-of-the-client"
PUBLIC, POSTING, BASIC, HOME = "public-client", "posting-client", "basic-client", "home-client"


@attrs.frozen
class RunningProvider:
    """The identity provider that listens."""

    url: str

    def members(self, client: str = PUBLIC, **more: Any) -> dict[str, Any]:
        """Return the provisioner of a CA whose users sign in here for `client`."""
        return {
            "type": "OIDC", "name": f"oidc-{client}", "clientID": client,
            "clientSecret": "" if client in (PUBLIC, HOME) else SECRET, "configurationEndpoint": self.url,
            "claims": {"enableSSHCA": True}, **more,
        }  # fmt: skip


def list_clients() -> list[dict[str, Any]]:
    """Return the clients that the provider knows, one for each way to prove who they are."""
    common: dict[str, Any] = {
        "application_type": "native",
        "redirect_uris": ["http://127.0.0.1"],
        "response_types": ["code"],
        "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:device_code"],
    }
    return [
        {**common, "client_id": PUBLIC, "token_endpoint_auth_method": "none"},
        {**common, "client_id": HOME, "token_endpoint_auth_method": "none", "redirect_uris": ["http://localhost"]},
        {**common, "client_id": POSTING, "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_post"},
        {**common, "client_id": BASIC, "client_secret": SECRET, "token_endpoint_auth_method": "client_secret_basic"},
    ]


def require_identity_provider() -> None:
    """Leave the test out where the provider is not installed; with REQUIRE_PEERS=1, fail where npm could have."""
    if (FOLDER / "node_modules").is_dir() and shutil.which("node"):
        return
    if shutil.which("npm"):
        leave_out(HOW_TO_GET)
    pytest.skip(HOW_TO_GET)


@contextmanager
def serve_identity_provider() -> Iterator[RunningProvider]:
    """Run the provider until the block ends."""
    process = subprocess.Popen(
        ["node", str(FOLDER / "serve.mjs"), json.dumps(list_clients())],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=FOLDER,
    )  # fmt: skip
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = next((text for text in process.stdout if text.startswith(b"http://127.0.0.1:")), b"")
            assert line, "the identity provider did not come up"
            yield RunningProvider(line.decode().strip())
        finally:
            process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
