"""Proxies on the way to the CA: HTTPS_PROXY and NO_PROXY by Go's rules, their credentials never shown."""

import contextlib
import os
from base64 import b64decode

import pytest
from urllib3.exceptions import ProxyError

from adapters.ca.https_client import HttpsClient
from adapters.http.bounded import Exchange, ExchangeError, FaultKind
from adapters.http.pool import Pool, make_tls_context, translate
from adapters.http.proxy_address import find_proxy
from domain.ca.proxy import choose_proxy
from domain.ca.url import parse_ca_url
from domain.errors import InputError, LostAnswerError, NetworkError
from tests.support.connect_proxy import run_proxy
from tests.support.hostile_ca import issue, leaf, listen, make_server_context, root, serve
from tests.support.https_authority import EMPTY_LIST, connect
from tests.support.running import invoke

pytestmark = pytest.mark.usefixtures("undisturbed")


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_the_ca_is_reached_through_the_proxy(variable: str, scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy gets the CA's name, resolves it, and sees nothing but TLS with the CA itself."""
    with serve(lambda _: EMPTY_LIST) as ca, run_proxy(ca.port) as proxy:
        monkeypatch.setenv(variable, f"{scheme}{proxy.address}")
        assert connect(ca, host="ca.test").provisioners() == []
        assert ca.targets == ["/provisioners?limit=100"]
        (head,) = proxy.asked
        assert head.startswith(f"CONNECT ca.test:{ca.port} ")
        assert "authorization" not in head.lower()


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_proxy_may_speak_tls_itself(is_trusted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """TLS within TLS: the proxy's certificate is to be from the given roots, and names and chain are the CA's own."""
    credential = leaf() if is_trusted else issue("proxy", names=("127.0.0.1",))
    with serve(lambda _: EMPTY_LIST) as ca, run_proxy(ca.port, context=make_server_context(credential)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"https://{proxy.address}")
        authority = connect(ca, host="ca.test")
        if not is_trusted:
            with pytest.raises(NetworkError, match="certificate verify failed"):
                authority.provisioners()
            return
        assert authority.provisioners() == []
        client = authority.client
        assert isinstance(client, HttpsClient)
        assert (tuple(client.names()), client.anchor()) == (("127.0.0.1", "ca.test"), root().der)
        client.roots = [root().der, issue("Other", is_authority=True).der]
        assert client.anchor() == root().der
        assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("user:secret", "user:secret"), ("us%40er:se%3Acr%2Fet", "us@er:se:cr/et"), ("user", "user:"),
        ("us%C3%A9r:%E2%98%83", "us\u00e9r:\u2603"),
    ],
)  # fmt: skip
def test_credentials_go_to_the_proxy_alone(written: str, meant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """User and password of the proxy's address are sent as Proxy-Authorization, decoded, and not to the CA."""
    with serve(lambda _: EMPTY_LIST) as ca, run_proxy(ca.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{written}@{proxy.address}")
        connect(ca, host="ca.test").provisioners()
        (line,) = (line for line in proxy.asked[0].split("\r\n") if line.lower().startswith("proxy-authorization: "))
        assert b64decode(line.split(" ")[2]).decode() == meant
        assert "proxy-authorization" not in ca.requests[0].headers


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", "cannot be reached"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "cannot be reached"),
        (b"\r\n\r\n", "gives no valid answer"),
    ],
    ids=["407", "502", "no HTTP"],
)
def test_no_error_shows_the_proxy_s_credentials(refusal: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses is told of in its own words, without its password."""
    with listen() as nobody, run_proxy(0, refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pa55word@{proxy.address}")
        client, address = connect(nobody.getsockname()[1], host="ca.test"), proxy.address
        with pytest.raises(NetworkError) as caught:
            client.provisioners()
    told = str(caught.value)
    assert f"{said} through the proxy {address}: " in told and "pa55word" not in told
    assert caught.value.fix.startswith("check HTTPS_PROXY")
    assert b" " not in refusal or refusal.split(b" ")[1].decode() in told


def test_a_proxy_that_is_not_there_is_named(running_root: str) -> None:
    """What refuses the connection is the proxy, and not the CA."""
    environment = {"HTTPS_PROXY": "http://user:pa55word@127.0.0.1:1"}
    words = ["token", "a", "--ca-url", "ca.test", "--root", running_root]
    result = invoke(*words, environment=environment)
    way = "the CA at https://ca.test cannot be reached through the proxy 127.0.0.1:1: Connection refused"
    assert (result.status, result.err) == (1, f"step-ott: {way}: check HTTPS_PROXY and that the CA is running\n")


@pytest.mark.parametrize(
    "proxy", ["http://user:pa55word@127.0.0.1:1", "socks5://user:pa55word@127.0.0.1:1", "http://user:pa55word@[::1",
              "http://user:pa55word@host:99999", "://user:pa55word@"],
)  # fmt: skip
def test_no_error_of_the_command_shows_the_proxy_s_credentials(proxy: str, running_root: str) -> None:
    """A proxy that is not there, or an address that is none, fails without its password in any output."""
    environment = {"HTTPS_PROXY": proxy}
    result = invoke(
        "token", "a", "--ca-url", "ca.test", "--root", running_root, "--request-timeout", "2s", environment=environment
    )
    assert (result.status, result.out) == (1, "") and result.err.count("\n") == 1
    assert "pa55word" not in result.err and "user" not in result.err


@pytest.fixture
def running_root(tmp_path: object) -> str:
    """The path of a root certificate."""
    path = f"{tmp_path}/root.crt"
    with open(path, "wb") as file:
        file.write(root().pem)
    return path


def test_a_host_in_no_proxy_is_reached_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY keeps the proxy out; here it is the only way to a name that nobody resolves."""
    with serve(lambda _: EMPTY_LIST) as ca, run_proxy(ca.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "ca.test")
        client = connect(ca, host="ca.test", request_timeout=10**9)
        with pytest.raises(NetworkError):
            client.provisioners()
        assert proxy.asked == []


def test_this_machine_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Go, a loopback address never goes through a proxy."""
    with serve(lambda _: EMPTY_LIST) as ca:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        assert connect(ca).provisioners() == []


def test_a_proxy_s_address_that_is_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be used is not passed over."""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1")
    client = connect(1, host="ca.test")
    with pytest.raises(InputError, match="HTTPS_PROXY is not a proxy address"):
        client.provisioners()


@pytest.mark.parametrize(
    ("excepted", "ca_url", "is_excepted"),
    [
        ("", "ca.example.com", False),
        ("*", "ca.example.com", True),
        ("example.com", "ca.example.com", True),
        ("example.com", "example.com", True),
        ("example.com", "badexample.com", False),
        (".example.com", "ca.example.com", True),
        (".example.com", "example.com", False),
        ("*.example.com", "ca.example.com", True),
        ("EXAMPLE.com", "CA.example.COM", True),
        ("other.test, example.com ,", "ca.example.com", True),
        ("example.com:9000", "ca.example.com:9000", True),
        ("example.com:9000", "ca.example.com", False),
        ("example.com:443", "ca.example.com", True),
        ("10.0.0.0/8", "10.1.2.3:9000", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.0.0.0/8", "ca.example.com", False),
        ("10.1.2.3", "10.1.2.3:9000", True),
        ("10.1.2.3:9000", "10.1.2.3:9000", True),
        ("10.1.2.3:9001", "10.1.2.3:9000", False),
        ("fd00::/8", "[fd00::5]:9000", True),
        ("fd00::5", "[fd00::5]:9000", True),
        ("[fd00::5]:9000", "[fd00::5]:9000", True),
        ("[fd00::5]:9001", "[fd00::5]:9000", False),
    ],
)
def test_no_proxy_is_read_by_go_s_rules(excepted: str, ca_url: str, is_excepted: bool) -> None:
    """Domains with their subdomains, addresses, networks and ports (golang.org/x/net/http/httpproxy)."""
    environment = {"HTTPS_PROXY": "http://proxy.test", "NO_PROXY": excepted}
    chosen = choose_proxy(parse_ca_url(ca_url), environment)
    assert chosen == (None if is_excepted else "http://proxy.test")


@pytest.mark.parametrize("ca_url", ["localhost", "localhost:9000", "127.0.0.1:9000", "127.1.2.3", "[::1]:9000"])
def test_no_proxy_is_chosen_for_this_machine(ca_url: str) -> None:
    """Loopback addresses need no entry in NO_PROXY."""
    assert choose_proxy(parse_ca_url(ca_url), {"HTTPS_PROXY": "http://proxy.test"}) is None


@pytest.mark.parametrize(
    "environment", [{}, {"HTTPS_PROXY": ""}, {"HTTP_PROXY": "http://x"}, {"ALL_PROXY": "http://x"}]
)
def test_no_other_variable_names_a_proxy(environment: dict[str, str]) -> None:
    """As in Go, only HTTPS_PROXY is for https."""
    assert choose_proxy(parse_ca_url("ca.example.com"), environment) is None


def test_a_request_that_changes_something_is_sent_once() -> None:
    """Also where the CA takes it and hangs up: whatever spends a token may have done so."""
    with serve(lambda _: b"") as ca:
        with pytest.raises(LostAnswerError):
            connect(ca).client.post("/1.0/sign", "{}", 100, {})
        assert ca.targets == ["/1.0/sign"]


@pytest.mark.parametrize(("is_sent", "kind"), [(True, FaultKind.BROKEN), (False, FaultKind.UNREACHABLE)])
def test_a_fault_behind_a_proxy_is_told_by_what_was_sent(is_sent: bool, kind: FaultKind) -> None:
    """urllib3 calls a CA that hangs up behind a proxy a fault of the proxy, whatever was sent before."""
    error = ProxyError("Unable to connect to proxy", ConnectionResetError())
    assert translate(error, is_sent=is_sent).kind is kind


def test_what_is_sent_through_a_proxy_is_known_from_what_makes_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses the way has seen nothing of the request; a CA that answered has."""
    with serve(lambda _: EMPTY_LIST) as ca, run_proxy(ca.port) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        for url, is_sent in ((f"https://ca.test:{ca.port}", True), ("https://nobody.test:1", False)):
            exchange = Exchange(10.0, 100_000)
            pool = Pool(make_tls_context([root().der]), find_proxy(parse_ca_url(url), os.environ))
            with contextlib.suppress(ExchangeError):
                exchange.run(lambda pool=pool, exchange=exchange, url=url: pool.ask(exchange, "GET", f"{url}/", {}))
            assert exchange.is_sent is is_sent
