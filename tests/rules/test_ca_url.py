"""The CA's address: what is assumed, what is kept, and what is refused rather than dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ca.url import CaUrl, check_host, parse_ca_url


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("ca.example.com", "https://ca.example.com"), ("https://ca.example.com", "https://ca.example.com"),
        ("HTTPS://ca.example.com", "https://ca.example.com"), ("https://ca.example.com/", "https://ca.example.com"),
        ("ca.example.com:9000", "https://ca.example.com:9000"), ("https://ca:443", "https://ca:443"),
        ("localhost:08443", "https://localhost:8443"), ("10.0.0.1:1", "https://10.0.0.1:1"),
        ("ca_1.Example.com.", "https://ca_1.Example.com."), ("xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("::1", "https://[::1]"), ("[::1]", "https://[::1]"), ("[::1]:8443", "https://[::1]:8443"),
        ("https://[fd00::1]:65535/", "https://[fd00::1]:65535"), ("https://fd00::1", "https://[fd00::1]"),
        # step CLI, flags/flags_test.go: a last group is a port where the rest alone is an address
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334", "https://[2001:0db8:85a3:0000:0000:8a2e:0370:7334]"),
        ("2001:0db8:85a3:0000:0000:8a2e:0370:7334:8443", "https://[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:8443"),
        ("::ffff:192.0.2.1", "https://[::ffff:192.0.2.1]"),
    ],
)  # fmt: skip
def test_an_address_is_completed(text: str, url: str) -> None:
    """`https://` is assumed, the host is kept as written, and an IPv6 address gets its brackets."""
    assert str(parse_ca_url(text)) == url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://ca.example.com", "scheme is 'http'"), ("ftp://ca", "scheme"), ("://ca", "scheme"),
        ("x://https://ca", "scheme"),
        ("https://ca/prefix", "a path"), ("ca/1.0", "a path"), ("https://ca//", "a path"),
        ("https://ca?x=1", "a query"),
        ("https://ca/?x=1", "a query"), ("https://ca#x", "a fragment"), ("https://user:pin@ca", "a user name"),
        ("", "no host"), ("https://", "no host"), (":443", "no host"), ("https:///", "a path|no host"),
        ("ca:0", "port 0"), ("ca:65536", "port 65536"), ("ca:", "host or host:port"), ("ca:x", "host or host:port"),
        ("ca:123456", "host or host:port"), ("ca:\u0664", "host or host:port"), ("ca:-1", "host or host:port"),
        ("[::1", "host or host:port"), ("::1]", "not an IPv6 address|host or host:port"),
        ("[::1]x", "host or host:port"),
        ("[1.2.3.4]", "not an IPv6 address"), ("[]", "not an IPv6 address"), ("fe80::1%eth0", "not an IPv6 address"),
        ("::1:\u00b2", "not an IPv6 address"), ("1:2:3", "not an IPv6 address"), ("::1:99999", "port 99999"),
        ("b\u00fccher.example", "punycode"), ("ca example", "not a host name"), ("ca\n", "not a host name"),
        ("-ca", "not a host name"), ("ca\\evil", "not a host name"), ("ca%2eexample", "not a host name"),
        ("*.ca", "not a host"),
        ("ca\udcff", "ASCII"), ("ca,cb", "not a host name"),
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_with_its_reason(text: str, reason: str) -> None:
    """Nothing that the user wrote is dropped: a path, a query or a user name is an error, and so is a wrong host."""
    with pytest.raises(ValueError, match=reason):
        parse_ca_url(text)


@pytest.mark.parametrize("text", ["[::1", "::1]", "[", "]", "[]", "[[::1]]"])
def test_brackets_come_in_pairs(text: str) -> None:
    """Half a pair of brackets is not a host."""
    with pytest.raises(ValueError, match=r"not an IPv6 address|not a host name"):
        check_host(text)


HOSTS = st.one_of(
    st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z0-9]{1,10}){0,3}", fullmatch=True),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
)


@given(host=HOSTS, port=st.one_of(st.none(), st.integers(1, 65535)))
def test_writing_and_reading_an_address_loses_nothing(host: str, port: int | None) -> None:
    """An address, written as a URL, is read back as itself."""
    url = CaUrl(host, port)
    assert parse_ca_url(str(url)) == url


@given(text=st.text(max_size=30))
def test_any_text_is_an_address_or_a_plain_refusal(text: str) -> None:
    """No text leads to anything but an address, whose canonical form is itself, or a reason in plain words."""
    outcome: CaUrl | str
    try:
        outcome = parse_ca_url(text)
    except ValueError as error:
        outcome = str(error)
    if isinstance(outcome, CaUrl):
        assert parse_ca_url(str(outcome)) == outcome
    else:
        assert "literal" not in outcome
