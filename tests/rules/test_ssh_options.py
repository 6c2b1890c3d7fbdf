"""What `ssh certificate` may be asked: each pair of its options goes together, or the error names both."""

import pytest

from domain.enroll.ssh_names import name_principals
from domain.enroll.ssh_options import read_ssh_certificate_options
from domain.errors import UsageError
from domain.settings.setting import Origin, Setting
from entrypoints.command_line.options import ValueKind
from entrypoints.command_line.ssh_options import SSH_CERTIFICATE_OPTIONS

OPTIONS = {option.name: option for option in SSH_CERTIFICATE_OPTIONS}
VALUES = {
    "kty": "EC", "curve": "P-384", "size": "3072", "not-before": "1h", "not-after": "2h", "set": ("a=1",),
    "ca-url": "ca.test", "timeout": "9s", "request-timeout": "9s", "kms": "pkcs11:module-path=/a",
    "key": "pkcs11:object=a", "x5c-key": "leaf.key",
}  # fmt: skip
_X5C, _NEBULA = {"x5c-cert", "x5c-key"}, {"nebula-cert", "nebula-key"}
NEEDS: dict[str, set[str]] = {
    "no-password": {"insecure"}, "insecure": {"no-password"}, "host-id": {"host"}, "size": {"kty"}, "kms": {"key"},
    "key": {"kms"}, "x5c-chain": _X5C, "x5c-insecure": _X5C, **dict.fromkeys(_X5C, _X5C),
    **dict.fromkeys(_NEBULA, _NEBULA | {"host"}),
}  # fmt: skip
"""Options that mean nothing without others."""

_ANY_X5C, _OF_KEY, _PLAIN = {*_X5C, "x5c-chain", "x5c-insecure"}, {"key", "kms"}, {"no-password", "insecure"}
_RIVALS: list[tuple[set[str], set[str]]] = [
    ({"sign"}, {"kty", "curve", "size", "add-user"}), ({"curve"}, {"size"}),
    ({"add-user"}, {"host", "host-id", *_NEBULA}), (_PLAIN, {"password-file"}),
    ({"token"}, {"provisioner", "kid", *_OF_KEY, *_ANY_X5C, *_NEBULA, "k8ssa-token-path", "console",
                 "provisioner-password-file"}),
    ({*_OF_KEY, "kid"}, {*_ANY_X5C, *_NEBULA, "k8ssa-token-path"}),
    (_ANY_X5C, {*_NEBULA, "k8ssa-token-path", "console"}), (_NEBULA, {"k8ssa-token-path", "console"}),
    ({"console"}, {*_OF_KEY, "k8ssa-token-path", "provisioner-password-file"}),
    ({"k8ssa-token-path"}, {"provisioner-password-file"}),
]  # fmt: skip
CONFLICTS = {frozenset((a, b)) for ones, others in _RIVALS for a in ones for b in others}
"""Options of which one leaves the other without meaning."""


def give(*names: str) -> dict[str, Setting]:
    """Return these options with what they need, each with a value that can be used."""
    wanted = {*names, *(other for name in names for other in NEEDS.get(name, ()))}
    values = {**VALUES, **({"kty": "RSA"} if "size" in wanted else {})}
    return {name: Setting(values.get(name, _value(name)), Origin.FLAG, f"--{name}") for name in wanted}


def _value(name: str) -> str | bool | tuple[str, ...]:
    kind = OPTIONS[name].kind
    return True if kind == ValueKind.SWITCH else (f"{name}.file",) if kind == ValueKind.LIST else f"{name}.file"


@pytest.mark.parametrize("one", OPTIONS)
def test_each_pair_is_taken_or_refused_by_name(one: str) -> None:
    """What is refused is what has no meaning; the error names one of the two, or what it needs."""
    for other in OPTIONS:
        settings = give(one, other)
        if frozenset((one, other)) in CONFLICTS:
            with pytest.raises(UsageError) as refused:
                read_ssh_certificate_options("max@ex.test", settings, 10**18)
            words = str(refused.value).replace(":", " ").replace(",", " ").split()
            assert {f"--{name}" for name in settings} & {*words}, words
            continue
        options = read_ssh_certificate_options("max@ex.test", settings, 10**18)
        assert options.terms.is_host is ("host" in settings)
        assert (options.key_kind is None) is ("sign" in settings)
        assert options.minting.request.principals == options.terms.principals


@pytest.mark.parametrize(
    ("key_id", "principals"),
    [
        ("max", ["max"]), ("Max", ["max", "Max"]), ("max@ex.test", ["max", "max@ex.test"]),
        ("max.doe@ex.test", ["maxdoe", "max.doe", "max.doe@ex.test"]), ("a@b@c", ["a_b", "a@b", "a@b@c"]),
        ("MAX@ex.test", ["max", "MAX@ex.test"]), ("@ex.test", ["", "@ex.test"]), ("Ä", ["_", "Ä"]),
        ("a.b", ["ab", "a.b"]),
    ],
)  # fmt: skip
def test_a_users_names_are_made_of_the_identifier(key_id: str, principals: list[str]) -> None:
    """As step makes them; a host has the identifier alone."""
    assert list(name_principals(key_id, is_host=False)) == principals
    assert name_principals(key_id, is_host=True) == (key_id,)


@pytest.mark.parametrize("key_id", ["", "a\nb", "a\rb", "a\0b", "a\udcff"])
def test_an_identifier_is_one_line(key_id: str) -> None:
    """It ends the lines of the files."""
    with pytest.raises(UsageError, match="the key identifier"):
        read_ssh_certificate_options(key_id, {}, 10**18)


@pytest.mark.parametrize(
    "names", [("set-file", "password-file"), ("password-file", "provisioner-password-file"), ("token", "set-file")]
)
def test_one_option_reads_standard_input(names: tuple[str, str]) -> None:
    """A second one would find it empty."""
    settings = {name: Setting("-", Origin.FLAG, f"--{name}") for name in names}
    with pytest.raises(UsageError, match="both read standard input"):
        read_ssh_certificate_options("max", settings, 10**18)


def test_a_password_without_a_use_is_refused() -> None:
    """Neither a key is made nor a token."""
    with pytest.raises(UsageError, match="--token and --password-file cannot be used together"):
        read_ssh_certificate_options("max", give("sign", "token", "password-file"), 10**18)
