"""Fuzz targets: what a CA, an identity provider and a metadata service answer, and who comes to our own listener."""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from random import Random
from typing import Any
from unittest import mock

from adapters.jose.jws import make_signer
from adapters.jose.key_objects import public_members
from adapters.sign_in.id_tokens import check_id_token
from adapters.sign_in.redirect_listener import listen_for_redirect
from adapters.sign_in.session import IdentitySession, make_system_context
from domain.ca_rules.endpoint import Endpoint
from domain.formats import base64url
from domain.formats.duration import NANOSECONDS
from tests.fuzz.keys import key
from tests.fuzz.mutation import encode_json, near_bytes, near_text, near_value, sample
from tests.fuzz.place import KID, Place, open_place
from tests.fuzz.target import REFUSED, FoundError, Run, Target, parser, run_command
from tests.fuzz.tokens import number, write_parts
from tests.support.cloud_identities import azure_claims, be_amazon, google_claims, sign_claims, write_document
from tests.support.hostile_ca import Request, root, serve
from tests.support.hostile_provider import CLIENT, HostileProvider, come_back, fetch, reply, serve_provider
from tests.support.metadata_service import Asked, serve_metadata

SECONDS = 3
"""For requests, most of which are over at once: a server closes the connection behind its answer."""

ODD_STATUSES = ["204", "206", "301", "302", "401", "404", "418", "429", "500", "503", "100", "-1", "99999", "²"]
STATUSES = ["200"] * 12 + ODD_STATUSES
SIZES = ["-1", "-5", "-ffffffffffffffff", "ffffffffffffffff", "0x5", "5_0", " 5 ", "zz", "", "5;a=b", "0"]
LENGTHS = ["-1", "0", "1", "1048577", "9" * 25, "x", "²", "+5", "5, 6", ""]
HEADERS = [
    "Content-Encoding: gzip", "Location: http://elsewhere.test/\x1b[2J", "Location: " + "x" * 5_000, "no colon",
    ": empty", "Set-Cookie: a=b", "X: \xff", " folded", "Transfer-Encoding: identity", "A: " + "b" * 70_000,
    "Content-Type: text/html", "Trailer: X", *["Y: z"] * 3,
]  # fmt: skip


def write_answer(random: Random, body: bytes) -> bytes:
    """Write an HTTP answer, sound mostly, around a body."""
    status = random.choice(STATUSES)
    headers = [random.choice(HEADERS) for _ in range(random.choice([0, 0, 1, 150]))]
    how = random.randrange(8)
    if how == 0:
        headers.append("Transfer-Encoding: chunked")
        size = random.choice([*SIZES, f"{len(body):x}", f"{len(body):x}", f"{len(body) + 1:x}"])
        body = size.encode() + b"\r\n" + body + random.choice([b"\r\n0\r\n\r\n", b"\r\n", b""])
    elif how == 1:
        headers.append(f"Content-Length: {random.choice([*LENGTHS, str(len(body) + 1), str(max(0, len(body) - 1))])}")
    elif how > 2:
        headers.append(f"Content-Length: {len(body)}")
    lines = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status} Told", *headers, ""))
    answer = lines.encode("latin-1", "replace") + body
    return near_bytes(lambda _: answer, 2)(random) if random.random() < 0.2 else answer


def write_sound(body: bytes) -> bytes:
    """Write an HTTP answer that nothing is wrong with."""
    return f"HTTP/1.1 200 Told\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@contextmanager
def open_ca() -> Iterator[Run]:
    """Mint, foretell and diagnose by a CA over TLS whose answers are changed, each on one of three levels."""
    random, documents = Random(0), dict[str, object]()

    def tell(request: Request) -> Iterator[bytes]:
        name = request.target.partition("?")[0].rpartition("/")[2]
        document = documents.get(name, {"error": "not found"})
        body = encode_json(near_value(lambda _: document, random.choice([0, 1, 2]))(random))
        body = near_bytes(lambda _: body, 1)(random) if random.random() < 0.1 else body
        yield write_answer(random, body) if random.random() < 0.5 else write_sound(body)
        yield b""  # the connection ends

    with open_place() as place, serve(tell) as ca, _without_pauses():
        path = place.write("root.pem", root().pem)
        listed = place.config["authority"]["provisioners"]
        documents |= {"encrypted-key": {"key": listed[0]["encryptedKey"]}, "provisioners": {"provisioners": listed},
                      "roots": {"crts": [root().pem.decode()]}, "health": {"status": "ok"}}  # fmt: skip
        words = {
            "token": ["token", "web.test", "--kid", KID, *place.flags],
            "verify": ["verify", place.forge().make_jwk(Endpoint.SIGN).write(), "--for", "sign"],
            "doctor": ["doctor"],
        }
        bounds = ["--request-timeout", f"{SECONDS}s", "--timeout", f"{2 * SECONDS}s"]

        def run(start: int) -> object:
            random.seed(start)
            command = random.choice(["token", "token", "verify", "doctor"])
            where = ["--ca-url", ca.url, "--root", path, *bounds]
            return run_command([*words[command], *where], _alone(place), reports=command != "token")

        yield run


@contextmanager
def _without_pauses() -> Iterator[None]:
    """Let no time pass before a request is repeated."""
    with mock.patch("adapters.ca.https_client.PAUSES", (0.0, 0.0, 0.0)):
        yield


def _alone(place: Place) -> dict[str, str]:
    return {"STEPPATH": str(place.path / "none")}


@contextmanager
def open_answers() -> Iterator[Run]:
    """Ask an identity provider whose answers are changed, on the level of HTTP."""
    told = b""

    def behave(_: Asked) -> bytes:
        return told

    with serve_metadata(behave) as host:
        session = IdentitySession(request_timeout=SECONDS * NANOSECONDS)

        def run(start: int) -> object:
            nonlocal told
            random = Random(start)
            told = write_answer(random, encode_json(near_value(sample({"issuer": "a", "error": "b"}))(random)))
            if random.random() < 0.5:
                return session.get_json(host.url)
            return session.post(f"{host.url}/token", {"a": "b"}, {}, _NoProof()).json()

        yield run


class _NoProof:
    """Adds nothing to a request."""

    @staticmethod
    def prepare(_: str, url: str, headers: dict[str, str], body: str) -> tuple[str, dict[str, str], str]:
        return url, headers, body


@contextmanager
def open_sign_in() -> Iterator[Run]:
    """Sign in at an identity provider whose documents are changed, with a browser and with a code."""
    members: list[dict[str, Any]] = [{}]
    with (
        open_place() as place,
        serve_provider() as provider,
        serve(lambda _: write_sound(encode_json({"provisioners": members}))) as ca,
        mock.patch("entrypoints.wiring.late_adapters.PATIENCE", NANOSECONDS // 20),
        mock.patch("adapters.sign_in.session.make_system_context", return_value=make_system_context()),
        mock.patch("adapters.sign_in.oidc.sleep", return_value=None),
    ):
        where = ["--ca-url", ca.url, "--root", place.write("root.pem", root().pem)]
        discovery, keys, device = provider.discovery, provider.keys, provider.device

        def run(start: int) -> object:
            random = Random(start)
            members[0] = near_value(lambda _: provider.members(scopes=["openid"], authParams=["a=b"]), _few(random))(
                random
            )
            by_device = random.random() < 0.3
            changed = [near_value(lambda _, one=one: one, _few(random))(random) for one in (discovery, keys, device)]
            names = ("/.well-known/openid-configuration", "/jwks", "/device")
            provider.replies = {name: reply(encode_json(one)) for name, one in zip(names, changed, strict=True)}
            provider.tokens = [] if random.random() < 0.5 else [_write_token(random, provider)]
            with mock.patch("adapters.sign_in.oidc.open_browser", _browse(provider)):
                words = ["token", "alice", *where, "--request-timeout", f"{SECONDS}s"]
                return run_command([*words, *(["--console"] if by_device else [])], _alone(place))

        yield run


def _few(random: Random) -> int:
    return random.choice([0, 0, 0, 1])


def _write_token(random: Random, provider: HostileProvider) -> Any:
    document = {"access_token": "a", "token_type": "Bearer", "id_token": provider.id_token(), "expires_in": 60}
    status = random.choice([200, 200, 200, 400, 401, 500])
    document = document if status == 200 else {"error": "access_denied", "error_description": "no"}
    return reply(encode_json(near_value(lambda _: document)(random)), status)


def _browse(provider: HostileProvider) -> Any:
    back = come_back(provider)

    def browse(address: str) -> bool:
        with suppress(Exception):  # an address that leads nowhere
            back(address)
        return True

    return browse


ISSUER = "https://idp.test"


def make_id_token(random: Random) -> tuple[str, Any]:
    """Make an ID token, changed before it is signed, and a key set, one of the two changed mostly."""
    kind, algorithm = random.choice([("P-256", "ES256"), ("Ed25519", "EdDSA")])
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": "alice", "nonce": "n", "iat": now, "exp": now + 600, "azp": CLIENT,
              "at_hash": "AAAA"}  # fmt: skip
    text = write_parts(random, {"alg": algorithm, "kid": "k", "typ": "JWT"}, claims)
    token = f"{text}.{base64url.encode(make_signer(key(kind)).sign(text.encode('utf-8', 'surrogatepass')))}"
    jwk = {**public_members(key(kind).public_key()), "kid": "k", "use": "sig", "alg": algorithm}
    rsa = {**public_members(key("RSA").public_key()), "kid": "k"}
    keys = {"keys": [rsa, jwk]}
    changed = encode_json(near_value(lambda _: keys, random.choice([0, 1, 2]))(random))
    with suppress(ValueError, RecursionError):
        keys = json.loads(changed)
    return near_text(lambda _: token, random.choice([0, 0, 1]))(random), keys


def check_token(case: tuple[str, Any]) -> object:
    """Check an ID token."""
    now = int(time.time()) * NANOSECONDS
    check_id_token(case[0], case[1], now, issuer=ISSUER, client_id=CLIENT, nonce="n", access_token=None)
    return case


@contextmanager
def open_metadata() -> Iterator[Run]:
    """Mint on machines whose metadata services' answers are changed."""
    random = Random(0)

    def tell(asked: Asked) -> bytes:
        sound = be_amazon(encode_json(near_value(sample(json.loads(write_document())))(random)))(asked)
        if "audience" in asked.query:
            sound = write_sound(_sign(random, google_claims(asked.query["audience"])).encode())
        elif "resource" in asked.query:
            document = {"access_token": _sign(random, azure_claims(asked.query["resource"])), "expires_in": "1"}
            sound = write_sound(encode_json(near_value(lambda _: document, 1)(random)))
        return sound if random.random() < 0.5 else write_answer(random, sound.partition(b"\r\n\r\n")[2])

    with open_place() as place, serve_metadata(tell) as host:
        environment = {**place.environment, **host.environment()}

        def run(start: int) -> object:
            random.seed(start)
            words = ["token", "web", "--offline", "--provisioner", random.choice(["vms", "gcp", "azure"])]
            return run_command(words, environment)

        yield run


def _sign(random: Random, claims: Mapping[str, Any]) -> str:
    token: str = sign_claims(dict(claims))
    head = write_parts(random, {"alg": "RS256", "kid": "cloud", "typ": "JWT"}, dict(claims))
    return f"{head}.{token.rpartition('.')[2]}"


REQUESTS = sample(
    b"GET /?code=c&state=s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"GET /favicon.ico HTTP/1.0\r\n\r\n",
    b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcde",
    b"GET /?error=access_denied&state=other HTTP/1.1\r\nConnection: keep-alive\r\n\r\n",
)


@contextmanager
def open_listener() -> Iterator[Run]:
    """Let the browser come back after whoever else came before."""

    def read(pairs: Any) -> str | None:
        given = dict(pairs)
        return given.get("code") if given.get("state") == "s" else None

    with listen_for_redirect("127.0.0.1", 0, read) as listener:
        place = ("127.0.0.1", int(listener.redirect_uri.rpartition(":")[2]))

        def run(sent: bytes) -> object:
            answer = b""
            with socket.create_connection(place, SECONDS) as connection, suppress(ConnectionError):
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.makefile("rb").read()
            if fetch(f"{listener.redirect_uri}/favicon.ico")[0] != 404:
                raise FoundError("the browser is not served")
            return sent if answer.startswith(b"HTTP/1.0 200 ") else REFUSED

        yield run


TARGETS: list[Target] = [
    Target("ca-answers", number, open_ca),
    Target("idp-answers", number, open_answers),
    Target("sign-in", number, open_sign_in),
    parser("id-token", make_id_token, check_token),
    Target("metadata", number, open_metadata),
    Target("listener", near_bytes(REQUESTS), open_listener),
]
