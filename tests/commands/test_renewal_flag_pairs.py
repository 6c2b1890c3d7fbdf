"""All pairs of flags of `ca renew`, `ca rekey` and `ca revoke`, judged without a file, a clock or a network."""

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import Any

import pytest

from domain.enroll.rekeying import read_rekeying_options
from domain.enroll.renewal import read_renewal_options
from domain.enroll.revocation import read_revocation_options
from domain.errors import UsageError
from domain.settings.setting import Origin, Setting
from entrypoints.command_line.enroll_options import REKEY_OPTIONS, RENEW_OPTIONS, REVOKE_OPTIONS
from entrypoints.command_line.options import Option, ValueKind

NOW = 1_800_000_000_000_000_000

VALUES = {
    "ca-url": "ca.example.com", "context": "work", "expires-in": "1h", "renew-period": "1h", "rekey-period": "1h",
    "exec": "true", "pid": "1", "signal": "1", "kty": "EC", "curve": "P-256", "size": "2048", "reason-code": "1",
    "timeout": "1m", "request-timeout": "1s", "kms": "pkcs11:token=a", "token": "a.b.c", "kid": "k",
}  # fmt: skip
"""Values by option that pass by themselves; any other option's is a path."""


def judge_revocation(settings: Mapping[str, Setting]) -> object:
    """Judge what revokes the certificate of a serial number or, with `--cert`, that certificate."""
    options = read_revocation_options(None if "cert" in settings else "5", settings)
    return options.minting("5", NOW) if options.certificate is None else options.holding(options.certificate, NOW)


JUDGES: dict[str, tuple[tuple[Option, ...], Callable[[Mapping[str, Setting]], object]]] = {
    "renew": (tuple(RENEW_OPTIONS), lambda given: read_renewal_options("a.crt", "a.key", given, NOW)),
    "rekey": (tuple(REKEY_OPTIONS), lambda given: read_rekeying_options("a.crt", "a.key", given, NOW)),
    "revoke": (tuple(REVOKE_OPTIONS), judge_revocation),
}


def give(*options: Option) -> dict[str, Setting]:
    """Return the settings of these flags."""
    settings: dict[str, Setting] = {}
    for option in options:
        value: Any = VALUES.get(option.name, "some/path")
        value = {ValueKind.SWITCH: True, ValueKind.LIST: (value,)}.get(option.kind, value)
        settings[option.name] = Setting(value, Origin.FLAG, f"--{option.name}")
    return settings


def refusal(judge: Callable[[Mapping[str, Setting]], object], *options: Option) -> str | None:
    """Return why the flags are refused, None where they are taken."""
    try:
        judge(give(*options))
    except UsageError as error:
        return str(error)
    return None


@pytest.mark.parametrize("command", JUDGES)
def test_a_pair_is_taken_or_one_of_it_is_named(command: str) -> None:
    """And no order of the two changes that."""
    options, judge = JUDGES[command]
    for pair in combinations(options, 2):
        said = refusal(judge, *pair)
        assert said == refusal(judge, *reversed(pair)), pair
        assert said is None or any(f"--{option.name}" in said for option in pair), (said, [one.name for one in pair])


@pytest.mark.parametrize("command", JUDGES)
def test_a_pair_of_which_each_is_taken_is_refused_by_both_names(command: str) -> None:
    """Whoever is told that two exclude each other sees which."""
    options, judge = JUDGES[command]
    alone = [option for option in options if refusal(judge, option) is None]
    assert len(alone) > 10
    for pair in combinations(alone, 2):
        said = refusal(judge, *pair)
        named = said is None or all(f"--{option.name}" in said for option in pair)
        assert named or "is for RSA keys alone" in str(said) or " needs " in str(said), (
            said,
            [one.name for one in pair],
        )


EXCLUSIVE = [
    ("renew", "pid", "pid-file"), ("rekey", "pid", "pid-file"), ("rekey", "private-key", "kty"),
    ("rekey", "private-key", "daemon"), ("revoke", "token", "provisioner"), ("revoke", "token", "key"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "one", "other"), EXCLUSIVE)
def test_what_excludes_each_other_is_refused(command: str, one: str, other: str) -> None:
    """By both names."""
    options, judge = JUDGES[command]
    by_name = {option.name: option for option in options}
    said = refusal(judge, by_name[one], by_name[other])
    assert said is not None and f"--{one}" in said and f"--{other}" in said
