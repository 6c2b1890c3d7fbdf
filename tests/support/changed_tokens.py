"""Changes of sound tokens by type, case, range and encoding, drawn by a seed: the same seed gives the same changes."""

from collections.abc import Callable, Mapping
from random import Random
from typing import TypeAlias

from domain.ca_rules.endpoint import Endpoint
from tests.support.changed_members import (
    change_audience,
    change_binding,
    change_case,
    change_members,
    change_names,
    change_ssh,
    change_time,
    change_type,
)  # fmt: skip
from tests.support.changed_writing import (
    change_certificate,
    change_json,
    change_serialization,
    change_signature,
    change_spelling,
)  # fmt: skip
from tests.support.raw_tokens import RawToken

Change: TypeAlias = Callable[[Random, RawToken], tuple[str, RawToken]]
"""Draws one change: its name, and the changed token."""

CHANGES: Mapping[str, tuple[Change, int]] = {
    "type": (change_type, 6), "case": (change_case, 2), "time": (change_time, 3), "audience": (change_audience, 3),
    "names": (change_names, 3), "ssh": (change_ssh, 4), "binding": (change_binding, 1),
    "signature": (change_signature, 2), "JSON": (change_json, 3), "members": (change_members, 2),
    "spelling": (change_spelling, 2), "serialization": (change_serialization, 3), "certificate": (change_certificate,
    2),
}  # fmt: skip
"""The kinds of change, each with how often it is drawn."""

_SENSIBLE: Mapping[str, frozenset[Endpoint]] = {
    "names": frozenset({Endpoint.SIGN}), "binding": frozenset({Endpoint.SIGN}), "ssh": frozenset({Endpoint.SSH_SIGN}),
}  # fmt: skip
"""The kinds that only some endpoints mind."""


def draw_change(random: Random, token: RawToken) -> tuple[str, RawToken]:
    """Return one change, sometimes two, by name, and the changed token."""
    endpoint = token.forged.endpoint
    names = [name for name in CHANGES if endpoint in _SENSIBLE.get(name, {endpoint})]
    told: list[str] = []
    for name in random.choices(names, [CHANGES[name][1] for name in names], k=2 if random.random() < 0.1 else 1):
        try:
            what, token = CHANGES[name][0](random, token)
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            assert told, "a change cannot be made to a sound token"  # else the first left nothing for the second
            continue
        told.append(f"{name}: {what}")
    return " + ".join(told), token
