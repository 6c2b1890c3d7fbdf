"""The options of `batch --certificates`: pairs are taken or refused by name; how long a busy CA is waited for."""

from itertools import combinations

import pytest

from domain.batch.certificate_options import list_pauses
from domain.batch.options import BatchOptions, read_batch_options
from domain.errors import UsageError
from domain.settings.setting import Origin, Setting
from entrypoints.command_line.options import BATCH_OPTIONS, Option, ValueKind
from tests.support.token_requests import NOW

VALUES = {
    "not-before": "1m", "not-after": "4m", "cert-not-before": "1h", "cert-not-after": "2h", "set": ("a=1",),
    "cnf": "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", "ca-url": "ca.test", "timeout": "9s",
    "request-timeout": "8s", "format": "ndjson", "workers": "2", "resume-from": "3", "requests": "7", "kty": "RSA",
    "curve": "P-384", "size": "3072", "kms": "pkcs11:module-path=/m", "key": "key.pem",
}  # fmt: skip
REFUSED = {
    "ssh", "host", "principal", "revoke", "rekey", "cnf", "cnf-file", "offline", "ca-config", "output-dir", "workers",
}  # fmt: skip
"""What means nothing for certificates."""


def give(option: Option) -> Setting:
    """Return the setting of a flag."""
    usual: object = {ValueKind.SWITCH: True, ValueKind.LIST: ("x",)}.get(option.kind, "x")
    return Setting(VALUES.get(option.name, usual), Origin.FLAG, f"--{option.name}")  # type: ignore[arg-type]


def read(*options: Option) -> BatchOptions:
    """Return what the options say beside --certificates."""
    given = {option.name: give(option) for option in options}
    return read_batch_options("hosts", {"certificates": Setting("c", Origin.FLAG, "--certificates"), **given}, NOW)


@pytest.mark.parametrize(("one", "other"), list(combinations(BATCH_OPTIONS, 2)), ids=lambda option: option.name)
def test_each_pair_is_taken_or_refused_by_name(one: Option, other: Option) -> None:
    """A pair with one that means nothing is always refused; an error names what it is about."""
    names = {one.name, other.name}
    try:
        options = read(one, other)
    except UsageError as error:
        said = f"{error.what} {error.fix}"
        assert any(f"--{name}" in said for name in names - {"certificates"}), said
        return
    assert not names & REFUSED
    assert options.fleet is not None
    settings = options.fleet.defaults.settings
    for option in (one, other):
        if option.name in settings:
            assert settings[option.name].value == give(option).value


def test_each_option_has_its_effect() -> None:
    """Alone, in the place where it counts; the token knows nothing of what is the certificate's."""
    by_name = {option.name: option for option in BATCH_OPTIONS}
    fleets = {}
    for name in ("requests", "cert-not-before", "cert-not-after", "set", "set-file", "not-after", "san"):
        fleets[name] = read(by_name[name]).fleet
    assert fleets["requests"] and fleets["requests"].requests == 7
    terms = {name: fleet.defaults.terms for name, fleet in fleets.items() if fleet}
    assert terms["cert-not-before"].not_before is not None
    assert terms["cert-not-after"].not_after is not None
    assert terms["set"].template_data == {"a": 1}
    requests = {name: fleet.defaults.minting.request for name, fleet in fleets.items() if fleet}
    assert all(not request.user and request.cert_not_after is None for request in requests.values())
    assert requests["not-after"].not_after is not None and terms["not-after"].not_after is None
    assert requests["san"].sans == ("x",)
    assert fleets["set-file"] and "set-file" in fleets["set-file"].defaults.settings
    assert "set-file" not in fleets["set-file"].defaults.minting.settings
    kinds = [read(by_name["kty"], by_name["size"]), read(by_name["curve"])]
    assert [options.fleet and (options.fleet.defaults.key_kind.bits, options.fleet.defaults.key_kind.curve)
            for options in kinds] == [(3072, ""), (0, "P-384")]  # fmt: skip


def test_what_the_environment_says_for_other_commands_says_nothing() -> None:
    """The forms of other commands, and the key that another command would make."""
    elsewhere = {name: Setting(value, Origin.ENVIRONMENT, name) for name, value in (("format", "json"), ("kty", "RSA"))}
    given = {"certificates": Setting("c", Origin.FLAG, "--certificates")}
    assert read_batch_options("hosts", {**given, **elsewhere}, NOW).fleet is not None
    assert read_batch_options("hosts", elsewhere, NOW).fleet is None


@pytest.mark.parametrize(
    ("timeout", "pauses"),
    [(0.4, ()), (1, (0.5,)), (60, (0.5, 1, 2, 4, 8, 16, 16)), (1e9, None)],
)
def test_pauses_grow_within_the_time(timeout: float, pauses: tuple[float, ...] | None) -> None:
    """Their sum is less than it; there is an end even where there is much time."""
    listed = list_pauses(timeout)
    assert listed == pauses or (pauses is None and len(listed) == 100)
    assert sum(listed) < timeout
    assert list(listed) == sorted(listed)
