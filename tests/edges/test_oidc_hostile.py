"""Signing in at identity providers that misbehave: nothing that is not checked becomes a token."""

import base64
import hmac
import json
import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from adapters.jose.key_objects import public_members
from adapters.sign_in.id_tokens import MAX_KEYS
from adapters.sign_in.redirect_listener import listen_for_redirect
from domain.errors import IdentityError
from domain.formats import base64url
from tests.support.connect_proxy import run_proxy
from tests.support.hostile_ca import answer, listen, root, serve
from tests.support.hostile_keys import long_rsa, rsa_jwk
from tests.support.hostile_provider import (
    CLIENT,
    DEVICE_CODE,
    EMAIL,
    SECRET,
    HostileProvider,
    come_back,
    fetch,
    reply,
    serve_provider,
)
from tests.support.peer_programs import REPOSITORY
from tests.support.running import PROCESS_SECONDS, Result, decode_part, invoke

HOUR = 3600
Run = Callable[..., Result]


def ask(address: str) -> dict[str, str]:
    """Return what a request to sign in asks for."""
    return dict(parse_qsl(urlsplit(address).query))


@pytest.fixture
def provider() -> Iterator[HostileProvider]:
    """A provider that does all right until a test changes something."""
    with serve_provider() as provider:
        yield provider


@pytest.fixture
def run(provider: HostileProvider, tmp_path: Path) -> Iterator[Run]:
    """Runs `token` for a CA whose one provisioner is the provider's, with a browser that comes back at once.

    `browser` is another one, `members` are changes to the provisioner.
    """
    (tmp_path / "root.crt").write_bytes(root().pem)
    listed: dict[str, Any] = {}
    with serve(lambda _: answer({"provisioners": [provider.members(**listed)]}), num_tickets=0) as ca:

        def run(
            *words: str,
            browser: Callable[[str], bool] | None = None,
            environment: dict[str, str] | None = None,
            **members: Any,
        ) -> Result:
            listed.clear()
            listed.update(members)
            place = ["--ca-url", ca.url, "--root", str(tmp_path / "root.crt")]
            surroundings = {"STEPPATH": str(tmp_path / "step"), **(environment or {})}
            with mock.patch("adapters.sign_in.oidc.open_browser", browser or come_back(provider)):
                result = invoke("token", EMAIL, *place, *words, environment=surroundings)
            assert SECRET not in result.err
            return result

        yield run


def check_failure(result: Result, words: str, status: int = 1) -> None:
    """Check that stderr ends with one line of error that has these words, and that there is no token."""
    assert (result.status, result.out) == (status, ""), result
    last = result.err.splitlines()[-1]
    assert last.startswith("step-ott: ") and words in last, result.err


def test_a_sound_provider_gives_a_token(provider: HostileProvider, run: Run) -> None:
    """What the tests below change makes the difference."""
    assert run().claims["email"] == EMAIL
    [form] = provider.forms
    assert form["client_secret"] == SECRET
    assert len(form["code_verifier"]) == 64


def test_the_request_to_sign_in_has_a_challenge_a_state_and_a_nonce(provider: HostileProvider, run: Run) -> None:
    """They are fresh each time, and the challenge is the SHA-256 of the verifier (RFC 7636, 4.2)."""
    seen = []
    back = come_back(provider)
    for _ in range(2):
        assert run(browser=lambda address: bool(seen.append(ask(address)) or back(address))).token  # type: ignore[func-returns-value]
    for asked, form in zip(seen, provider.forms, strict=True):
        challenge = base64url.encode(sha256(form["code_verifier"].encode()).digest())
        assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
        assert form["redirect_uri"] == asked["redirect_uri"]
        assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", asked["redirect_uri"])
        assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT, "openid email")
    for name in ("state", "nonce", "code_challenge"):
        assert seen[0][name] != seen[1][name] and len(seen[0][name]) >= 43


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"code": None}, "without a code"),
        ({"iss": "https://evil.test"}, "not from http://127.0.0.1"),
        ({"code": None, "error": "access_denied"}, "refuses: access_denied: sign in again and agree"),
        ({"error": "access_denied", "error_description": "\x1b[2Jno\nstep-ott: ok"}, r"\x1b[2Jno\x0astep-ott: ok"),
        ({"error": "x" * 5_000}, "refuses: xxx"),
        ({"error": "invalid_scope", "error_description": f"{SECRET} is known"}, "*** is known"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_browser_that_comes_back_wrong_is_refused(
    provider: HostileProvider, run: Run, changes: dict[str, str | None], words: str
) -> None:
    """Another issuer, an error: no code is redeemed for it."""
    result = run(browser=come_back(provider, **changes))
    check_failure(result, words)
    assert len(result.err) < 3_000
    assert provider.forms == []


def test_a_provider_that_names_itself_must(provider: HostileProvider, run: Run) -> None:
    """Who says that its answers say who they are from is not believed without (RFC 9207)."""
    provider.discovery["authorization_response_iss_parameter_supported"] = True
    check_failure(run(), "not from http://127.0.0.1")
    assert run(browser=come_back(provider, iss=provider.url)).token


def test_the_page_says_what_came_of_it(provider: HostileProvider, run: Run) -> None:
    """The browser shows that the window can be closed; whatever else it asks for is not there."""
    pages = []

    def browser(address: str) -> bool:
        asked = ask(address)
        provider.nonce, place = asked["nonce"], asked["redirect_uri"]
        stray = ["/favicon.ico", "/", "/?utm=1", f"/other?code=c&state={asked['state']}"]
        answers = [f"/?code=c&state={state}" for state in (asked["state"], asked["state"], "another")]
        pages.extend(fetch(place + path) for path in stray + answers)
        return True

    assert run(browser=browser).token
    assert [status for status, *_ in pages] == [404, 404, 404, 404, 200, 404, 404]
    _, text, headers = pages[4]
    assert "You can close this window" in text
    assert headers["Content-Security-Policy"] == "default-src 'none'" and headers["Cache-Control"] == "no-store"
    assert len(provider.forms) == 1


@pytest.mark.parametrize(
    "query",
    ["code=c&state=another", "code=c", "code=c&state=%C3%A9", "error=access_denied&state=another", "state=",
     "code=c&state={state}&state={state}", "code=a&code=b&state=another", "code=c&state={state}" + "&x" * 100],
)  # fmt: skip
def test_an_answer_to_another_sign_in_does_not_end_this_one(provider: HostileProvider, run: Run, query: str) -> None:
    """Any web page can send the browser here: it is shown an error, and the right answer still counts."""
    pages = []

    def browser(address: str) -> bool:
        asked = ask(address)
        pages.append(fetch(f"{asked['redirect_uri']}/?{query.format(state=asked['state'])}"))
        return come_back(provider)(address)

    assert run(browser=browser).token
    [(status, text, _)] = pages
    assert status == 400 and "You have signed in" not in text
    [form] = provider.forms
    assert form["code"] == "c"


def test_a_parameter_twice_beside_the_right_state_is_an_error(provider: HostileProvider, run: Run) -> None:
    """Which of the two codes counts is nobody's guess."""

    def browser(address: str) -> bool:
        asked = ask(address)
        fetch(f"{asked['redirect_uri']}/?code=a&code=b&state={asked['state']}")
        return True

    check_failure(run(browser=browser), "came back with a parameter twice")
    assert provider.forms == []


def test_answers_to_other_sign_ins_alone_are_told_of(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is up, the error says that something came that was not taken."""
    monkeypatch.setattr("entrypoints.wiring.late_adapters.PATIENCE", 20_000_000)

    def browser(address: str) -> bool:
        for state in ("a", "b"):
            fetch(f"{ask(address)['redirect_uri']}/?code=c&state={state}")
        return True

    words = "within 20ms; the browser came back 2 times with the state of another sign-in: run the command again"
    check_failure(run(browser=browser), words)


def test_a_browser_that_never_comes_back_is_given_up(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait ends, and the error says by what it is made longer."""
    monkeypatch.setattr("entrypoints.wiring.late_adapters.PATIENCE", 20_000_000)
    check_failure(
        run(browser=lambda _: True), "nobody signed in within 20ms: run the command again, or raise --timeout"
    )


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_an_id_token_by_ed25519_is_taken_without_a_word(
    algorithm: str, provider: HostileProvider, run: Run, recwarn: pytest.WarningsRecorder
) -> None:
    """By either name of the algorithm; the library's caution about the older one is not for stderr."""
    key = ed25519.Ed25519PrivateKey.generate()
    provider.key, provider.header = key, {"alg": algorithm}
    provider.keys["keys"] = [{**public_members(key.public_key()), "kid": "k"}]
    assert run().token
    assert not recwarn.list


OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
SYMMETRIC = {"kty": "oct", "k": base64url.encode(SECRET.encode()), "kid": "k"}


class FromNow(int):
    """Seconds from the moment at which the test runs."""


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "https://evil.test"}, "it has another issuer"),
        ({"iss": None}, "it has no iss"),
        ({"aud": "another"}, "it is for another client"),
        ({"aud": [CLIENT, "another"]}, "it has no azp"),
        ({"aud": []}, "it is for another client"),
        ({"azp": "another"}, "it was issued to another client"),
        ({"nonce": "another"}, "it answers another sign-in"),
        ({"nonce": None}, "it has no nonce"),
        ({"nonce": [1]}, "it answers another sign-in"),
        ({"exp": FromNow(-61)}, "has expired"),
        ({"exp": "tomorrow"}, "its exp is not valid"),
        ({"exp": None}, "it has no exp"),
        ({"exp": True}, "its exp is not valid"),
        ({"iat": FromNow(HOUR)}, "its iat is not valid"),
        ({"nbf": FromNow(HOUR)}, "its nbf is not valid"),
        ({"sub": None}, "it has no sub"),
        ({"at_hash": "AAAA"}, "it does not belong to the access token"),
    ],
    ids=repr,
)  # fmt: skip
def test_an_id_token_that_says_something_else_is_refused(
    provider: HostileProvider, run: Run, claims: dict[str, Any], words: str
) -> None:
    """Issuer, audience, nonce and times are checked."""
    now = int(time.time())
    provider.claims = {name: now + value if isinstance(value, FromNow) else value for name, value in claims.items()}
    check_failure(run(), words)


def test_the_clocks_may_be_a_minute_apart(provider: HostileProvider, run: Run) -> None:
    """As much as step-ca allows."""
    provider.claims = {"exp": int(time.time()) - 30, "iat": int(time.time()) + 30}
    assert run().token


def unsigned(provider: HostileProvider, algorithm: str, signature: bytes = b"") -> str:
    """Return an ID token with another algorithm in its header."""
    _, claims, _ = provider.id_token().split(".")
    header = base64url.encode(json.dumps({"alg": algorithm, "kid": "k"}).encode())
    return f"{header}.{claims}.{base64url.encode(signature)}"


FORGED: dict[str, Callable[[HostileProvider], str]] = {
    "none": lambda p: unsigned(p, "none"),
    "None": lambda p: unsigned(p, "None"),
    "HS256 by the secret": lambda p: hmac_token(p, SECRET.encode()),
    "HS256 by the public key": lambda p: hmac_token(p, json.dumps(p.keys["keys"][0]).encode()),
    "RS256": lambda p: unsigned(p, "RS256", b"s" * 256),
    "no signature": lambda p: unsigned(p, "ES256"),
    "garbage": lambda _: "no.token.at all",
    "JWE": lambda _: "e30.e30.e30.e30.e30",
    "a mebibyte": lambda _: "e30." * 20_000,
}


def hmac_token(provider: HostileProvider, secret: bytes) -> str:
    text = unsigned(provider, "HS256").rpartition(".")[0]
    digest = hmac.new(secret, text.encode(), "sha256").digest()
    return f"{text}.{base64url.encode(digest)}"


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_an_id_token_that_the_provider_did_not_sign_is_refused(
    provider: HostileProvider, run: Run, forge: Callable[[HostileProvider], str]
) -> None:
    """The algorithm is one by a private key, and none of the tricks with it works, nor a secret among the keys."""
    provider.keys["keys"].append(SYMMETRIC)
    back = come_back(provider)

    def browser(address: str) -> bool:
        provider.nonce = ask(address)["nonce"]
        provider.tokens = [reply({"access_token": "a", "id_token": forge(provider)})]
        return back(address)

    check_failure(run(browser=browser), "the ID token")


def test_a_signature_by_another_key_is_refused(provider: HostileProvider, run: Run) -> None:
    """A key that the provider does not publish, under the kid of one that it does, or with itself in the header."""
    provider.key = OTHER_KEY
    check_failure(run(), "not signed by any of the identity provider's keys")
    provider.header = {"jwk": {"kty": "EC"}, "jku": f"{provider.url}/other"}
    check_failure(run(), "not signed by any of the identity provider's keys")
    assert "/other" not in provider.paths


@pytest.mark.parametrize(
    "header",
    [{"crit": []}, {"crit": ["b64"]}, {"crit": ["b64"], "b64": True}, {"crit": ["b64"], "b64": False}, {"b64": False},
     {"crit": ["exp"], "exp": 1}, {"crit": None}, {"crit": "b64"}, {"b64": 1}],
    ids=repr,
)  # fmt: skip
def test_an_id_token_with_critical_members_is_refused(
    provider: HostileProvider, run: Run, header: dict[str, Any]
) -> None:
    """`crit` must not be empty, and names what no ID token needs (RFC 7515, 4.1.11; RFC 7797)."""
    provider.header = header
    check_failure(run(), "the ID token's header has crit or b64")


@pytest.mark.parametrize(
    "keys", [[], {}, {"keys": None}, {"keys": ["k"]}, {"keys": [{"kty": "EC", "kid": "k"}]}], ids=repr
)
def test_keys_that_are_none_are_refused(provider: HostileProvider, run: Run, keys: Any) -> None:
    """Whatever stands in the list, the error is a plain one."""
    provider.replies["/jwks"] = reply(keys)
    check_failure(run(), "the identity provider's")


def test_keys_of_the_future_do_no_harm(provider: HostileProvider, run: Run) -> None:
    """A key of an unknown type, or one that is broken, stands beside the one that counts."""
    provider.keys["keys"] = [{"kty": "AKP", "kid": "k"}, {"kty": "RSA", "kid": "k"}, None, *provider.keys["keys"]]
    assert run().token


def test_private_members_of_a_key_are_not_looked_at(provider: HostileProvider, run: Run) -> None:
    """They would be checked for seconds, and nothing depends on them: a wrong one keeps no signature from holding."""
    [own] = provider.keys["keys"]
    provider.keys["keys"] = [rsa_jwk(long_rsa()) | {"kid": "k"}, own | {"d": "AQ"}]
    begin = time.process_time()
    assert run().token
    assert time.process_time() - begin < 4  # the check of that RSA key alone takes ten


def test_so_many_keys_of_one_name_are_tried(provider: HostileProvider, run: Run) -> None:
    """A list of keys that are all named alike costs no more than a few of them."""
    [own] = provider.keys["keys"]
    others = [{"kty": "RSA", "kid": "k", "n": "AQAB", "e": "AQAB"}] * MAX_KEYS
    provider.keys["keys"] = [*others[1:], own]
    assert run().token
    provider.keys["keys"] = [*others, own]
    check_failure(run(), "not signed by any of the identity provider's keys")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuer": "https://evil.test"}, "says that it is 'https://evil.test'"),
        ({"issuer": None}, "has no issuer"),
        ({"issuer": 5}, "has no issuer"),
        ({"issuer": "https://{tenantid}.test"}, "says that it is"),
        ({"token_endpoint": None}, "has no token_endpoint"),
        ({"token_endpoint": "http://evil.test/token"}, "token_endpoint 'http://evil.test/token' is not https"),
        ({"authorization_endpoint": "http://evil.test/auth"}, "is not https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "is not an https URL"),
        ({"authorization_endpoint": "file:///etc/passwd"}, "is not an https URL"),
        ({"authorization_endpoint": "https://evil.test/ --flag"}, "is not an https URL"),
        ({"jwks_uri": "http://10.0.0.1/keys"}, "is not https"),
        ({"jwks_uri": "https://user@evil.test/"}, "is not an https URL"),
        ({"device_authorization_endpoint": 7}, "has no device_authorization_endpoint"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_provider_that_describes_itself_wrong_is_refused(
    provider: HostileProvider, run: Run, changes: dict[str, Any], words: str
) -> None:
    """Its issuer is the address that it was asked at; its addresses are https. Nobody is sent there."""
    provider.discovery |= changes
    check_failure(run(browser=lambda _: pytest.fail("the browser was opened")), words)
    assert provider.paths == ["/.well-known/openid-configuration"]


REPLIES = {
    "no JSON": (reply(b"<html>"), "is not JSON"),
    "a list": (reply([]), "is not a JSON object"),
    "a member twice": (reply(b'{"issuer":"a","issuer":"b"}'), "is not JSON"),
    "not found": (reply({}, 404), "with status 404"),
    "broken": (reply(b"\xff" * 20, 503), "with status 503"),
    "redirected": (reply({}, 302, Location="http://evil.test/"), "redirects"),
    "huge": (reply(b" " * (2 << 20)), "is over 1048576 bytes"),
}


OTHERWISE = {"/jwks": "list of keys cannot be used", "/token": "cannot be used"}
"""What is said of JSON that is not an object."""


@pytest.mark.parametrize(("told", "words"), REPLIES.values(), ids=REPLIES)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token"])
def test_an_answer_that_cannot_be_used_is_refused(
    provider: HostileProvider, run: Run, path: str, told: Any, words: str
) -> None:
    """Size, status and form of each answer are looked at; no redirect is followed."""
    provider.replies[path] = told
    result = run()
    assert (result.status, result.out) == (1, "")
    assert words in result.err or OTHERWISE.get(path, words) in result.err, result.err


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (reply({"error": "invalid_client", "error_description": f"bad secret {SECRET}"}, 401), "bad secret ***"),
        (reply({"error": "invalid_grant"}, 400), "refuses: invalid_grant"),
        (reply({"error": 5}, 400), "with status 400"),
        (reply({"error": 5}), "refuses: 5"),
        (reply({"access_token": "a"}), "gives no ID token"),
        (reply({"id_token": 5}), "gives no ID token"),
        (reply({"id_token": "x", "expires_in": "soon"}), "cannot be used"),
        (reply({"id_token": "x", "expires_in": [1]}), "cannot be used"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_token_endpoint_that_refuses_is_told(provider: HostileProvider, run: Run, told: Any, words: str) -> None:
    """Its error is shown, but for the client's secret, and anything odd is a plain error."""
    provider.tokens = [told]
    check_failure(run(), words)


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"configurationEndpoint": "http://idp.example.com"}, "'http://idp.example.com' is not https"),
        ({"configurationEndpoint": "ftp://127.0.0.1"}, "is not an https URL"),
        ({"configurationEndpoint": "http://127.0.0.1.evil.test"}, "is not https"),
        ({"listenAddress": "0.0.0.0:10000"}, "is not on this machine alone"),
        ({"listenAddress": "evil.test:10000"}, "is not on this machine alone"),
        ({"listenAddress": "10000"}, "is not host:port"),
        ({"listenAddress": ":99999"}, "is not host:port"),
        ({"authParams": ["state=mine"]}, "authParams cannot set 'state'"),
        ({"authParams": ["=x"]}, "authParams cannot set ''"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_provisioner_that_cannot_be_used_is_refused(run: Run, members: dict[str, Any], words: str) -> None:
    """What the CA says of it is not believed where it would weaken the sign-in."""
    check_failure(run(browser=lambda _: pytest.fail("the browser was opened"), **members), words)


@pytest.mark.parametrize(
    "members", [{"clientID": 5}, {"clientID": None}, {"scopes": "openid"}, {"authParams": [1]}], ids=repr
)
def test_a_provisioner_that_makes_no_sense_is_named(run: Run, members: dict[str, Any]) -> None:
    """Which of its members is wrong stands in the error."""
    check_failure(run("--provisioner", "corp", **members), next(iter(members)), 2)


def test_a_port_that_is_taken_is_an_error(provider: HostileProvider, run: Run) -> None:
    """The address that the CA names is the only one that the provider sends the browser to."""
    port = urlsplit(provider.url).port
    check_failure(run(listenAddress=f":{port}"), f"the browser cannot come back to 127.0.0.1 port {port}: ")


def read_any(pairs: Sequence[tuple[str, str]]) -> str | None:
    """Take any code, as `read_code` does by the right state."""
    return dict(pairs).get("code")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_connection_that_says_nothing_is_in_nobodys_way(host: str) -> None:
    """Browsers open connections beforehand; another one is answered meanwhile, and the end waits for none."""
    try:
        with listen_for_redirect(host, 0, read_any) as listener:
            port = urlsplit(listener.redirect_uri).port
            with socket.create_connection((host, port), timeout=30):
                fetch(f"{listener.redirect_uri}/?code=c")
                assert listener.wait(30) == "c"
            with pytest.raises(TimeoutError):
                listener.wait(0.01)
    except IdentityError as error:
        if host != "::1":
            raise
        pytest.skip(f"no IPv6 here: {error}")


def is_closed(connection: socket.socket) -> bool:
    """Wait until the other side has hung up, whether or not it has read all that was sent to it by then."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def test_hundreds_of_idle_connections_are_in_nobodys_way() -> None:
    """They share one thread, the oldest make room for new ones, and the browser is served among them."""
    before = set(threading.enumerate())
    with listen_for_redirect("127.0.0.1", 0, read_any) as listener, ExitStack() as stack:
        place = ("127.0.0.1", int(listener.redirect_uri.rpartition(":")[2]))
        idle = [stack.enter_context(socket.create_connection(place, timeout=30)) for _ in range(300)]
        for connection in idle[::2]:
            with suppress(OSError):  # the oldest are closed already
                connection.sendall(b"GET / HT")
        assert len(set(threading.enumerate()) - before) == 1
        status, text, _ = fetch(f"{listener.redirect_uri}/?code=c")
        assert (status, listener.wait(30)) == (200, "c") and "You have signed in." in text
        assert is_closed(idle[0])
        idle[-1].settimeout(0.01)
        with pytest.raises(TimeoutError):
            idle[-1].recv(1)


def test_a_connection_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for nothing, or byte by byte, is hung up on."""
    with listen_for_redirect("127.0.0.1", 0, read_any) as listener:
        place = ("127.0.0.1", int(listener.redirect_uri.rpartition(":")[2]))
        with monkeypatch.context() as patch:
            patch.setattr("adapters.sign_in.redirect_listener.CONNECTION_SECONDS", 0.1)
            with socket.create_connection(place, timeout=30) as slow:
                slow.sendall(b"G")
                assert is_closed(slow)
        assert fetch(f"{listener.redirect_uri}/?code=c")[0] == 200


OVERSIZE = {
    "target": b"GET /?code=" + b"c" * 70_000,
    "header": b"GET /?code=c HTTP/1.1\r\nCookie: " + b"c" * 70_000,
    "headers": b"GET /?code=c HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    "no HTTP": b"\x16\x03\x01" + b"\xff" * 70_000,
    "a URL that is none": b"GET //[?code=c HTTP/1.1\r\n\r\n",
    "another method": b"POST /?code=c HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("sent", OVERSIZE.values(), ids=OVERSIZE)
def test_a_request_that_is_too_large_or_none_is_refused(sent: bytes) -> None:
    """It is refused with a bounded answer, or hung up on, and the browser is served after it."""
    with listen_for_redirect("127.0.0.1", 0, read_any) as listener:
        place = ("127.0.0.1", int(listener.redirect_uri.rpartition(":")[2]))
        with socket.create_connection(place, timeout=30) as connection, suppress(ConnectionError):
            connection.sendall(sent)
            got = connection.makefile("rb").read()
            assert got.startswith((b"HTTP/1.0 4", b"HTTP/1.0 501", b"<!DOCTYPE")) and len(got) < 4_000, got
        with pytest.raises(TimeoutError):
            listener.wait(0.01)
        assert fetch(f"{listener.redirect_uri}/?code=c")[0] == 200
        assert listener.wait(30) == "c"


# -- The device flow --------------------------------------------------------------------------------


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds between questions, none of which passes."""
    passed: list[float] = []
    monkeypatch.setattr("adapters.sign_in.oidc.sleep", passed.append)
    return passed


def waiting(error: str) -> Any:
    return reply({"error": error}, 400)


def test_the_device_flow_asks_at_the_providers_pace(provider: HostileProvider, run: Run, pauses: list[float]) -> None:
    """Five seconds unless it says otherwise, and five more each time that it says slow_down (RFC 8628, 3.5)."""
    token = reply({"id_token": provider.id_token()})
    provider.tokens = [waiting("authorization_pending"), waiting("slow_down"), waiting("authorization_pending"), token]
    result = run("--console", browser=lambda _: pytest.fail("the browser was opened"))
    assert result.token
    assert pauses == [5, 5, 10, 10]
    assert f"Sign in with any browser at {provider.url}/code and enter the code WDJB-MJHT\n" in result.err
    assert [form.get("device_code") for form in provider.forms] == [None, *[DEVICE_CODE] * 4]
    assert provider.forms[0]["scope"] == "openid email"
    assert {form["client_secret"] for form in provider.forms} == {SECRET}


@pytest.mark.parametrize("interval", [1, 30])
def test_the_device_flow_keeps_the_interval(
    provider: HostileProvider, run: Run, pauses: list[float], interval: int
) -> None:
    """The provider says how long to wait."""
    provider.device["interval"] = interval
    assert run("--console").token
    assert pauses == [interval]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "refuses: access_denied"),
        ("expired_token", "refuses: expired_token: run the command again, and sign in sooner"),
        ("invalid_grant", "refuses: invalid_grant"),
    ],
)
def test_a_device_that_is_refused_is_told(
    provider: HostileProvider, run: Run, pauses: list[float], error: str, words: str
) -> None:
    """Any other error ends the wait."""
    provider.tokens = [waiting("authorization_pending"), waiting(error)]
    check_failure(run("--console"), words)
    assert len(pauses) == 2


@pytest.mark.parametrize(
    ("words", "expires_in", "waited"), [(["--timeout", "3s"], 600, "3s"), ([], 4, "4s"), ([], 0, "0s")]
)
def test_the_device_flow_ends_in_time(
    provider: HostileProvider, run: Run, pauses: list[float], words: list[str], expires_in: int, waited: str
) -> None:
    """When the code expires, or the user's own time is up, nothing more is asked."""
    provider.device["expires_in"] = expires_in
    check_failure(run("--console", *words), f"nobody signed in within {waited}: ")
    assert pauses == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verification_uri": None}, "lacks an address or a code"),
        ({"user_code": ""}, "lacks an address or a code"),
        ({"verification_uri_complete": 5}, "lacks an address or a code"),
        ({"expires_in": None}, "no sensible times"),
        ({"expires_in": -1}, "no sensible times"),
        ({"interval": "5"}, "no sensible times"),
        ({"interval": True}, "no sensible times"),
        ({"verification_uri": "http://evil.test"}, "is not https"),
        ({"verification_uri": "\x1b]8;;x"}, "is not an https URL"),
        ({"error": "unauthorized_client"}, "refuses: unauthorized_client"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_device_flow_that_begins_wrong_is_refused(
    provider: HostileProvider, run: Run, changes: dict[str, Any], words: str
) -> None:
    """Nobody is sent anywhere, and nothing is asked for."""
    provider.device |= changes
    check_failure(run("--console"), words)
    assert "/token" not in provider.paths


def test_the_address_may_be_called_as_google_does(provider: HostileProvider, run: Run, pauses: list[float]) -> None:
    """Google writes verification_url."""
    provider.device["verification_url"] = provider.device.pop("verification_uri")
    assert run("--console").token


def test_a_provider_without_a_device_flow_says_so(provider: HostileProvider, run: Run) -> None:
    """The error says what to do instead."""
    del provider.discovery["device_authorization_endpoint"]
    check_failure(run("--console"), "has no device flow: sign in without --console")


# -- The connection ---------------------------------------------------------------------------------


def test_the_secret_goes_into_the_header_where_the_provider_takes_it_there_alone(
    provider: HostileProvider, run: Run
) -> None:
    """Identifier and secret are escaped first (RFC 6749, 2.3.1)."""
    provider.discovery["token_endpoint_auth_methods_supported"] = ["client_secret_basic"]
    assert run().token
    [form] = provider.forms
    assert "client_secret" not in form
    assert base64.b64decode(form["Authorization"].removeprefix("Basic ")) == b"client:a%2Bsecret%2Fof%3Dthe%25client"


def test_a_client_without_a_secret_says_who_it_is(provider: HostileProvider, run: Run) -> None:
    """A public client sends its identifier alone."""
    assert run(clientSecret="").token
    [form] = provider.forms
    assert form["client_id"] == CLIENT and "client_secret" not in form and not form["Authorization"]


def test_a_token_without_an_email_is_warned_of(provider: HostileProvider, run: Run) -> None:
    """step-ca writes the email into the certificate."""
    provider.claims = {"email": None}
    result = run()
    assert result.token
    assert "warning: the token has no email" in result.err
    assert f"warning: the token is as it was issued to alice; '{EMAIL}' is not in it" in result.err


def test_a_provider_over_tls_is_trusted_by_the_systems_roots(tmp_path: Path) -> None:
    """SSL_CERT_FILE names other ones; the CA's root says nothing of the provider."""
    (tmp_path / "root.crt").write_bytes(root().pem)
    words = ["token", EMAIL, "--root", str(tmp_path / "root.crt")]
    with (
        serve_provider(is_tls=True) as provider,
        serve(lambda _: answer({"provisioners": [provider.members()]})) as ca,
        mock.patch("adapters.sign_in.oidc.open_browser", come_back(provider)),
    ):
        keys = tmp_path / "tls-keys"
        trusted = {"SSL_CERT_FILE": str(tmp_path / "root.crt"), "STEPPATH": str(tmp_path), "SSLKEYLOGFILE": str(keys)}
        assert invoke(*words, "--ca-url", ca.url, environment=trusted).token
        result = invoke(*words, "--ca-url", ca.url, environment={"STEPPATH": str(tmp_path)})
        check_failure(result, "SSL_CERT_FILE")
        provider.discovery["token_endpoint"] = provider.url.replace("https", "http") + "/token"
        check_failure(invoke(*words, "--ca-url", ca.url, environment=trusted), "is not https")
    assert not keys.exists()


@pytest.mark.parametrize("refusal", [b"", b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"], ids=["open", "closed"])
def test_a_provider_is_reached_through_the_proxy(tmp_path: Path, refusal: bytes) -> None:
    """HTTPS_PROXY is for the identity provider too, and its credentials show in no error."""
    (tmp_path / "root.crt").write_bytes(root().pem)
    with serve_provider(is_tls=True) as provider, serve(lambda _: answer({"provisioners": [listed]})) as ca:
        here, there = provider.url, provider.url.replace("127.0.0.1", "ca.test")
        provider.discovery = json.loads(json.dumps(provider.discovery).replace(here, there))
        listed = provider.members(configurationEndpoint=there)
        words = ["token", EMAIL, "--ca-url", ca.url, "--root", str(tmp_path / "root.crt")]
        with (
            run_proxy(int(here.rpartition(":")[2]), refusal) as proxy,
            mock.patch("adapters.sign_in.oidc.open_browser", come_back(provider)),
        ):
            environment = {
                "SSL_CERT_FILE": str(tmp_path / "root.crt"),
                "STEPPATH": str(tmp_path),
                "HTTPS_PROXY": f"http://user:hidden@{proxy.address}",
            }
            result = invoke(*words, environment=environment)
        assert {head.split(" ")[1] for head in proxy.asked} == {there.removeprefix("https://")}
    assert "hidden" not in result.err
    if refusal:
        check_failure(result, f"the identity provider cannot be reached at {there}/.well-known/openid-configuration: ")
    else:
        assert result.token


def test_a_provider_that_does_not_answer_is_given_up(run: Run) -> None:
    """Each request has its time, and the error names the option for it."""
    with listen() as silent:
        port = silent.getsockname()[1]
        result = run("--request-timeout", "1s", configurationEndpoint=f"http://127.0.0.1:{port}")
    check_failure(result, "within 1s: check the network, or raise --request-timeout")


def test_a_provider_that_is_not_there_is_told(run: Run) -> None:
    """The address and the system's reason stand in the error."""
    check_failure(
        run(configurationEndpoint="http://127.0.0.1:1"), "cannot be reached at http://127.0.0.1:1/.well-known"
    )


# -- The same by the real step ----------------------------------------------------------------------


def test_step_asks_for_the_same_and_prints_the_same(tmp_path: Path, step_program: str) -> None:
    """The request to sign in has the same parameters, and the token is the provider's with both."""
    (tmp_path / "root.crt").write_bytes(root().pem)
    environment = {"SSL_CERT_FILE": str(tmp_path / "root.crt"), "STEPPATH": str(tmp_path), "STEP_OPEN_BROWSER": "0"}
    with serve_provider(is_tls=True) as provider, serve(lambda _: answer({"provisioners": [provider.members()]})) as ca:
        theirs = [step_program, "oauth", "--oidc", "--bare", "--provider", provider.url]
        theirs += ["--client-id", CLIENT, "--client-secret", SECRET]
        ours = [sys.executable, "-m", "entrypoints.cli", "token", EMAIL, "--ca-url", ca.url, "--root"]
        runs = [sign_in(words, environment) for words in (theirs, [*ours, str(tmp_path / "root.crt")])]
        forms = [set(form) for form in provider.forms]
    (asked, token), (asked_by_us, token_by_us) = runs
    assert sorted(asked) == sorted(asked_by_us)
    fresh = {"state", "nonce", "code_challenge", "redirect_uri"}
    assert {name: asked[name] for name in set(asked) - fresh} == {
        name: asked_by_us[name] for name in set(asked) - fresh
    }
    assert forms[0] == forms[1]
    assert [decode_part(one, 1)["nonce"] for one in (token, token_by_us)] == [asked["nonce"], asked_by_us["nonce"]]
    assert [len(one.split(".")) for one in (token, token_by_us)] == [3, 3]


def sign_in(words: list[str], environment: dict[str, str]) -> tuple[dict[str, str], str]:
    """Run a program that shows an address, go there; return what the address asks for, and the token on stdout."""
    surroundings = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment}
    context = ssl.create_default_context(cafile=environment["SSL_CERT_FILE"])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=REPOSITORY, env=surroundings, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stderr is not None
            address = next(line.strip() for line in process.stderr if line.startswith("https://"))
            opener.open(address, timeout=PROCESS_SECONDS).close()
            out, err = process.communicate(timeout=PROCESS_SECONDS)
        finally:
            process.kill()
    assert process.returncode == 0, err
    return ask(address), out.strip()
