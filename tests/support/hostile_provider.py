"""An identity provider on 127.0.0.1 that answers as a test tells it to, and a browser that comes back as told."""

import json
import os
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from unittest import mock
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import attrs
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from adapters.jose.jws import make_signer
from adapters.jose.key_objects import public_members
from domain.formats import base64url, json_text
from tests.support.hostile_ca import leaf, make_server_context

CLIENT, SECRET, EMAIL = "client", "a+secret/of=the%client", "alice@example.test"
DEVICE_CODE = "a-device-code"
SigningKey: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Reply: TypeAlias = tuple[int, bytes, dict[str, str]]

_KEY = ec.generate_private_key(ec.SECP256R1())


def reply(body: object, status: int = 200, **headers: str) -> Reply:
    """Return an answer: `body` as it is where it is bytes, else as JSON."""
    return status, body if isinstance(body, bytes) else json.dumps(body).encode(), headers


def sign_claims(
    claims: Mapping[str, Any], key: SigningKey | None = None, header: Mapping[str, Any] | None = None
) -> str:
    """Return a token with these claims, by the provider's key unless another is given."""
    text = ".".join(
        base64url.encode(json_text.serialize(part).encode())
        for part in ({"alg": "ES256", "kid": "k", **(header or {})}, claims)
    )
    return f"{text}.{base64url.encode(make_signer(key or _KEY).sign(text.encode()))}"


@attrs.define
class HostileProvider:
    """A provider that does all right until a test changes something.

    Attributes:
        url: Its address.
        discovery: How it describes itself.
        keys: Its JWK set.
        claims: Laid over those of its tokens; None takes one away.
        header: Laid over the header of its tokens.
        key: What signs its tokens.
        device: What the device flow begins with.
        tokens: What the token endpoint answers, in turn; the last one from then on; none for an ID token.
        replies: Answers by path in place of all that.
        forms: What was posted, and with which Authorization.
        paths: What was asked for.
        nonce: What the request to sign in said.
    """

    url: str
    discovery: dict[str, Any]
    keys: dict[str, Any]
    claims: dict[str, Any] = attrs.field(factory=dict)
    header: dict[str, Any] = attrs.field(factory=dict)
    key: SigningKey = _KEY
    device: dict[str, Any] = attrs.field(factory=dict)
    tokens: list[Reply] = attrs.field(factory=list)
    replies: dict[str, Reply] = attrs.field(factory=dict)
    forms: list[dict[str, str]] = attrs.field(factory=list)
    paths: list[str] = attrs.field(factory=list)
    nonce: str | None = None

    def members(self, **more: Any) -> dict[str, Any]:
        """Return the provisioner of a CA whose users sign in here."""
        return {
            "type": "OIDC", "name": "corp", "clientID": CLIENT, "clientSecret": SECRET,
            "configurationEndpoint": self.url, **more,
        }  # fmt: skip

    def id_token(self, client: str = CLIENT) -> str:
        """Return an ID token."""
        now = int(time.time())
        usual = {
            "iss": self.discovery["issuer"], "aud": client, "sub": "alice", "email": EMAIL, "nonce": self.nonce,
            "iat": now, "exp": now + 600,
        }  # fmt: skip
        claims = {name: value for name, value in (usual | self.claims).items() if value is not None}
        return sign_claims(claims, self.key, self.header)

    def answer(self, path: str, form: dict[str, str] | None) -> Reply:
        """Return the answer to a request."""
        self.paths.append(path)
        if form is not None:
            self.forms.append(form)
        if path in self.replies:
            return self.replies[path]
        if path.startswith("/auth?"):
            asked = dict(parse_qsl(urlsplit(path).query))
            self.nonce = asked["nonce"]
            return reply(
                {}, 302, Location=f"{asked['redirect_uri']}/?{urlencode({'code': 'c', 'state': asked['state']})}"
            )
        if path == "/token":
            if self.tokens:
                return self.tokens.pop(0) if len(self.tokens) > 1 else self.tokens[0]
            client = (form or {}).get("client_id", CLIENT)
            return reply({"access_token": "a", "token_type": "Bearer", "id_token": self.id_token(client)})
        documents = {
            "/.well-known/openid-configuration": self.discovery, "/jwks": self.keys,
            "/device": self.device | {"device_code": DEVICE_CODE},
        }  # fmt: skip
        return reply(documents[path]) if path in documents else reply({}, 404)


@contextmanager
def serve_provider(is_tls: bool = False) -> Iterator[HostileProvider]:
    """Run a provider until the block ends; over TLS its certificate is `hostile_ca.leaf()`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        if is_tls:
            server.socket = make_server_context(leaf()).wrap_socket(server.socket, server_side=True)
        url = f"{'https' if is_tls else 'http'}://127.0.0.1:{server.server_address[1]}"
        jwk = {**public_members(_KEY.public_key()), "kid": "k", "use": "sig", "alg": "ES256"}
        provider = HostileProvider(
            url=url,
            discovery={
                "issuer": url, "authorization_endpoint": f"{url}/auth", "token_endpoint": f"{url}/token",
                "jwks_uri": f"{url}/jwks", "device_authorization_endpoint": f"{url}/device",
                "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            },
            keys={"keys": [jwk]},
            device={"user_code": "WDJB-MJHT", "verification_uri": f"{url}/code", "expires_in": 600},
        )  # fmt: skip
        server.provider = provider  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


def come_back(provider: HostileProvider, **changes: str | None) -> Callable[[str], bool]:
    """Return a browser that signs in at once and comes back, with some parameters changed or taken away by None.

    Its `pages` are the status and text of what it is shown.
    """

    def open_browser(address: str) -> bool:
        asked = dict(parse_qsl(urlsplit(address).query))
        provider.nonce = asked["nonce"]
        parameters = {"code": "c", "state": asked["state"]} | changes
        query = urlencode([(name, value) for name, value in parameters.items() if value is not None])
        fetch(f"{asked['redirect_uri']}/?{query}")
        return True

    return open_browser


def fetch(address: str) -> tuple[int, str, Mapping[str, str]]:
    """Return status, body and headers of what a browser gets."""
    with mock.patch.dict(os.environ):  # the browser's environment is not that of the program: it would write there
        os.environ.pop("SSLKEYLOGFILE", None)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=30) as response:
            return response.status, response.read().decode(), dict(response.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(), dict(error.headers)


class _Handler(BaseHTTPRequestHandler):
    timeout = 30

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._answer(form | {"Authorization": self.headers.get("Authorization", "")})

    def _answer(self, form: dict[str, str] | None) -> None:
        status, body, headers = self.server.provider.answer(self.path, form)  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass
