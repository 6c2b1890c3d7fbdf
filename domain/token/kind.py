"""The kinds of request that a token authorises, and the flags that ask for each.

Paths: step-ca, authority/provisioner/audiences; flags: `step ca token`.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import Enum
from typing import TYPE_CHECKING

from domain.settings.setting import Settings, exclude, require

if TYPE_CHECKING:
    from domain.errors import UsageError

KIND_FLAGS = ("ssh", "host", "revoke", "renew", "rekey")
"""The options that say which kind of request is meant, in the order in which errors name them."""


class Kind(Enum):
    """A kind of request.

    Attributes:
        place: Where the CA's API takes it.
        paths: The ways in which an audience may name that, `path` first, which tokens are made for.
        flags: The options that ask for it.
    """

    SIGN = ("sign", ())
    REVOKE = ("revoke", ("revoke",))
    RENEW = ("renew", ("renew",))
    REKEY = ("rekey", ("rekey",))
    SSH_USER = ("ssh/sign", ("ssh",))
    SSH_HOST = ("ssh/sign", ("ssh", "host"))
    SSH_REVOKE = ("ssh/revoke", ("ssh", "revoke"))
    SSH_RENEW = ("ssh/renew", ("ssh", "renew"))
    SSH_REKEY = ("ssh/rekey", ("ssh", "rekey"))

    def __init__(self, place: str, flags: tuple[str, ...]) -> None:
        self.place = place
        self.path = f"/1.0/{place}"
        self.paths = (self.path, f"/{place}")
        self.flags = frozenset(flags)


SSH_SIGNING = frozenset({Kind.SSH_USER, Kind.SSH_HOST})
SIGNING = SSH_SIGNING | {Kind.SIGN}
REVOKING = (Kind.REVOKE, Kind.SSH_REVOKE)
"""A tuple: asked for every line of a batch, and members of an enumeration are slow to hash."""

KINDS_OF_OPTION: dict[str, AbstractSet[Kind]] = {
    "san": frozenset({Kind.SIGN}),
    "principal": SSH_SIGNING,
    "cert-not-before": SSH_SIGNING,
    "cert-not-after": SSH_SIGNING,
    "cnf": SIGNING,
    "cnf-file": SIGNING,
    "csr": frozenset({Kind.SIGN}),
    "set": SIGNING,
    "set-file": SIGNING,
}
"""The options that only some kinds of token can carry; any other option goes with every kind."""


def find_kind(given: Settings) -> Kind:
    """Return the kind of request that the settings in `given` (no boolean that is false) ask for.

    Raises:
        UsageError: two of them exclude each other, or one needs another that is not there.
    """
    flags = frozenset(KIND_FLAGS).intersection(given)
    kind = next((kind for kind in Kind if kind.flags == flags), None)
    if kind is None:
        raise _explain_flags(flags, given)
    for option in given:
        kinds = KINDS_OF_OPTION.get(option)
        if kinds is not None and kind not in kinds:
            raise _explain_option(option, kinds, flags, given)
    return kind


def _explain_flags(flags: AbstractSet[str], given: Settings) -> UsageError:
    """Say why no kind of request has just these kind flags."""
    present = [flag for flag in KIND_FLAGS if flag in flags]
    for index, flag in enumerate(present):
        for other in present[index + 1 :]:
            if not any({flag, other} <= kind.flags for kind in Kind):
                return exclude(flag, other, given)
    wanted = next(kind for kind in Kind if flags < kind.flags)
    return require(present[-1], min(wanted.flags - flags), given)


def _explain_option(option: str, kinds: AbstractSet[Kind], flags: AbstractSet[str], given: Settings) -> UsageError:
    """Say why `option`, which only `kinds` carry, does not go with these kind flags."""
    for flag in KIND_FLAGS:
        if flag in flags and not any(flag in kind.flags for kind in kinds):
            return exclude(flag, option, given)
    missing = frozenset.intersection(*(kind.flags for kind in kinds)) - flags
    return require(option, min(missing), given)
