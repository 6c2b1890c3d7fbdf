"""URLs as step-ca reads and writes them (Go 1.26, net/url), on the bytes of their UTF-8.

`domain.ca.url` judges what a user writes; here is what Go makes of any text, be it in a token.
"""

import re
from ipaddress import IPv6Address
from urllib.parse import quote_from_bytes, unquote_to_bytes

import attrs

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
_OF_HOST, _OF_PATH, _OF_FRAGMENT, _OF_USER = b"!\"$&'()*+,:;<=>[]", b"$&+,/:;=@", b"!$&()*+,/:;=?@", b"$&+,;="
"""What each part has as it is, beside letters, digits and `-_.~`."""

_HOST_BYTES = frozenset(_LETTERS + _OF_HOST)
_HOST_OR_FOREIGN_BYTES = _HOST_BYTES | frozenset(range(0x80, 0x100)) | {0x25}
_CONTROLS = frozenset(range(0x20)) | {0x7F}
_ALWAYS_ENCODED_RIGHT = b"!$&'()*+,;=:@[]%"
_PLAIN_PATH = r"(?:[A-Za-z0-9\-_.~!$&'()*+,/:;=@\[\]]++|%[0-9A-Fa-f]{2})*+"
_PLAIN_USER = r"[A-Za-z0-9\-_.~$&+,;=]*+"
_PLAIN_LABEL = r"[A-Za-z0-9\-_~]++"
_PLAIN = re.compile(
    r"[A-Za-z0-9\-_.~!$&'()*+,;=@\[\]]*+"  # one segment of a path, or:
    r"|[A-Za-z][A-Za-z0-9+.\-]*+(?P<rest>:(?:"
    r"(?!/)[!-\"$->@-~]*+"
    rf"|(?://(?:{_PLAIN_USER}(?::{_PLAIN_USER})?@)?{_PLAIN_LABEL}(?:\.{_PLAIN_LABEL})*+(?::[0-9]*+)?(?=[/?#]|\Z)"
    rf"|//(?=/)|(?=/)(?!//)){_PLAIN_PATH}"
    r")(?:\?[!-\"$-~]*+)?"
    r"(?:#(?:[A-Za-z0-9\-_.~!$&'()*+,/:;=?@\[\]]++|%[0-9A-Fa-f]{2})++)?)"
)
"""A URL that Go writes as it reads it, but for its scheme's capitals, and whose host is a domain or none.

Most are, and a token or a CSR may have a hundred thousand of them.
"""

_BEFORE_COLON = re.compile("[A-Za-z][A-Za-z0-9+.-]*+:")
_IPV6_LETTERS = re.compile(r"(?=[^:]*:[^:]*:)[0-9A-Fa-f:.]+")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4_ADDRESS = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_USERINFO = re.compile(rb"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
_SCHEME = re.compile(rb"([A-Za-z][A-Za-z0-9+.-]*):")
_PORT = re.compile(rb"(?::[0-9]*)?")
_HOST_AND_PORT = re.compile(rb"(?P<host>.*):[0-9]*", re.DOTALL)
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")


@attrs.frozen(kw_only=True)
class GoUrl:
    """A URL, taken apart; `None` is what it has not, the encoded forms are empty where they are the usual ones.

    Attributes:
        host: Decoded, with its port.
        path, fragment: Decoded.
        query: What stands behind `?`, encoded.
        is_hostless: Whether its path has one slash behind the scheme.
    """

    scheme: bytes = b""
    opaque: bytes = b""
    user: bytes | None = None
    host: bytes = b""
    path: bytes = b""
    encoded_path: bytes = b""
    query: bytes | None = None
    fragment: bytes = b""
    encoded_fragment: bytes = b""
    is_hostless: bool = False

    def __str__(self) -> str:
        return self._write(self.host)

    def _write(self, host: bytes) -> str:
        pieces = [self.scheme + b":"] if self.scheme else []
        pieces.append(self.opaque or self._write_location(host, bool(pieces)))
        if self.query is not None:
            pieces.append(b"?" + self.query)
        if self.fragment:
            encoded, usable = self.encoded_fragment, _OF_FRAGMENT
            pieces.append(b"#" + (encoded if _is_encoded(encoded, usable) else _escape(self.fragment, usable)))
        return b"".join(pieces).decode("utf-8", "surrogateescape")

    def hostname(self) -> bytes:
        """Return the host's name alone, brackets and port left out (Go, URL.Hostname)."""
        match = _HOST_AND_PORT.fullmatch(self.host)
        host = match["host"] if match else self.host
        return host[1:-1] if host[:1] == b"[" and host[-1:] == b"]" else host

    def without_port(self) -> str:
        """Return its text with the host's name alone."""
        return self._write(self.hostname())

    def with_fragment(self, fragment: str) -> str:
        """Return its text with another fragment, its path made absolute (Go, URL.ResolveReference)."""
        path, encoded = self.path, self._encode_path()
        if encoded and not encoded.startswith(b"/"):
            path, encoded = b"/" + path, b"/" + encoded
        usual = _escape(path, _OF_PATH)
        return str(attrs.evolve(
            self, path=path, encoded_path=b"" if encoded == usual else encoded, query=self.query or None,
            fragment=fragment.encode("utf-8", "surrogateescape"), encoded_fragment=b"", is_hostless=False,
        ))  # fmt: skip

    def _write_location(self, host: bytes, has_scheme: bool) -> bytes:
        """Return what stands between the scheme and the query."""
        location = b""
        if has_scheme or host or self.user is not None:
            is_omitted = self.is_hostless and not host and self.user is None
            if not is_omitted:
                location += b"//" if host or self.path or self.user is not None else b""
                location += b"" if self.user is None else self.user + b"@"
                location += _escape(host, _OF_HOST)
        path = self._encode_path()
        if path and not path.startswith(b"/") and host:
            location += b"/"
        if not location and not has_scheme and b":" in path.partition(b"/")[0]:
            location += b"./"
        return location + path

    def _encode_path(self) -> bytes:
        if self.encoded_path and _is_encoded(self.encoded_path, _OF_PATH):
            return self.encoded_path
        return b"*" if self.path == b"*" else _escape(self.path, _OF_PATH)


def parse_url(text: str) -> GoUrl:
    """Return the URL, absolute or not, in `text`.

    Raises:
        ValueError: Go takes it for none.
    """
    before, _, fragment = text.encode("utf-8", "surrogatepass").partition(b"#")
    decoded = _unescape(fragment)
    is_usual = _escape(decoded, _OF_FRAGMENT) == fragment
    return _parse_location(before, decoded, b"" if is_usual else fragment)


def is_plain(text: str) -> bool:
    """Tell whether `text` is a URL in its plainest spelling, its host a domain or none; many a URL is another one."""
    return _PLAIN.fullmatch(text) is not None


def has_scheme(text: str) -> bool:
    """Tell whether `text`, if it is a URL, has a scheme."""
    return _BEFORE_COLON.match(text) is not None


def rewrite_url(text: str) -> str:
    """Return the URL, absolute or not, in `text` as Go writes it.

    Raises:
        ValueError: Go takes it for none.
    """
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return str(parse_url(text))
    end = max(plain.start("rest"), 0)
    return text[:end].lower() + text[end:]


def rewrite_or_keep(uri: str) -> str:
    """Return a URI as Go writes it, and what it takes for none as it is."""
    try:
        return rewrite_url(uri)
    except ValueError:
        return uri


def read_address(text: str) -> str | None:
    """Return an IP address as Go writes it, None where `text` is none; one with a zone is none (Go, net.ParseIP)."""
    if _IPV4_ADDRESS.fullmatch(text):
        return text
    try:
        address = IPv6Address(text) if _IPV6_LETTERS.fullmatch(text) else None
    except ValueError:
        return None
    return None if address is None else str(address.ipv4_mapped or address)


def _parse_location(raw: bytes, fragment: bytes, encoded_fragment: bytes) -> GoUrl:
    """Return the URL whose text without its fragment is `raw` (Go, net/url, parse)."""
    if not _CONTROLS.isdisjoint(raw):
        raise ValueError("a control character")
    if raw == b"*":
        return GoUrl(path=raw, fragment=fragment, encoded_fragment=encoded_fragment)
    if raw.startswith(b":"):
        raise ValueError("no scheme")
    match = _SCHEME.match(raw)
    scheme, rest = (match[1].lower(), raw[match.end() :]) if match else (b"", raw)
    rest, mark, behind = rest.partition(b"?")
    query = behind if mark else None
    if not rest.startswith(b"/"):
        if scheme:
            return GoUrl(scheme=scheme, opaque=rest, query=query, fragment=fragment, encoded_fragment=encoded_fragment)
        if b":" in rest.partition(b"/")[0]:
            raise ValueError("a colon in the first segment of a path")
    user, host, is_hostless = None, b"", False
    if rest.startswith(b"//") and (scheme or not rest.startswith(b"///")):
        authority, slash, path = rest[2:].partition(b"/")
        user, host = _parse_authority(scheme, authority)
        rest = slash + path
    else:
        is_hostless = bool(scheme)
    path = _unescape(rest)
    encoded = b"" if _escape(path, _OF_PATH) == rest else rest
    return GoUrl(
        scheme=scheme, user=user, host=host, path=path, encoded_path=encoded, query=query, fragment=fragment,
        encoded_fragment=encoded_fragment, is_hostless=is_hostless,
    )  # fmt: skip


def _parse_authority(scheme: bytes, authority: bytes) -> tuple[bytes | None, bytes]:
    """Return the user, encoded as Go writes it, and the host."""
    user, mark, address = authority.rpartition(b"@")
    host = _parse_host(scheme, address)
    if not mark:
        return None, host
    if not _USERINFO.fullmatch(user):
        raise ValueError("a character that no user name has")
    name, colon, password = user.partition(b":")
    return _escape(_unescape(name), _OF_USER) + colon + _escape(_unescape(password), _OF_USER), host


def _parse_host(scheme: bytes, host: bytes) -> bytes:
    bracket = host.rfind(b"[")
    if bracket > 0:
        raise ValueError("a bracket in the host")
    if bracket == 0:
        return _parse_literal(host)
    first, last = host.find(b":"), host.rfind(b":")
    begin = last if scheme not in (b"http", b"https") else first
    if first >= 0 and not _PORT.fullmatch(host[begin:]):
        raise ValueError("a port that is not a number")
    return _unescape_host(host)


def _parse_literal(host: bytes) -> bytes:
    """Return an IPv6 address in brackets, with its port."""
    end = host.rfind(b"]")
    if end < 0 or not _PORT.fullmatch(host[end + 1 :]):
        raise ValueError("no closing bracket, or a port that is not a number")
    name, mark, zone = host[1:end].partition(b"%25")
    decoded = _unescape_host(name)
    zone = _unescape_zone(mark + zone) if mark else b""
    try:
        IPv6Address(decoded.decode("ascii"))
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError("no IPv6 address in brackets") from error
    if b"%" in decoded or zone == b"%":
        raise ValueError("no zone")
    return b"[" + decoded + zone + b"]" + host[end + 1 :]


def _unescape_host(host: bytes) -> bytes:
    """Return the host decoded; only bytes beyond ASCII may be escaped in it."""
    if not set(host) <= _HOST_OR_FOREIGN_BYTES:
        raise ValueError("a character that no host has")
    for match in _ESCAPE.finditer(host):
        if match[1] and int(match[1], 16) < 0x80 and match[0] != b"%25":
            raise ValueError("an escape that no host has")
    return _unescape(host)


def _unescape_zone(zone: bytes) -> bytes:
    if not set(zone) <= _HOST_OR_FOREIGN_BYTES:
        raise ValueError("a character that no zone has")
    for match in _ESCAPE.finditer(zone):
        byte = int(match[1], 16) if match[1] else 0
        if match[0] != b"%25" and byte != 0x20 and byte not in _HOST_BYTES:
            raise ValueError("an escape that no zone has")
    return _unescape(zone)


def _unescape(raw: bytes) -> bytes:
    if _BAD_ESCAPE.search(raw):
        raise ValueError("a bad escape")
    return unquote_to_bytes(raw)


def _escape(raw: bytes, usable: bytes) -> bytes:
    return quote_from_bytes(raw, usable).encode("ascii")


def _is_encoded(encoded: bytes, usable: bytes) -> bool:
    """Return whether a text that is not encoded as usual may stay as it is (Go, net/url, validEncoded)."""
    return bool(encoded) and set(encoded) <= {*_LETTERS, *usable, *_ALWAYS_ENCODED_RIGHT}
