"""Lines of a batch against `token`: the same claims, and refused for the same reasons."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import category

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import event, given, settings
from hypothesis import strategies as st

from adapters.jose.jws import make_signer
from domain.batch.options import read_batch_options
from domain.batch.portion import MintedLine, RefusedLine
from domain.batch.row import write_row
from domain.errors import KeyFormatError, StepOttError, UsageError
from domain.formats import json_text
from domain.formats.duration import MINUTE, NANOSECONDS
from domain.formats.rfc3339 import format_time
from domain.keys.sampled_signer import CHECKED_EVERY
from domain.mint.judge_options import read_token_options
from domain.settings.setting import Origin, Setting, Settings
from domain.token.claims import TokenRequest
from domain.token.kind import Kind
from entrypoints.use_cases.mint import Evidence, gather_evidence, mint_token
from entrypoints.use_cases.mint_lines import LineMinter
from tests.support.memory_ports import CountedRandomness, FixedClock, MemorySink
from tests.support.running import decode_part
from tests.support.token_requests import (
    BATCH_KINDS,
    NOW,
    ODD_TEXTS,
    OWN_OPTIONS,
    REVOKING,
    SIGNER,
    TEXTS,
    memory_ports,
    options_of,
    subjects,
    whole_seconds,
)

MEMBERS = {
    "san": "sans", "principal": "principals", "not-before": "not_before", "not-after": "not_after",
    "cert-not-before": "cert_not_before", "cert-not-after": "cert_not_after", "cnf": "cnf", "set": "set",
}  # fmt: skip
"""Options to the members of a line that stand for them."""


def flags_of(kind: Kind, values: Mapping[str, Any]) -> dict[str, Setting]:
    """Return the settings of a command line for the kind with these options."""
    switches = {name: Setting(True, Origin.FLAG, f"--{name}") for name in kind.flags}
    given = {**values, "set": as_assignments(values["set"])} if "set" in values else values
    return switches | {name: Setting(value, Origin.FLAG, f"--{name}") for name, value in given.items()}


def as_assignments(data: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{name}={json_text.serialize(value)}" for name, value in data.items())


def open_minter(given: Settings, clock: Any = None, signer: Any = None) -> LineMinter:
    """Return the minter of a batch with these defaults, as the command wires it but for the adapters."""
    ports = memory_ports(clock)
    defaults = read_batch_options("-", given, ports.clock.now()).defaults
    evidence = gather_evidence(defaults, ports)
    assert isinstance(evidence, Evidence)
    if signer is not None:
        evidence = attrs.evolve(evidence, signer=signer)
    return LineMinter(defaults, evidence, ports.clock, CountedRandomness())


def mint_one(minter: LineMinter, number: int, line: bytes) -> MintedLine | RefusedLine | None:
    """Return what one line gives."""
    minted, refused = minter.mint(number, [line])
    (outcome,) = [*minted, *refused] or [None]
    return outcome


def ask_token(subject: str, given: Settings) -> tuple[dict[str, Any], dict[str, Any]] | str:
    """Return header and claims that `token` mints, or why it refuses."""
    ports = memory_ports()
    try:
        mint_token(read_token_options(subject, given, NOW), ports)
    except StepOttError as error:
        return str(error)
    assert isinstance(ports.sink, MemorySink)
    (token,) = ports.sink.delivered
    return decode_part(token, 0), decode_part(token, 1)


def ask_line(line: bytes, defaults: Settings) -> tuple[dict[str, Any], dict[str, Any]] | str:
    """Return header and claims of what the line gives, or why it is refused."""
    outcome = mint_one(open_minter(defaults), 7, line)
    if isinstance(outcome, RefusedLine):
        assert outcome.number == 7
        return outcome.reason
    assert isinstance(outcome, MintedLine)
    header, claims = (decode_part(outcome.token, index) for index in (0, 1))
    assert json_text.parse(write_row(outcome)) == {
        "line": 7, "subject": claims["sub"], "token": outcome.token, "jti": claims["jti"],
        "expires_at": format_time(claims["exp"] * NANOSECONDS),
    }  # fmt: skip
    return header, claims


def spell_as_flags(reason: str) -> str:
    """Return why a line was refused with the names of its members as those of options."""
    for option, member in MEMBERS.items():
        reason = reason.replace(f'"{member}"', f"--{option}")
    return reason


@st.composite
def cases(draw: st.DrawFn) -> tuple[Kind, str, dict[str, Any], dict[str, Any]]:
    """A kind, a subject, options for all lines that `batch` takes, and some of a line's own."""
    kind = draw(st.sampled_from(BATCH_KINDS))
    fitting = options_of(kind)
    defaults = draw(st.fixed_dictionaries({}, optional={name: OWN_OPTIONS[name] for name in fitting}))
    try:
        read_batch_options("-", flags_of(kind, defaults), NOW)
    except StepOttError:
        defaults = {name: value for name, value in defaults.items() if "not" not in name}
    odd = {name: OWN_OPTIONS[name] | ODD_TEXTS.filter(bool) for name in OWN_OPTIONS if "not" in name}
    own = draw(
        st.fixed_dictionaries(
            {}, optional={**OWN_OPTIONS, **odd} if draw(st.booleans()) else {n: OWN_OPTIONS[n] for n in fitting}
        )
    )
    return kind, draw(subjects(kind) | TEXTS), defaults, own


@settings(max_examples=400)
@given(case=cases())
def test_a_line_is_minted_as_token_would_mint_it(case: tuple[Kind, str, dict[str, Any], dict[str, Any]]) -> None:
    """Same header and claims as by the flags, and where those are refused, refused with the same words."""
    kind, subject, defaults, own = case
    members = {MEMBERS[option]: list(value) if isinstance(value, tuple) else value for option, value in own.items()}
    line = json_text.serialize({"subject": subject, **members}).encode()
    own = {option: own[option] for option in MEMBERS if option in own}  # of two that do not fit, the first is named
    user = {**defaults.get("set", {}), **own.get("set", {})}
    both = {**defaults, **own, **({"set": user} if user else {})}
    wanted = ask_token(subject, flags_of(kind, both))
    minted = ask_line(line, flags_of(kind, defaults))
    event(f"{kind.name}: {'refused' if isinstance(wanted, str) else 'minted'}")
    if isinstance(wanted, str):
        assert isinstance(minted, str)
        assert spell_as_flags(minted) == wanted
    else:
        assert minted == wanted


def keep_bare(text: str) -> str:
    """Return the text without what only the subject of an object may have in it."""
    kept = (one for one in text if not one.isspace() and one not in ",#;\"'\\" and category(one) not in ("Cc", "Cf"))
    return "".join(kept).lstrip("{[]}-")


@given(kind=st.sampled_from(BATCH_KINDS), data=st.data())
def test_a_bare_subject_is_minted_as_token_would_mint_it(kind: Kind, data: st.DataObject) -> None:
    """The swift way gives the same header and claims, or refuses with the same words."""
    subject = data.draw((subjects(kind) | TEXTS).map(keep_bare).filter(bool))
    assert ask_line(subject.encode(), flags_of(kind, {})) == ask_token(subject, flags_of(kind, {}))


@pytest.mark.parametrize("kind", REVOKING)
@pytest.mark.parametrize("subject", ["g", "-1", "007", "1.0", "１"])
def test_a_serial_that_is_none_is_refused_on_its_line(kind: Kind, subject: str) -> None:
    """Every line of a batch of revocations is a serial number, judged as the subject of `token` is."""
    line = json.dumps({"subject": subject}) if subject.startswith("-") else subject
    reason = ask_line(line.encode(), flags_of(kind, {}))
    assert isinstance(reason, str) and "is not a serial number in decimal" in reason


# -- Defaults and what a line lays over them --------------------------------------------------------


def claims_of(line: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    given = {name.replace("_", "-"): value for name, value in defaults.items()}
    minted = ask_line(json.dumps(line).encode(), flags_of(Kind.SIGN, given))
    assert not isinstance(minted, str), minted
    return minted[1]


def test_a_list_takes_the_place_of_the_default() -> None:
    """Names of a line are its only ones; an empty list leaves the subject alone, null leaves the default."""
    assert claims_of({"subject": "a", "sans": ["b"]}, san=("x", "y"))["sans"] == ["b"]
    assert claims_of({"subject": "a", "sans": []}, san=("x", "y"))["sans"] == ["a"]
    assert claims_of({"subject": "a", "sans": None}, san=("x", "y"))["sans"] == ["x", "y"]


def test_user_data_is_laid_over_the_default() -> None:
    """File, flags and line, each over the one before; a name keeps one value."""
    claims = claims_of({"subject": "a", "set": {"b": "1", "d": 2.50}}, set={"b": 0, "c": "x"}, set_file="set.json")
    assert claims["user"] == {"a": 1, "b": "1", "c": "x", "d": json_text.Number("2.5")}


def test_a_lines_binding_goes_before_the_defaults() -> None:
    """`cnf` of the line wins over a file's, whose fingerprint binds every other line."""
    own, common = "A" * 43, "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg"
    assert claims_of({"subject": "a", "cnf": own}, cnf_file="request.csr")["cnf"] == {"x5rt#S256": own}
    assert claims_of({"subject": "a", "sans": ["b"]}, cnf_file="request.csr")["cnf"] == {"x5rt#S256": common}
    assert claims_of({"subject": "a"}, cnf_file="request.csr")["cnf"] == {"x5rt#S256": common}


def test_a_window_is_judged_with_the_default_of_its_other_end() -> None:
    """A line that moves one end of the window keeps the other end of the batch's."""
    claims = claims_of({"subject": "a", "not_before": "-10m"}, not_after="20m")
    assert claims["exp"] - claims["nbf"] == 1800
    reason = ask_line(b'{"subject":"a","not_before":"21m"}', flags_of(Kind.SIGN, {"not-after": "20m"}))
    assert isinstance(reason, str) and "is before" in reason


# -- Time and signatures ----------------------------------------------------------------------------


@attrs.define
class TickingClock:
    """A clock that goes on by `step` nanoseconds whenever it is read."""

    moment: int
    step: int

    def now(self) -> int:
        """Return the time, and let it pass."""
        self.moment += self.step
        return self.moment


@pytest.mark.parametrize("line", [b"a", b'{"subject":"a","sans":["b"]}'], ids=["bare", "object"])
def test_validity_counts_from_each_signing(line: bytes) -> None:
    """Tokens of one batch begin when they are made, however long it runs."""
    minter = open_minter(flags_of(Kind.SIGN, {}), TickingClock(NOW, 7 * MINUTE))
    tokens = [mint_one(minter, number, line) for number in range(1, 30)]
    claims = [decode_part(minted.token, 1) for minted in tokens if isinstance(minted, MintedLine)]
    assert [one["nbf"] - claims[0]["nbf"] for one in claims] == [420 * index for index in range(29)]
    assert all(one["nbf"] == one["iat"] and one["exp"] - one["nbf"] == 300 for one in claims)


def test_a_window_can_close_in_the_middle() -> None:
    """With an end that is a time, lines are refused from then on, and none has a window that is over."""
    end = format_time(NOW + 10 * MINUTE)
    minter = open_minter(flags_of(Kind.SIGN, {"not-after": end}), TickingClock(NOW, MINUTE))
    outcomes = [mint_one(minter, number, b"a") for number in range(1, 15)]
    refused = [outcome for outcome in outcomes if isinstance(outcome, RefusedLine)]
    minted = [decode_part(outcome.token, 1) for outcome in outcomes if isinstance(outcome, MintedLine)]
    assert minted and refused and all(one["exp"] > one["iat"] for one in minted)
    assert all(re.search("expired already|shorter than the minimum of 10s", one.reason) for one in refused)


@attrs.define
class BreakingSigner:
    """A key that signs well until it breaks.

    Attributes:
        good: How many signatures are sound.
        checked: The numbers of those that were checked, from 0.
    """

    good: int
    public: Any = SIGNER.public
    count: int = 0
    checked: list[int] = attrs.field(factory=list)

    def sign(self, message: bytes) -> bytes:
        """Return a signature, or an error where it is not sound."""
        self.checked.append(self.count)
        (signature,) = self.sign_unchecked([message])
        if signature == bytes(64):
            raise KeyFormatError("the key's own signature does not verify", "get a good copy")
        return signature

    def sign_unchecked(self, messages: Sequence[bytes]) -> list[bytes]:
        """Return signatures."""
        return [self._sign_one(message) for message in messages]

    def _sign_one(self, message: bytes) -> bytes:
        self.count += 1
        return SIGNER.sign(message) if self.count <= self.good else bytes(64)


def test_the_first_signature_and_one_of_so_many_are_checked() -> None:
    """Among any 128 signatures that follow one another one is verified, and lines without one do not count."""
    signer = BreakingSigner(good=1000)
    minter = open_minter(flags_of(Kind.SIGN, {}), signer=signer)
    for number in range(1, 301):
        assert isinstance(mint_one(minter, number, b"a"), MintedLine)
        assert isinstance(mint_one(minter, number, b"{"), RefusedLine)
    assert signer.checked == [0, CHECKED_EVERY, 2 * CHECKED_EVERY]


@settings(deadline=None, max_examples=20)
@given(sizes=st.lists(st.integers(0, CHECKED_EVERY), max_size=9))
def test_the_same_signatures_are_checked_however_many_are_made_together(sizes: list[int]) -> None:
    """The first and one of so many, whatever is composed together."""
    signer = BreakingSigner(good=2000)
    minter = open_minter(flags_of(Kind.SIGN, {}), signer=signer)
    for size in sizes:
        assert len(minter.mint(1, [b"a"] * size)[0]) == size
    assert signer.checked == list(range(0, sum(sizes), CHECKED_EVERY))


LINES = (
    b"a", b"", b"# a", b"b\r", b'{"subject":"c"}', b"{", b'{"subject":"d","sans":["e"]}', b"\xff", b"7",
    "\u00e9".encode(), b'{"subject":"f","not_after":"2h"}', b"g,h", b"-", b'{"subject":""}',
    b'{"subject":"\\u0007\\"\\\\"}',
)  # fmt: skip


@pytest.mark.parametrize("kind", BATCH_KINDS)
@pytest.mark.parametrize("ahead", [0, 55])
def test_lines_give_together_what_each_gives_alone(kind: Kind, ahead: int) -> None:
    """Tokens, refusals and nothing, in their order, each at its number, also where the batch's own window is over."""
    given = flags_of(kind, {"not-after": format_time(NOW + MINUTE)})
    together, alone = open_minter(given), open_minter(given)
    for minter in (together, alone):
        minter.clock = FixedClock(NOW + ahead * NANOSECONDS)
    minted, refused = together.mint(1, LINES)
    wanted = [mint_one(alone, number, line) for number, line in enumerate(LINES, 1)]
    assert refused == [one for one in wanted if isinstance(one, RefusedLine)] != []
    assert [unsign(one) for one in minted] == [unsign(one) for one in wanted if isinstance(one, MintedLine)]
    assert bool(minted) == (not ahead)


def unsign(minted: MintedLine) -> MintedLine:
    """Return what is the same whenever it is signed."""
    return attrs.evolve(minted, signature="")


@pytest.mark.parametrize("good", [0, 5])
def test_a_key_that_breaks_stops_the_batch(good: int) -> None:
    """A signature that does not verify is an error of the key, never of a line after which others follow."""
    minter = open_minter(flags_of(Kind.SIGN, {}), signer=BreakingSigner(good))
    with pytest.raises(KeyFormatError, match="does not verify"):  # noqa: PT012
        for number in range(CHECKED_EVERY + 1):
            mint_one(minter, number, b"a")


def test_every_signature_is_the_keys() -> None:
    """Checked or not, each verifies, for every type of key and for one that cannot leave the check out."""
    for signer in (SIGNER, make_signer(ec.generate_private_key(ec.SECP521R1())), OnlyChecked()):
        minter = open_minter(flags_of(Kind.SIGN, {}), signer=signer)
        for number in range(4):
            minted = mint_one(minter, number, b"a")
            assert isinstance(minted, MintedLine)
            message, _, signature = minted.token.rpartition(".")
            assert verifies(signer.public, message, signature)


@attrs.frozen
class OnlyChecked:
    """A signer of somebody else's."""

    public: Any = SIGNER.public

    def sign(self, message: bytes) -> bytes:
        """Sign."""
        return SIGNER.sign(message)


def verifies(public: Any, message: str, signature: str) -> bool:
    from adapters.jose.jws import verify
    from adapters.jose.key_objects import load_public_key
    from domain.formats import base64url

    return verify(load_public_key(public), public.algorithm, message.encode(), base64url.decode(signature))


def test_the_clock_stands_in_the_row() -> None:
    """`expires_at` is the token's own `exp`."""
    minted = mint_one(open_minter(flags_of(Kind.SIGN, {}), FixedClock(NOW)), 1, b"a")
    assert isinstance(minted, MintedLine)
    assert minted.expires_at == format_time((whole_seconds(NOW) + 300) * NANOSECONDS)


@pytest.mark.parametrize(
    "line", [b"foreign", b'{"subject": "own", "sans": ["own", "foreign"]}'], ids=["plain", "object"]
)
def test_what_nobody_vouches_for_is_refused(line: bytes) -> None:
    """Names that the provisioner's certificate is not for, line by line: as `token` refuses them."""

    def refuse_foreign(request: TokenRequest) -> None:
        if "foreign" in (request.subject, *request.sans):
            raise UsageError("foreign is not a name of the certificate")

    minter = open_minter(flags_of(Kind.SIGN, {}))
    minter.evidence = attrs.evolve(minter.evidence, check_request=refuse_foreign)
    assert mint_one(minter, 1, line) == RefusedLine(1, "foreign is not a name of the certificate")
    assert isinstance(mint_one(minter, 2, b"own"), MintedLine)
