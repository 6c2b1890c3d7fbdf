"""The real `step ca token` and step-ott make the same token of the same words.

Equal down to the bytes of header and claims, but for the time, the random `jti`, and the deviations that
DEVIATIONS lists with their reasons. Where the two decide differently is in test_deviations.py.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs
import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.both_tools import (
    Pair,
    Place,
    make_places,
    members_in_order,
    text_of,
    without_changing_values,
    write_time,
)
from tests.support.key_files import FILES, KeyFolder
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import ProvisionedCa
from tests.support.ssh_hosts import HOST_KEYS, get_certificate

SUBJECT = "internal.example.com"
CNF = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"


@attrs.frozen
class Deviation:
    """A difference in the text of a token that means the same.

    Attributes:
        reason: Why step-ott differs.
        pattern: What step writes.
        replacement: What step-ott writes in its place.
        where: The place of the example.
        words: An example.
    """

    reason: str
    pattern: str
    replacement: str | Callable[[re.Match[str]], str]
    where: str
    words: tuple[str, ...]


DEVIATIONS: Mapping[str, Deviation] = {
    "empty user claim": Deviation(
        "step writes an empty user claim into every token to sign that it makes online; it says nothing",
        r',"user":\{\}\}$', "}", "online", (SUBJECT,),
    ),
    "audience without version": Deviation(
        "beside ca.json, step leaves 1.0 out of the path; the CA takes both, and online both tools write it",
        r'^\{"aud":"(https://[^/"]+)/(?!1\.0/)', r'{"aud":"\1/1.0/', "offline", (SUBJECT,),
    ),
    "escapes": Deviation(
        "step spells these characters as if the token stood in a web page; as JSON it is the same",
        r"(?<!\\)((?:\\\\)*)\\u(003c|003e|0026|2028|2029)",
        lambda match: match[1] + chr(int(match[2], 16)), "declared", ("<a&b>\u2028\u2029",),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def places(step_program: str, running_ca: RunningCa, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Place]:
    """The places where both tools run."""
    return make_places(step_program, running_ca, tmp_path_factory.mktemp("places"))


@pytest.fixture(params=["online", "offline", "declared"])
def place(places: dict[str, Place], request: pytest.FixtureRequest) -> Place:
    """Each of the places."""
    return places[request.param]


@pytest.fixture(scope="module")
def online(places: dict[str, Place]) -> Place:
    """The place where both ask the running CA."""
    return places["online"]


@pytest.fixture(scope="module")
def declared(places: dict[str, Place]) -> Place:
    """The place where both go by flags alone."""
    return places["declared"]


def as_ours(text: str) -> str:
    """Return what step wrote as step-ott would write it."""
    for deviation in DEVIATIONS.values():
        text = re.sub(deviation.pattern, deviation.replacement, text)
    return text


def compare(pair: Pair) -> None:
    """Check that both made the same token, at the time of their own run."""
    assert as_ours(text_of(pair.go, 0)) == text_of(pair.ours, 0)
    claims = [text_of(result, 1) for result in (pair.go, pair.ours)]
    assert as_ours(without_changing_values(claims[0])) == without_changing_values(claims[1])
    for name in ("exp", "iat", "nbf"):
        assert 0 <= pair.ours.claims[name] - pair.go.claims[name] <= pair.seconds
    signatures = [result.token.rpartition(".")[2] for result in (pair.go, pair.ours)]
    assert len(signatures[0]) == len(signatures[1])


@pytest.mark.parametrize("name", DEVIATIONS)
def test_deviation_is_still_there(places: dict[str, Place], name: str) -> None:
    """Every listed deviation is one: step writes it, and step-ott does not."""
    deviation = DEVIATIONS[name]
    pair = places[deviation.where].ask(*deviation.words)
    assert re.search(deviation.pattern, text_of(pair.go, 1))
    assert not re.search(deviation.pattern, text_of(pair.ours, 1))


KINDS = {
    "sign": (SUBJECT,),
    "revoke": ("146103349666685108195655980390445292315", "--revoke"),
    "SSH user": ("max@example.com", "--ssh"),
    "SSH host": (SUBJECT, "--ssh", "--host"),
    "SSH revoke": ("17", "--ssh", "--revoke"),
    "SSH renew": (SUBJECT, "--ssh", "--renew"),
    "SSH rekey": (SUBJECT, "--ssh", "--rekey"),
}
VALIDITIES = {
    "default": (),
    "end": ("--not-after", "10m30.5s"),
    "begin": ("--not-before", "5m"),
    "both": ("--not-before", "1m", "--not-after", "1h0m0.999s"),
    "begun": ("--not-before=-10m", "--not-after=20m"),
    "longest delay": ("--not-before", "30m", "--not-after", "1.25h"),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kinds_of_request(place: Place, kind: tuple[str, ...]) -> None:
    """Every kind of request, in every place."""
    compare(place.ask(*kind, "--not-after", "8m"))


@pytest.mark.parametrize("validity", VALIDITIES.values(), ids=VALIDITIES)
@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_validity_in_durations(declared: Place, kind: tuple[str, ...], validity: tuple[str, ...]) -> None:
    """Every kind of request, with every kind of validity."""
    compare(declared.ask(*kind, *validity))


@pytest.mark.parametrize("zone", [0, 120, 330, -570])
@pytest.mark.parametrize("fraction", ["", ".5", ".250", ".999999999", ".1234567899"])
def test_validity_in_times(declared: Place, zone: int, fraction: str) -> None:
    """RFC 3339 times with offsets and fractions become the same whole seconds."""
    begin = int(time.time()) + 300
    times = [write_time(moment, zone, fraction) for moment in (begin, begin + 900)]
    pair = declared.ask(SUBJECT, "--not-before", times[0], "--not-after", times[1])
    compare(pair)
    assert (pair.go.claims["nbf"], pair.go.claims["exp"]) == (pair.ours.claims["nbf"], pair.ours.claims["exp"])


NAMES = {
    "dns": ("a.example.com", "*.example.com"),
    "ip": ("192.0.2.7", "::1", "2001:DB8::1", "::ffff:192.0.2.7"),
    "email": ("max@example.com",),
    "uri": ("spiffe://example.com/a?b=c", "urn:uuid:ddfe62ba-7e99-4bc1-83b3-8f57fe3e9959"),
    "not ASCII": ("bücher.example", "例え.テスト", "e\u0301", "\U0001f511"),
    "twice": ("a.example.com", "a.example.com"),
    "punctuation": ("a,b", " a ", 'a"b\\c', "\\u003c", "-a", "a=b"),
    "markup": ("<a&b>", "\u2028\u2029", "\\<"),
    "control": ("\x01\t\n\r\x1b\x7f\x80\u202e",),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_names(place: Place, names: tuple[str, ...]) -> None:
    """SANs of every type are taken as they are written, and so is a subject."""
    compare(place.ask(f"--san={names[0]}", *(f"--san={name}" for name in names[1:]), SUBJECT))
    compare(place.ask("--", names[0]))
    compare(place.ask("--ssh", *(f"--principal={name}" for name in names), "--", names[0]))


CERTIFICATE_MOMENTS = [
    "1h", "90m", "1.5h", "-1.5h", "+2h45m", "300ms", "1us", "1µs", "1μs", "1.5µs", "1ns", "0.9ns", "0s", "0", "-0",
    ".5s", "5.s", "1h1ns", "1m0.000001s", "2540400h10m10s", "2026-11-23T10:00:00Z", "2026-11-23T10:00:00.250Z",
    "2026-11-23T10:00:00+05:30", "2026-11-23T00:00:00-09:30", "2026-11-23T10:00:00.1234567891Z",
    "2024-02-29T23:59:59.000Z", "1970-01-01T00:00:00.5Z",
]  # fmt: skip


@pytest.mark.parametrize("moment", CERTIFICATE_MOMENTS)
def test_certificate_begin(declared: Place, moment: str) -> None:
    """`validAfter` has durations in Go's canonical form and times in UTC."""
    compare(declared.ask("max", "--ssh", f"--cert-not-before={moment}"))


@pytest.mark.parametrize("kind", [(), ("--host",)], ids=["user", "host"])
@pytest.mark.parametrize("end", ["16h", "0.5h", "2199-01-02T03:04:05.670+01:00"])
def test_certificate_end(place: Place, kind: tuple[str, ...], end: str) -> None:
    """`validBefore` likewise, in every place."""
    words = ("--cert-not-before", "-1m", "--cert-not-after", end, "-n", "b", "-n", "a")
    compare(place.ask("max", "--ssh", *kind, *words))


USER_DATA = {
    "text": ("a=b", "c=", "d=e=f", "g= h "),
    "JSON": ("a=1", "b=true", "c=null", 'd="x"', "e=[1, [2]]", 'f={"y": 1, "b": {"z": []}}', "g= 7 "),
    "numbers": ("a=0.5", "b=-3", "c=0", "d=-0.25", "e=123456.789", "f=999999"),
    "almost JSON": ("a=NaN", "b=Infinity", "c=01", "d=.5", "e=1.", "f='x'", "g={x}", "h=True", "i=1 2", "j=-"),
    "over each other": ("a=1", 'a={"b": 1}', "a=2"),
    "names": ("ä=1", "B=2", "a b=3", "a.b=4", "\U0001f511=5", "\uffee=6", "<=7"),
    "nested order": ('a={"é": 1, "z": 2, "\U0001f511": 3, "\uffee": 4, "": 5}',),
    "escapes": ('a="\\u003c\\u2028\\ud83d\\udd11\\u0001\\/\\n"',),
}


@pytest.mark.parametrize("kind", [(), ("--ssh",), ("--ssh", "--host")], ids=["sign", "SSH user", "SSH host"])
@pytest.mark.parametrize("assignments", USER_DATA.values(), ids=USER_DATA)
def test_user_data(online: Place, assignments: tuple[str, ...], kind: tuple[str, ...]) -> None:
    """`--set` takes JSON where it parses and text where it does not."""
    compare(online.ask(SUBJECT, *kind, *(word for text in assignments for word in ("--set", text))))


def test_user_data_over_a_file(online: Place, tmp_path: Path) -> None:
    """Members of `--set` replace those of `--set-file`, whole."""
    document = tmp_path / "user.json"
    document.write_text('{"a": {"x": 1}, "b": [1.5, "é"], "c": null}\n')
    compare(online.ask(SUBJECT, "--set-file", str(document), "--set", 'a={"y": 2}', "--set", "d=<&>"))


def test_confirmation(online: Place) -> None:
    """`--cnf` is written as it is given."""
    compare(online.ask(SUBJECT, "--cnf", CNF, "--set", "a=b", "--san", "a.example.com"))


@pytest.fixture(scope="module")
def keys(step_program: str, tmp_path_factory: pytest.TempPathFactory) -> KeyFolder:
    """Keys of every kind."""
    return KeyFolder(step_program, tmp_path_factory.mktemp("keys"))


@pytest.mark.parametrize(("kind", "form", "sealed"), FILES)
def test_key_files(declared: Place, keys: KeyFolder, kind: str, form: str, sealed: bool) -> None:
    """Every kind of key in every container gives the same algorithm and the same thumbprint for a kid."""
    password = ("--password-file", keys.password_file()) if sealed else ()
    compare(declared.without("--key").ask(SUBJECT, "--key", keys.private(kind, form, sealed), *password))


@pytest.mark.parametrize(
    "url", ["ca.example.com", "[::1]:9000", "[2001:DB8::1]", "https://CA.example.com:443/", "192.0.2.1"]
)
def test_ca_urls(declared: Place, url: str) -> None:
    """The audience has the CA's address as it is given."""
    compare(declared.without("--ca-url").ask(SUBJECT, "--ca-url", url))


@pytest.mark.parametrize(
    "words",
    [
        ("-san", "a", SUBJECT),
        ("--san=a", SUBJECT, "-san=b"),
        (SUBJECT, "--ssh=false"),
        ("--ssh=true", "-host=t", SUBJECT),
        ("--kid", "<é>", SUBJECT),
        ("--ssh", "-n", "-a", SUBJECT),
        (SUBJECT, "--not-before", "-1m"),
    ],
    ids=["one dash", "equals signs", "false", "true", "kid", "value with a dash", "negative"],
)
def test_spellings(declared: Place, words: tuple[str, ...]) -> None:
    """Flags may be written as step takes them."""
    compare(declared.ask(*words))


@pytest.mark.parametrize("name", ["online", "offline"])
def test_sealed_key_of_the_provisioner(places: dict[str, Place], name: str) -> None:
    """Without `--key`, both open the key that the CA keeps by the password in a file."""
    place = places[name].without("--key")
    compare(place.ask("--provisioner-password-file", str(place.step_path / "secrets" / "password"), SUBJECT))


@pytest.fixture(scope="module")
def provisioned(step_program: str, provisioned_ca: ProvisionedCa) -> Place:
    """The place where both ask a CA with a provisioner of each type."""
    return Place(step_program, provisioned_ca.ca.path)


@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8], ids=["OpenSSH", "PEM"])
@pytest.mark.parametrize("kind", HOST_KEYS)
def test_ssh_certificate(
    provisioned: Place, provisioned_ca: ProvisionedCa, tmp_path: Path, kind: str, form: PrivateFormat
) -> None:
    """A host certificate of every kind of key asks for what it can."""
    host = get_certificate(provisioned_ca, tmp_path, kind, form)
    for subject, flag in ((SUBJECT, "--renew"), (SUBJECT, "--rekey"), (str(host.serial), "--revoke")):
        compare(provisioned.ask(subject, "--ssh", flag, *host.flags, "--not-after", "8m"))


def test_encrypted_key_of_an_ssh_certificate(provisioned: Place, provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """Both open it by the password file."""
    host = get_certificate(provisioned_ca, tmp_path, sealed=True)
    compare(
        provisioned.ask(SUBJECT, "--ssh", "--renew", *host.flags, "--provisioner-password-file", host.password_flags[1])
    )


def test_kubernetes_token(provisioned: Place, provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """Both print the token that the file holds."""
    path = tmp_path / "token"
    path.write_text(provisioned_ca.kubernetes_token())
    pair = provisioned.ask(SUBJECT, "--k8ssa-token-path", str(path))
    assert pair.go.token == pair.ours.token == path.read_text()


def test_output_file(declared: Place, tmp_path: Path) -> None:
    """The file is private and holds the token alone, without a newline; stdout stays empty."""
    for name, ask in (("go", declared.ask_step), ("ours", declared.ask_us)):
        path = tmp_path / name
        result = ask(SUBJECT, "--output-file", str(path), "--force")
        assert (result.status, result.out) == (0, "")
        assert re.fullmatch(rb"[\w-]+\.[\w-]+\.[\w-]+", path.read_bytes())
        assert path.stat().st_mode & 0o777 == 0o600


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(_TEXT, deeper, max_size=3),
    max_leaves=8,
)


@given(subject=_TEXT, names=st.lists(_TEXT, max_size=3))
@settings(max_examples=30)
def test_any_text(declared: Place, subject: str, names: list[str]) -> None:
    """Any Unicode text in subject and SANs means the same in both tokens, in the same order."""
    pair = declared.ask(*(f"--san={name}" for name in names), "--", subject)
    texts = [without_changing_values(text_of(result, 1)).replace(":_", ":0") for result in (pair.go, pair.ours)]
    assert members_in_order(texts[0]) == members_in_order(texts[1])


@given(data=st.dictionaries(_TEXT.filter(lambda name: "=" not in name), _JSON, min_size=1, max_size=3))
@settings(max_examples=30)
def test_any_user_data(online: Place, data: dict[str, object]) -> None:
    """Any JSON in the user claim means the same in both tokens, in the same order."""
    words = [word for name, value in data.items() for word in ("--set", f"{name}={json.dumps(value)}")]
    pair = online.ask(SUBJECT, *words)
    texts = [without_changing_values(text_of(result, 1)).replace(":_", ":0") for result in (pair.go, pair.ours)]
    assert members_in_order(texts[0]) == members_in_order(texts[1])
