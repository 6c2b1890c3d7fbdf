"""Which hosts NO_PROXY keeps from the proxy, against Go's own golang.org/x/net/http/httpproxy."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ca.proxy import choose_proxy
from domain.ca.url import CaUrl, parse_ca_url
from tests.support.go_answers import GoAnswers, ask_go

PROXY = "http://proxy.test"


@pytest.fixture(scope="module")
def go() -> Iterator[GoAnswers]:
    """Go's own rules."""
    with ask_go() as answers:
        yield answers


def is_proxied(excepted: str, ca_url: CaUrl) -> bool:
    return choose_proxy(ca_url, {"HTTPS_PROXY": PROXY, "NO_PROXY": excepted}) is not None


def check(go: GoAnswers, excepted: str, ca_url: CaUrl) -> None:
    """Check that both choose the same."""
    answer = go.ask_words("proxy", [excepted, str(ca_url)])
    assert "error" not in answer, answer
    assert is_proxied(excepted, ca_url) is answer.get("truth", False), (excepted, str(ca_url))


V4 = ["10.1.2.3", "10.1.2.4", "127.0.0.1", "127.9.9.9", "0.0.0.0", "255.255.255.255", "192.168.0.1"]
V6 = ["fd00::5", "fd00:0::5", "fd00:0:0:0:0:0:0:5", "FD00::5", "fd00::6", "::1", "0:0::1", "::", "::ffff:10.1.2.3",
      "::ffff:a01:203", "::ffff:127.0.0.1", "::10.1.2.3", "64:ff9b::10.1.2.3", "1:2:3:4:5:6:7::"]  # fmt: skip
NAMES = ["foo.com", "ca.foo.com", "CA.Foo.com", "badfoo.com", "a.b.ca.foo.com", "com", "foo.com.", "ca.foo.com.",
         "localhost", "LOCALHOST", "x.localhost", "xn--bcher-kva.test", "ca.xn--bcher-kva.test",
         "xn--strae-oqa.test", "i.test", "10.1.2", "1", "0x7f.1", "010.1.2.3"]  # fmt: skip
PORTS = [443, 9000, 1, 65535]
CA_URLS = st.builds(CaUrl, st.sampled_from(V4 + V6 + NAMES), st.none() | st.sampled_from(PORTS))

DOMAINS = st.sampled_from([*NAMES, "bücher.test", "BÜCHER.test", "ca.bücher.test", "straße.test", "İ.test", "日本.test",
                           "ｆｏｏ.com", "foo。com", "foo.com\u0301", "-foo.com", "\u200dfoo.com"])  # fmt: skip
DECORATED = st.builds(
    lambda mark, name: mark + name, st.sampled_from(["", "", ".", "*.", "*", "**.", "..", "*.*.", "[", "%"]), DOMAINS
)
SIZES = st.sampled_from(["", "08", "0008", "²", "-1", "+8", "8 ", "255.0.0.0", "1" * 5_000])
NETWORKS = st.builds(
    lambda address, size: f"{address}/{size}",
    st.sampled_from([*V4, *V6, "010.1.2.3", "fd00::5%eth0", "foo.com", ""]),
    st.integers(0, 140).map(str) | SIZES,
)  # fmt: skip
HOSTS = st.one_of(
    DECORATED,
    st.sampled_from([*V4, *V6, "010.1.2.3", "10.1.2.3.", "fd00::5%eth0", "", "[]", "*", "*."]),
    st.sampled_from(V4 + V6).map(lambda address: f"[{address}]"),
)
ENDS = st.one_of(
    st.just(""), st.just(""), st.sampled_from(PORTS).map(lambda port: f":{port}"),
    st.sampled_from([":", "::", ":0443", ":²", ":٤٤٣", ":x", ":443:443", "]:443", ":" + "4" * 5_000, ":-1", "/", "/8"]),
)  # fmt: skip
WHITE_SPACE = st.sampled_from(["", "", "", " ", "\t", "\xa0", "\x1c", "\u3000"])
WILD = st.text(st.sampled_from("*.:[]/%²١aA5fc-_ \t\x85İſK"), max_size=12)
ENTRIES = st.builds(lambda before, what, after: before + what + after, WHITE_SPACE,
                    st.one_of(st.builds(str.__add__, HOSTS, ENDS), NETWORKS, WILD), WHITE_SPACE)  # fmt: skip


@settings(max_examples=3_000)
@given(st.lists(ENTRIES, max_size=3).map(",".join), CA_URLS)
def test_no_proxy_excepts_what_go_excepts(go: GoAnswers, excepted: str, ca_url: CaUrl) -> None:
    """Domains, addresses and networks in whatever spelling, with ports or what looks like one."""
    check(go, excepted, ca_url)


@settings(max_examples=500)
@given(st.integers(0, 2**32 - 1), st.integers(0, 32), st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_networks_hold_the_addresses_that_go_says(
    go: GoAnswers, network: int, size: int, host: int, is_near: bool, is_mapped: bool
) -> None:
    """Of IPv4, and of IPv4 within IPv6."""
    from ipaddress import IPv4Address

    near = (network & ~0xFF) | (host & 0xFF) if is_near else host
    written = f"::ffff:{IPv4Address(network)}/{size + 96}" if is_mapped else f"{IPv4Address(network)}/{size}"
    check(go, written, CaUrl(str(IPv4Address(near))))
    check(go, written, CaUrl(f"::ffff:{IPv4Address(near)}"))


@pytest.mark.parametrize(
    ("excepted", "ca_url", "is_excepted"),
    [
        ("foo.com:²", "ca.foo.com", False),
        ("10.0.0.0/²", "10.1.2.3", False),
        ("foo.com:" + "4" * 5_000, "ca.foo.com", False),
        ("10.0.0.0/" + "8" * 5_000, "10.1.2.3", False),
        ("[fd00:0::5]:9000", "[fd00::5]:9000", True),
        ("[fd00:0::5]:9001", "[fd00::5]:9000", False),
        ("[fd00::5]", "[fd00::5]:9000", False),
        ("[fd00::5]:9000", "[fd00:0:0::5]:9000", True),
        ("*foo.com", "ca.foo.com", False),
        ("*foo.com", "badfoo.com", False),
        ("10.0.0.0/255.0.0.0", "10.1.2.3", False),
        ("10.1.2.3:", "10.1.2.3:9000", True),
        ("::ffff:10.0.0.0/104", "10.1.2.3", True),
        ("bücher.test", "ca.xn--bcher-kva.test", True),
        ("ca.foo.com,*", "elsewhere.test", True),
        ("foo.com:0443", "ca.foo.com", False),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_entry_is_read_as_go_reads_it(go: GoAnswers, excepted: str, ca_url: str, is_excepted: bool) -> None:
    """What is not a port and no network is not a reason to stop, and excepts nothing."""
    url = parse_ca_url(ca_url)
    assert is_proxied(excepted, url) is not is_excepted
    check(go, excepted, url)
