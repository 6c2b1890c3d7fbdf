"""Which provisioners the options leave to choose from, and what is said where none is left."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given as assume_given
from hypothesis import settings
from hypothesis import strategies as st

from adapters.ca.provisioner_json import read_provisioners
from domain.errors import UsageError
from domain.mint.judge_options import read_token_options
from domain.mint.selection import select_provisioners
from domain.provisioners.base import Provisioner
from domain.provisioners.jwk import JwkProvisioner
from domain.provisioners.k8ssa import K8ssaProvisioner
from domain.provisioners.nebula import NebulaProvisioner
from domain.provisioners.other import OtherProvisioner
from domain.provisioners.renewal import ISSUER, Renewal
from domain.provisioners.sshpop import SshpopProvisioner
from domain.provisioners.x5c import X5cProvisioner
from domain.settings.setting import AMBIENT, Origin, Setting, Value
from domain.token.options import TokenOptions
from tests.support.offline_place import prepare_place
from tests.support.running import invoke
from tests.support.token_requests import memory_ports

ALICE, BOB, TWIN = (
    JwkProvisioner(name, kid=kid, encrypted_key="jwe")
    for name, kid in (("alice", "kid-1"), ("bob", "kid-2"), ("alice", "kid-3"))
)
KEYLESS, BARE = JwkProvisioner("keyless", kid="kid-4"), JwkProvisioner("bare", kid="kid-5")
SERVICE = K8ssaProvisioner("service")
ACME = OtherProvisioner("acme", "ACME")


@attrs.frozen
class KeyedProvisioner(Provisioner):
    """A provisioner of another type that tokens can be made for."""

    type_name = "Keyed"


OTHER = KeyedProvisioner("other")


def read_options(origin: Origin = Origin.FLAG, **given: Value) -> TokenOptions:
    """Return options as a user gives them, with underscores for dashes; those that are habits come from `origin`."""
    names = {name.replace("_", "-"): value for name, value in given.items()}
    settings = {
        name: Setting(value, origin if name in AMBIENT else Origin.FLAG, f"--{name}") for name, value in names.items()
    }
    return read_token_options("17", settings, 10**18)


def select(provisioners: Sequence[Provisioner], **given: Value) -> list[Provisioner]:
    return select_provisioners(provisioners, read_options(**given))


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, [ALICE, BOB, TWIN]), ({"kid": "kid-2"}, [BOB]), ({"provisioner": "alice"}, [ALICE, TWIN]),
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
        ({"kid": "kid-1", "provisioner": "bob"}, "--kid 'kid-1' and --provisioner 'bob'"),
        ({"key": "file", "provisioner": "other"}, "--key and --provisioner 'other'"), ({"kid": "kid"}, "--kid 'kid'"),
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


@pytest.mark.parametrize(
    ("listed", "given", "left"),
    [
        ([KEYLESS, ALICE, BARE], {}, [ALICE]), ([KEYLESS, SERVICE], {}, [SERVICE]),
        ([KEYLESS, ALICE, BARE], {"key": "file"}, [KEYLESS, ALICE, BARE]), ([KEYLESS, ACME], {}, [KEYLESS]),
        ([KEYLESS, ALICE, BARE], {"provisioner": "bare"}, [BARE]), ([KEYLESS, ALICE], {"kid": "kid-4"}, [KEYLESS]),
    ],
)  # fmt: skip
def test_a_key_that_the_ca_does_not_keep_is_offered_to_whoever_gives_one(
    listed: list[Provisioner], given: dict[str, str], left: list[Provisioner]
) -> None:
    """Without `--key` such a provisioner gets in the way of no other; alone, or named, it says itself what it lacks."""
    assert select(listed, **given) == left
    assert select(listed[::-1], **given) == left[::-1]


def test_where_the_ca_keeps_no_key_the_provisioners_are_named() -> None:
    """None of them can sign, so that there is nothing to choose: the error says what would help."""
    with pytest.raises(UsageError) as caught:
        select([KEYLESS, ACME, BARE])
    assert caught.value.what == "the CA keeps no key of keyless (JWK) [kid: kid-4], bare (JWK) [kid: kid-5]"
    assert caught.value.fix == "give the private key of one of them with --key"
    with pytest.raises(UsageError, match=r"^ca\.json keeps no key of keyless"):
        select_provisioners([KEYLESS, BARE], read_options(), ("ca.json", ""))


def test_an_option_of_one_type_leaves_no_other_type() -> None:
    """`--key` with the name of a provisioner that takes no key does not fall back on a neighbour."""
    with pytest.raises(UsageError, match="no provisioner matches --key and --provisioner 'other'"):
        select([OTHER, BOB], key="file", provisioner="other")


X5C, SSHPOP, KUBERNETES = X5cProvisioner("x5c", roots=b"\0\0\0"), SshpopProvisioner("pop"), K8ssaProvisioner("cluster")
NEBULA = NebulaProvisioner("mesh")
MIXED = [ACME, X5C, SSHPOP, ALICE, KUBERNETES, NEBULA]
BY_X5C = {"x5c_cert": "a", "x5c_key": "b"}
BY_NEBULA = {"nebula_cert": "a", "nebula_key": "b"}
BY_SSHPOP: dict[str, Value] = {"sshpop_cert": "a", "sshpop_key": "b", "ssh": True, "renew": True}


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, [ALICE]), ({"ssh": True}, [ALICE]), ({"revoke": True}, [ALICE]), (BY_X5C, [X5C]), (BY_SSHPOP, [SSHPOP]),
        ({"k8ssa_token_path": "a"}, [KUBERNETES]), ({"key": "a"}, [ALICE]), ({"kid": "kid-1"}, [ALICE]),
        ({"provisioner": "x5c"}, [X5C]), ({"provisioner": "pop"}, [SSHPOP]), ({"provisioner": "cluster"}, [KUBERNETES]),
        ({"ssh": True, "renew": True}, [SSHPOP]), ({"ssh": True, "rekey": True}, [SSHPOP]),
        (BY_NEBULA, [NEBULA]), ({"provisioner": "mesh"}, [NEBULA]),
        ({**BY_NEBULA, "ssh": True, "host": True}, [NEBULA]),
        ({"rekey": True}, [ALICE]), ({"ssh": True, "revoke": True}, [ALICE]),
    ],
)  # fmt: skip
def test_each_type_is_chosen_by_what_belongs_to_it(given: dict[str, Value], left: list[Provisioner]) -> None:
    """Options of its own, its name, or a request that the CA takes from it alone; else the one that needs nothing."""
    assert select(MIXED, **given) == left
    assert select(MIXED[::-1], **given) == left


def test_types_that_need_options_are_left_where_nothing_else_is() -> None:
    """Of those that the CA lets sign; what each needs is said once it is chosen."""
    assert select([ACME, X5C, SSHPOP, KUBERNETES]) == [X5C, KUBERNETES]
    assert select([ACME, X5C]) == [X5C]
    assert select([X5C, NEBULA], ssh=True) == [X5C]
    assert select([X5C, NEBULA], ssh=True, host=True) == [X5C, NEBULA]


@pytest.mark.parametrize(
    ("given", "one", "other"),
    [
        ({**BY_X5C, "key": "a"}, "--key", "--x5c-cert"), ({**BY_SSHPOP, "key": "a"}, "--key", "--sshpop-cert"),
        ({**BY_SSHPOP, **BY_X5C}, "--x5c-cert", "--sshpop-cert"),
        ({**BY_X5C, "k8ssa_token_path": "a"}, "--x5c-cert", "--k8ssa-token-path"),
        ({"key": "a", "k8ssa_token_path": "a"}, "--key", "--k8ssa-token-path"),
        ({**BY_X5C, "kid": "a"}, "--x5c-cert", "--kid"), ({**BY_SSHPOP, "kid": "a"}, "--sshpop-cert", "--kid"),
        ({"k8ssa_token_path": "a", "kid": "a"}, "--k8ssa-token-path", "--kid"),
        ({**BY_X5C, "renew": True, "provisioner": "x5c"}, "--renew", "--provisioner"),
        ({**BY_NEBULA, "key": "a"}, "--key", "--nebula-cert"), ({**BY_NEBULA, "kid": "a"}, "--nebula-cert", "--kid"),
        ({**BY_NEBULA, **BY_X5C}, "--x5c-cert", "--nebula-cert"),
    ],
)  # fmt: skip
def test_options_of_two_types_are_refused(given: dict[str, Value], one: str, other: str) -> None:
    """Both are named, before there is a list to choose from; so is a kid beside a type that has none."""
    with pytest.raises(UsageError, match=f"^{one} and {other} cannot be used together"):
        read_options(**given)


@pytest.mark.parametrize("origin", [Origin.CONFIGURATION, Origin.ENVIRONMENT])
def test_a_kid_of_habit_rules_out_no_type_without_kids(origin: Origin) -> None:
    """What defaults.json says for JWK does not stand in the way of a type that the user asks for."""
    for wishes, left in ((BY_X5C, X5C), (BY_SSHPOP, SSHPOP), ({"k8ssa_token_path": "a"}, KUBERNETES), ({}, ALICE)):
        assert select_provisioners(MIXED, read_options(origin, kid="kid-1", **wishes)) == [left]
    with pytest.raises(UsageError, match="no provisioner matches --kid 'kid-2'"):
        select_provisioners(MIXED, read_options(origin, kid="kid-2"))


@pytest.mark.parametrize("origin", [Origin.CONFIGURATION, Origin.ENVIRONMENT])
def test_a_renewal_is_by_nobody_on_the_list(origin: Origin) -> None:
    """Its own certificate vouches for it, whatever provisioner and kid other requests use."""
    options = read_options(origin, kid="kid-1", provisioner="alice", renew=True, **BY_X5C)
    assert select_provisioners([Renewal(ISSUER)], options) == [Renewal(ISSUER)]


REFUSING = ("ACME", "SCEP", "Wire", "OIDC", "Quantum")


@pytest.mark.parametrize("type_name", REFUSING)
def test_a_type_without_tokens_is_refused_by_name(type_name: str) -> None:
    """The error names the provisioner, its type, why not, and what to do instead."""
    (provisioner,) = read_provisioners([{"type": type_name, "name": "that one"}])
    assert select([provisioner, ALICE], provisioner="that one") == [provisioner]
    with pytest.raises(UsageError) as caught:
        provisioner.credential(read_options(), memory_ports())
    start = f"provisioner that one ({type_name}) cannot be used: "
    assert caught.value.what.startswith(start)
    assert len(caught.value.what) > len(start)
    assert caught.value.fix


LISTED: list[Any] = [
    {"type": "X5C", "name": "x5c", "roots": "AAAA"}, {"type": "sshpop", "name": "pop"},
    {"type": "K8SSA", "name": "cluster", "publicKeys": None},
    *({"type": name, "name": name} for name in (*REFUSING, "GCP", "AWS", "Azure")),
]  # fmt: skip
_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda deeper: (
        st.lists(deeper, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "name", "key", "claims"]), deeper, max_size=4)
    ),
    max_leaves=6,
)


@settings(max_examples=60)
@assume_given(listed=st.permutations(LISTED), junk=st.lists(_JUNK, max_size=3), place=st.integers(0, len(LISTED)))
def test_no_neighbour_breaks_a_choice(listed: list[Any], junk: list[Any], place: int) -> None:
    """In any order, among types that make no tokens and entries that make no sense, what is asked for is found."""
    provisioners = read_provisioners(listed[:place] + junk + listed[place:])
    assert len(provisioners) == len(listed) + len(junk)
    for wishes, chosen in ((BY_X5C, X5C), (BY_SSHPOP, SSHPOP), ({"k8ssa_token_path": "a"}, KUBERNETES)):
        assert chosen in select(provisioners, **wishes)
        assert {type(one) for one in select(provisioners, **wishes)} == {type(chosen)}
    for name in ("x5c", "pop", "cluster"):
        assert {one.type_name for one in select(provisioners, provisioner=name)} <= {"X5C", "SSHPOP", "K8sSA"}


def test_an_entry_that_cannot_be_read_is_told_where_its_provisioner_is_missed() -> None:
    """By its name there is none: it may be the one that has lost its name."""
    listed = read_provisioners([{"type": "JWK", "name": 5}, {"type": "ACME", "name": "acme"}])
    with pytest.raises(UsageError) as caught:
        select(listed, provisioner="5")
    assert caught.value.fix == ("the CA has ? (JWK) [its configuration makes no sense: name is not text], acme (ACME)")


def test_several_left_are_listed_with_type_and_kid(tmp_path: Path) -> None:
    """Without a terminal to ask on, the error has all that are left, and the options that choose."""
    place = prepare_place(tmp_path)
    (tmp_path / "step" / "config").mkdir()
    key = '{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"'
    jwks = [
        f'{{"type":"JWK","name":"{name}","encryptedKey":"jwe","key":{key}{kid}"}}}}'
        for name, kid in (("a", "kid-1"), ("b", "kid-2"))
    ]
    text = f'{{"root":"{tmp_path / "root.crt"}","dnsNames":["ca.test"],"authority":{{"provisioners":['
    others = ['{"type":"ACME","name":"acme"}', '{"type":"X5C","name":"x5c"}']
    (tmp_path / "step" / "config" / "ca.json").write_text(text + ",".join(jwks + others) + "]}}")
    result = invoke("token", "a", "--offline", environment={"STEPPATH": str(place.path / "step")})
    assert (result.status, result.out) == (2, "")
    assert "a (JWK) [kid: kid-1]" in result.err
    assert "b (JWK) [kid: kid-2]" in result.err
    assert "acme" not in result.err
    assert "several provisioners can make this token, and there is no terminal to ask on: choose one with" in result.err
    assert "--provisioner or --kid: a (JWK)" in result.err
