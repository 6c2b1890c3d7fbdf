"""What no issuer takes: each argument of each method is refused where it is given, by its name in Python."""

import inspect
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

import step_ott
from domain.formats import base64url
from step_ott.issuers.base import Issuer
from step_ott.issuers.nebula import NebulaIssuer
from tests.support.issuing import declare_for
from tests.support.running import decode_part

KEY = ec.generate_private_key(ec.SECP256R1())
FINGERPRINT = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
NOW = datetime.now(UTC)


class Color(Enum):
    """An enumeration whose members are no text."""

    RED = "red"


def _loop() -> dict[str, Any]:
    loop: dict[str, Any] = {"a": 1}
    loop["self"] = [loop, loop]
    return loop


def _nest(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return {"deep": value}


class Endless(Mapping[str, Any]):
    """A mapping that has no end."""

    def __getitem__(self, name: str) -> Any:
        return 1

    def __iter__(self) -> Iterator[str]:
        return map(str, itertools.count())

    def __len__(self) -> int:
        return 1


NO_TEXTS = {
    "None": None, "int": 5, "bytes": b"web", "list": ["web"], "enum": Color.RED, "empty": "", "surrogate": "a\ud800",
    "huge": "a" * 70_000,
}  # fmt: skip
NO_LISTS = {
    "str": "host", "bytes": b"host", "int": 5, "mapping": {"host": 1}, "empty item": ["web", ""], "int item": [5],
    "None item": ["web", None], "bytes item": [b"web"], "enum item": [Color.RED], "endless": itertools.repeat("a"),
    "surrogate": ["\udcff"], "huge item": ["a" * 70_000],
}  # fmt: skip
NO_TIMES = {
    "naive": datetime(2030, 1, 1), "int": 1_800_000_000, "str": "5m", "float": 1.5, "date": NOW.date(),
    "longest": timedelta.max, "shortest": timedelta.min, "first": datetime.min.replace(tzinfo=UTC),
    "before the first": datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    "after the last": datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
}  # fmt: skip
NO_USERS = {
    "list": [], "str": "", "zero": 0, "pairs": [("a", 1)], "NaN": {"a": float("nan")},
    "infinity": {"a": [float("inf")]},
    "int key": {1: "a"}, "None key": {None: 1}, "bytes": {"a": b"x"}, "set": {"a": {1}}, "object": {"a": object()},
    "loop": _loop(), "deep": _nest(100), "very deep": _nest(100_000), "surrogate": {"a": "\ud800"},
    "surrogate key": {"\ud800": 1}, "huge": {"a": "x" * (1 << 21)}, "many": {"a": [0] * 2_000_000},
    "beyond a double": {"a": 10**400}, "huge integer": {"a": 10**5000}, "date": {"a": NOW}, "endless": Endless(),
    "enum": {"a": Color.RED},
}  # fmt: skip
NO_BINDINGS = {
    "int": 5, "empty": "", "hex": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "bytes": b"x",
    "padded": FINGERPRINT + "=", "short": FINGERPRINT[:-2],
}  # fmt: skip
NO_SERIALS = {
    "negative": -1, "bool": True, "hex": "0x1g", "bare hex": "1g", "negative text": "-1", "empty": "", "padded": "007",
    "float": 1.0, "None": None, "bytes": b"1", "too long": 1 << 200, "too many digits": "9" * 5000,
    "endless digits": "9" * 100_000, "other digits": "\u0661", "space": " 1", "newline": "1\n",
}  # fmt: skip
NO_SOURCES = {"int": 5, "list": [b"x"], "empty": "", "NUL": "a\0b"}

SPOILT: dict[str, Mapping[str, Any]] = {
    "subject": NO_TEXTS, "key_id": NO_TEXTS, "sans": NO_LISTS, "principals": NO_LISTS, "not_before": NO_TIMES,
    "not_after": NO_TIMES, "cert_not_before": NO_TIMES, "cert_not_after": NO_TIMES, "user": NO_USERS,
    "cnf": NO_BINDINGS, "serial": NO_SERIALS, "csr": NO_SOURCES, "public_key": NO_SOURCES,
}  # fmt: skip
"""Values by argument that are none of its."""

METHODS = ("token", "ssh_host_token", "ssh_user_token", "revocation_token", "ssh_revocation_token")
CASES = [
    (method, argument, case)
    for method in METHODS
    for argument in inspect.signature(getattr(step_ott.JwkIssuer, method)).parameters
    if argument != "self"
    for case in SPOILT[argument]
]


@pytest.fixture(scope="module")
def issuer() -> step_ott.JwkIssuer:
    """An issuer of any CA."""
    return step_ott.JwkIssuer(declare_for(KEY), key=KEY)


def ask(issuer: Issuer, method: str, **arguments: Any) -> step_ott.Token:
    """Call a method with what it must have and these arguments."""
    first = next(name for name in inspect.signature(getattr(type(issuer), method)).parameters if name != "self")
    usual = {first: 5 if first == "serial" else "web.test"}
    token: step_ott.Token = getattr(issuer, method)(**(usual | arguments))
    return token


@pytest.mark.parametrize(("method", "argument", "case"), CASES, ids=[" ".join(case) for case in CASES])
def test_what_an_argument_cannot_be_is_refused_by_its_name(
    issuer: step_ott.JwkIssuer, method: str, argument: str, case: str
) -> None:
    """A UsageError, in one short line, which names the Python argument and no option of the command line."""
    with pytest.raises(step_ott.UsageError) as caught:
        ask(issuer, method, **{argument: SPOILT[argument][case]})
    assert f"{argument}=" in str(caught.value)
    assert "--" not in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 400
    assert caught.value.fix


def test_an_item_is_named_by_its_place(issuer: step_ott.JwkIssuer) -> None:
    """Of several, that which will not do."""
    with pytest.raises(step_ott.UsageError, match="item 2 of sans= is of type int: give a sequence of str"):
        issuer.token("web.test", sans=["web.test", 5])  # type: ignore[list-item]


@pytest.mark.parametrize("method", METHODS)
def test_what_every_method_takes_is_taken(issuer: step_ott.JwkIssuer, method: str) -> None:
    """So that what is refused above is so for what it is."""
    times = {"not_before": timedelta(0), "not_after": datetime.now(UTC) + timedelta(minutes=10)}
    assert ask(issuer, method, **times).claims["aud"].startswith("https://ca.test/1.0/")


@pytest.mark.parametrize("method", ["token", "ssh_host_token", "ssh_user_token"])
def test_a_request_is_bound_in_one_way(issuer: step_ott.JwkIssuer, method: str) -> None:
    """Not by the fingerprint and by what it is of."""
    source = "csr" if method == "token" else "public_key"
    with pytest.raises(step_ott.UsageError, match=f"cnf= and {source}= cannot be used together"):
        ask(issuer, method, cnf=FINGERPRINT, **{source: b"x"})
    assert ask(issuer, method, cnf=FINGERPRINT).claims["cnf"] == {"x5rt#S256": FINGERPRINT}


@pytest.mark.parametrize(
    ("times", "what"),
    [
        ({"not_after": timedelta(hours=2)}, "longer than the maximum of 1h"),
        ({"not_after": timedelta(seconds=-1)}, "expired already"),
        ({"not_before": timedelta(hours=1)}, "not_before= is 1h0m0s ahead"),
        ({"not_before": timedelta(minutes=3), "not_after": timedelta(minutes=1)}, "not_after= is before not_before="),
        ({"not_after": timedelta(seconds=3)}, "shorter than the minimum"),
    ],
)
def test_times_that_do_not_go_together_are_refused(issuer: step_ott.JwkIssuer, times: Any, what: str) -> None:
    """In every method, and in the words of Python."""
    for method in METHODS:
        with pytest.raises(step_ott.UsageError, match=what) as caught:
            ask(issuer, method, **times)
        assert "--" not in str(caught.value)


@pytest.mark.parametrize(
    ("times", "what"),
    [
        ({"cert_not_after": timedelta(0)}, "cert_not_after= is zero"),
        ({"cert_not_after": timedelta(hours=-1)}, "cert_not_after= is in the past"),
        ({"cert_not_before": datetime(1960, 1, 1, tzinfo=UTC)}, "cert_not_before= is before 1970"),
        ({"cert_not_before": timedelta(2), "cert_not_after": timedelta(1)}, "cert_not_after= is not after cert_not_be"),
    ],
)
def test_a_certificates_times_are_judged(issuer: step_ott.JwkIssuer, times: Any, what: str) -> None:
    """As the command line judges them."""
    for method in ("ssh_host_token", "ssh_user_token"):
        with pytest.raises(step_ott.UsageError, match=what):
            ask(issuer, method, **times)


def test_what_does_not_go_together_cannot_be_written() -> None:
    """No method has an argument of another kind of request, and no type a request that step-ca takes none of it for."""
    arguments = {method: set(inspect.signature(getattr(step_ott.JwkIssuer, method)).parameters) for method in METHODS}
    assert not arguments["token"] & {"principals", "public_key", "cert_not_before", "cert_not_after", "serial"}
    assert not arguments["ssh_host_token"] & {"sans", "csr", "subject", "serial"}
    assert arguments["revocation_token"] == {"self", "serial", "not_before", "not_after"}
    for method in ("token", "ssh_host_token"):
        assert not set(inspect.signature(getattr(NebulaIssuer, method)).parameters) & {"cnf", "csr", "public_key"}
    having: dict[str, set[str]] = {}
    for name in (name for name in step_ott.__all__ if name.endswith("Issuer")):
        cls = getattr(step_ott, name)
        having[name] = {method for method in dir(cls) if method.endswith("token")}
        assert all(inspect.getdoc(getattr(cls, method)) for method in having[name])
    assert having == {
        "JwkIssuer": set(METHODS),
        "X5cIssuer": set(METHODS) - {"ssh_revocation_token"},
        "NebulaIssuer": {"token", "ssh_host_token"},
        "SshpopIssuer": {"ssh_revocation_token", "ssh_renewal_token", "ssh_rekey_token"},
        "RenewalIssuer": {"renewal_token"},
        **{name: {"token"} for name in ("K8saIssuer", "AwsIssuer", "GcpIssuer", "AzureIssuer")},
    }


CONSTRUCTORS: list[tuple[Callable[[Any], Any], str]] = [
    (step_ott.JwkIssuer, "ca"),
    (lambda value: step_ott.JwkIssuer(declare_for(KEY), value, key=KEY), "name"),
    (lambda value: step_ott.JwkIssuer(declare_for(KEY), key_id=value, key=KEY), "key_id"),
    (lambda value: step_ott.X5cIssuer(declare_for(KEY), value, KEY), "certificate"),
    (lambda value: step_ott.X5cIssuer(declare_for(KEY), b"x", value), "key"),
    (lambda value: step_ott.X5cIssuer(declare_for(KEY), b"x", KEY, chain=value), "chain"),
    (lambda value: step_ott.X5cIssuer(declare_for(KEY), b"x", KEY, password=value), "password"),
    (lambda value: step_ott.RenewalIssuer(value, b"x", KEY), "ca"),
    (lambda value: step_ott.RenewalIssuer(declare_for(KEY), value, KEY), "certificate"),
    (lambda value: step_ott.SshpopIssuer(declare_for(KEY), value, KEY), "certificate"),
    (lambda value: step_ott.SshpopIssuer(declare_for(KEY), b"x", value), "key"),
    (lambda value: step_ott.NebulaIssuer(declare_for(KEY), value, b"x"), "certificate"),
    (lambda value: step_ott.NebulaIssuer(declare_for(KEY), b"x", value), "key"),
    (lambda value: step_ott.NebulaIssuer(declare_for(KEY), b"x", b"x", name=value), "name"),
    (lambda value: step_ott.K8saIssuer(declare_for(KEY), value), "token"),
    (lambda value: step_ott.AwsIssuer(declare_for(KEY), value), "name"),
    (lambda value: step_ott.GcpIssuer(declare_for(KEY), metadata=value), "metadata"),
]


@pytest.mark.parametrize(
    ("construct", "argument"), CONSTRUCTORS, ids=[f"{n} {a}" for n, (_, a) in enumerate(CONSTRUCTORS)]
)
def test_a_constructors_arguments_are_checked(construct: Callable[[Any], Any], argument: str) -> None:
    """For every one, what is of the wrong type is refused by its name."""
    for value in (5, 1.5, object(), Color.RED, [5] if argument == "chain" else {5}):
        with pytest.raises(step_ott.UsageError) as caught:
            construct(value)
        assert caught.value.what.startswith(f"{argument}= is of type ")


def test_an_address_that_is_none_of_a_metadata_service_is_refused() -> None:
    """Such as one over TLS, or with a path."""
    for text in ("https://169.254.169.254", "169.254.169.254", "http://host/path", "http://user@host", "http://a b"):
        with pytest.raises(step_ott.UsageError, match="metadata= is not an address of a metadata service"):
            step_ott.GcpIssuer(declare_for(KEY), metadata=text)


@pytest.mark.parametrize("cls", [step_ott.X5cIssuer, step_ott.SshpopIssuer])
def test_a_ca_without_such_a_provisioner_is_refused(cls: Any) -> None:
    """The error lists what there is."""
    with pytest.raises(step_ott.UsageError, match=r"no provisioner of type (X5C|SSHPOP).*someone \(JWK\)"):
        cls(declare_for(KEY), b"x", KEY)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(user=st.dictionaries(st.text(), JSON, max_size=5))
def test_user_data_arrives_as_it_was_given(user: dict[str, Any]) -> None:
    """Whatever JSON can carry is in the token unchanged, and the program's own mapping stays as it was."""
    issuer = step_ott.JwkIssuer(declare_for(KEY), key=KEY)
    before = json.dumps(user)
    token = issuer.token("web.test", user=user)
    payload = json.loads(_decode(token))
    assert payload.get("user", {}) == user and json.dumps(user) == before
    assert decode_part(token, 1).keys() >= {"aud", "exp", "iat", "iss", "jti", "nbf", "sub", "sans"}


def _decode(token: str) -> bytes:
    return base64url.decode(token.split(".")[1])


@given(
    value=st.one_of(
        st.text(), st.binary(), st.integers(), st.floats(), st.none(), st.lists(st.text(max_size=3)), st.booleans()
    )
)
def test_whatever_is_given_is_taken_or_refused(value: Any) -> None:
    """For every argument: a token, or an error of ours, and nothing else."""
    issuer = step_ott.JwkIssuer(declare_for(KEY), key=KEY)
    for method in METHODS:
        for argument in inspect.signature(getattr(step_ott.JwkIssuer, method)).parameters:
            if argument != "self":
                is_file = argument in ("csr", "public_key")
                with suppress(step_ott.StepOttError if is_file else step_ott.UsageError):
                    assert ask(issuer, method, **{argument: value})
