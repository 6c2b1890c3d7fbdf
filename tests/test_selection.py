"""Which provisioners the options leave to choose from, and what is said where none is left."""

from collections.abc import Sequence
from typing import ClassVar

import attrs
import pytest

from domain.errors import UsageError
from domain.provisioners.base import OtherProvisioner, Provisioner
from domain.provisioners.jwk import JwkProvisioner
from domain.selection import select_provisioners
from domain.setting import Origin, Setting
from domain.token_options import read_token_options

ALICE, BOB = JwkProvisioner("alice", kid="kid-1"), JwkProvisioner("bob", kid="kid-2")
TWIN = JwkProvisioner("alice", kid="kid-3")
ACME = OtherProvisioner("acme", "ACME")


@attrs.frozen
class KeyedProvisioner(Provisioner):
    """A provisioner of another type that tokens can be made for."""

    options: ClassVar = frozenset({"dns"})


OTHER = KeyedProvisioner("other", "Keyed")


def select(provisioners: Sequence[Provisioner], **given: str) -> list[Provisioner]:
    settings = {name: Setting(value, Origin.FLAG, f"--{name}") for name, value in given.items()}
    return select_provisioners(provisioners, read_token_options("foo", settings, 10**18))


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, [ALICE, BOB, TWIN, OTHER]), ({"kid": "kid-2"}, [BOB]), ({"provisioner": "alice"}, [ALICE, TWIN]),
        ({"provisioner": "alice", "kid": "kid-3"}, [TWIN]), ({"provisioner": "acme"}, [ACME]),
        ({"key": "file"}, [ALICE, BOB, TWIN]), ({"key": "file", "provisioner": "bob"}, [BOB]),
        ({"provisioner": "other"}, [OTHER]),
    ],
)  # fmt: skip
def test_options_narrow_the_choice(given: dict[str, str], left: list[Provisioner]) -> None:
    """An option of one type, the kid and the name each keep what matches; an unusable type only if it is named."""
    assert select([ALICE, ACME, BOB, TWIN, OTHER], **given) == left


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"kid": "nope"}, "--kid 'nope'"), ({"provisioner": "nope"}, "--provisioner 'nope'"),
        ({"provisioner": "Alice"}, "--provisioner 'Alice'"),
        ({"kid": "kid-1", "provisioner": "bob"}, "--provisioner 'bob'"),
        ({"key": "file", "provisioner": "other"}, "--provisioner 'other'"), ({"kid": "kid"}, "--kid 'kid'"),
    ],
)  # fmt: skip
def test_where_none_is_left_the_option_and_the_list_are_shown(given: dict[str, str], named: str) -> None:
    """The option that ruled out the last is named as written, and every provisioner by name, type and kid."""
    with pytest.raises(UsageError) as caught:
        select([ALICE, ACME, BOB, OTHER], **given)
    assert caught.value.what == f"no provisioner matches {named}"
    assert caught.value.fix == (
        "the CA has alice (JWK) [kid: kid-1], acme (ACME), bob (JWK) [kid: kid-2], other (Keyed)"
    )


@pytest.mark.parametrize(
    ("provisioners", "reason"),
    [([], "the CA has no provisioner: add one"), ([ACME], "no provisioner that a token can be made for: it has acme")],
)
def test_a_ca_without_a_usable_provisioner_is_an_error(provisioners: list[Provisioner], reason: str) -> None:
    """There is nothing to choose from."""
    with pytest.raises(UsageError, match=reason):
        select(provisioners)


def test_an_option_of_one_type_leaves_no_other_type() -> None:
    """`--key` with the name of a provisioner that takes no key does not fall back on a neighbour."""
    with pytest.raises(UsageError, match="no provisioner matches --provisioner 'other'"):
        select([OTHER, BOB], key="file", provisioner="other")
