"""Fuzz targets: the formats that everything else is made of."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from random import Random

from adapters.keys.pkcs11_public import describe_ec
from domain.batch.token_file_name import name_token_file
from domain.ca.proxy import choose_proxy
from domain.ca.url import CaUrl, parse_ca_url
from domain.formats import base64url, json_text
from domain.formats.der import DerValues
from domain.formats.duration import format_duration, parse_duration
from domain.formats.moment import parse_moment
from domain.formats.protobuf import split_fields
from domain.formats.rfc3339 import parse_time
from domain.formats.terminal_text import escape_json, show_line
from domain.keys.pkcs11_uri import parse_pkcs11_uri
from domain.sign_in.client import parse_provider_url
from domain.token.user_data import parse_assignment, parse_document
from tests.fuzz.mutation import either, near_bytes, near_json, near_text, odd_text, sample, write_der
from tests.fuzz.target import FoundError, Target, parser
from tests.support.forged_nebula import field

DOCUMENT = {"a": [1, 2.5, None, True], "b": {"c": "text", "d": {}}, "name": "value", "n": 12345678901234567890}
DURATIONS = sample("5m", "-1.5h", "2h45m", "300ms", "1us", "1µs", "9223372036854775807ns", "0", "1h1m1.1s")
TIMES = sample(
    "2026-01-31T23:59:59Z", "2024-02-29T12:00:00.123456789+05:30", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59",
    "2026-06-30T23:59:60Z", "1969-12-31T23:59:59.999999999Z",
)  # fmt: skip
ADDRESSES = sample(
    "ca.example.com", "https://ca.example.com:9000/", "[fd00::5]:9000", "fd00::5", "10.0.0.1:443", "https://[::1]",
    "CA.Example.COM.", "xn--bcher-kva.test:1",
)  # fmt: skip
URIS = sample(
    "pkcs11:token=my%20token;object=key;type=private?module-path=/usr/lib/softhsm.so&pin-value=1234",
    "pkcs11:id=%01%02;slot-id=5?pin-source=/run/pin", "PKCS11:manufacturer=SoftHSM;serial=1;model=v2", "pkcs11:",
)  # fmt: skip
PROVIDERS = sample(
    "https://accounts.google.com", "https://login.microsoftonline.com/t/v2.0", "http://127.0.0.1:8080/x",
    "https://[::1]:1/.well-known/openid-configuration", "https://idp.test/a?b=c",
)  # fmt: skip
EXCEPTED = sample(
    "foo.com", ".foo.com:9000", "*.foo.com", "10.0.0.0/8,::1", "[fd00::5]:9000", "*", "localhost,bücher.test",
)  # fmt: skip
HOSTS = sample("foo.com", "ca.foo.com", "10.1.2.3", "fd00::5", "::ffff:10.1.2.3", "localhost")
EC_POINT = write_der(4, b"\4" + bytes(64))
CURVES = sample(*map(bytes.fromhex, ("06082a8648ce3d030107", "06052b81040022", "06052b81040023", "06032b6570")))


def make_base64url(random: Random) -> str:
    """Make base64url of anything."""
    return urlsafe_b64encode(random.randbytes(random.randrange(40))).decode().rstrip("=")


def make_protobuf(random: Random) -> bytes:
    """Make some fields."""
    values = [random.randbytes(random.randrange(9)), random.randrange(2**70), random.randrange(300)]
    return b"".join(field(random.randrange(1, 200), random.choice(values)) for _ in range(random.randrange(5)))


def make_der(random: Random) -> bytes:
    """Make some values."""
    return b"".join(write_der(random.randrange(256), random.randbytes(random.randrange(200))) for _ in range(3))


def make_case(random: Random) -> tuple[Mapping[str, str], CaUrl]:
    """Make an environment and the CA to reach in it."""
    proxy = near_text(sample("http://proxy.test:3128", "proxy.test"))(random)
    excepted = ",".join(near_text(EXCEPTED)(random) for _ in range(random.randrange(4)))
    return {"HTTPS_PROXY": proxy, "NO_PROXY": excepted}, CaUrl(HOSTS(random), random.choice([None, 443, 9000]))


def read_json(data: bytes) -> object:
    """Read JSON; what is read is written, and reads the same."""
    value = json_text.parse(data)
    if json_text.parse(json_text.serialize(value)) != value:
        raise FoundError("JSON that is written reads otherwise")
    json_text.describe(value)
    return value


def read_base64url(text: str) -> object:
    """Read base64url, which has one spelling."""
    data = base64url.decode(text)
    if base64url.encode(data) != text:
        raise FoundError("base64url in two spellings")
    return data


def read_der_values(data: bytes) -> object:
    """Take all values of a sequence, or of whatever tags there are."""
    values = DerValues(data)
    while values.at < len(values.data):
        values.take(values.data[values.at])
    values.end()
    return DerValues(data).take_optional(0x30, b"")


def read_protobuf(data: bytes) -> object:
    """Read all fields."""
    return list(split_fields(data))


def read_any_time(text: str) -> object:
    """Read a time, a duration and a moment, which is written in its canonical form."""
    time, moment = parse_time(text), parse_moment(text)
    if time is not None and moment.relative and "T" in text:
        raise FoundError("a time is a duration")
    moment.at(2**62)
    return moment.canonical()


def read_duration(text: str) -> object:
    """Read a duration, whose canonical form reads the same."""
    duration = parse_duration(text)
    if parse_duration(format_duration(duration)) != duration:
        raise FoundError("a duration that is written reads otherwise")
    return duration


def read_address(text: str) -> object:
    """Read a CA's address, which is written in a form that reads the same."""
    address = parse_ca_url(text)
    if parse_ca_url(str(address)) != address:
        raise FoundError("an address that is written reads otherwise")
    return address


def choose(case: tuple[Mapping[str, str], CaUrl]) -> object:
    """Choose a proxy."""
    return choose_proxy(case[1], case[0])


def _name(text: str) -> str:
    return name_token_file("x" + text.encode("utf-8", "replace").decode())


def show(text: str) -> object:
    """Show a text on a line, within JSON, and as the name of a file."""
    line, document, name = show_line(text), escape_json(json_text.serialize({"a": text})), _name(text)
    if not (line.isprintable() and document.isprintable() and len(line) <= 1_000):
        raise FoundError("a text that shows what it should not")
    if "/" in name or name.startswith((".", "-")) or len(name) > 120:
        raise FoundError(f"a file called {name!r}")
    return line


TARGETS: list[Target] = [
    parser("base64url", near_text(make_base64url), read_base64url, ValueError),
    parser("json", near_json(DOCUMENT, [DOCUMENT], "text"), read_json, ValueError),
    parser("duration", near_text(DURATIONS), read_duration, ValueError),
    parser("time", near_text(either(TIMES, DURATIONS)), read_any_time, ValueError),
    parser("der", near_bytes(make_der), read_der_values, ValueError),
    parser("protobuf", near_bytes(make_protobuf), read_protobuf, ValueError),
    parser("ca-url", near_text(ADDRESSES), read_address, ValueError),
    parser("proxy", make_case, choose),
    parser("provider-url", near_text(PROVIDERS), lambda text: parse_provider_url(text, "the address")),
    parser("pkcs11-uri", near_text(URIS), parse_pkcs11_uri, ValueError),
    parser("terminal-text", near_text(odd_text, 9), show),
    parser("set", near_text(sample("a=b", "a=1", 'a={"b":[1]}', "a=1e400")), parse_assignment),
    parser("set-file", near_json(DOCUMENT), parse_document),
    parser(
        "device-point",
        lambda random: (near_bytes(CURVES, 1)(random), near_bytes(sample(EC_POINT), 1)(random)),
        lambda case: describe_ec(*case),
        ValueError,
    ),
]
"""Parsers whose ValueErrors their callers turn into errors that name the input."""
