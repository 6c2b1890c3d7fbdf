"""What `verify` and the real step-ca say of tokens that were changed in every way.

`make verdicts COUNT=3000 SEED=11` compares as many; the suite compares some (VERDICTS, 300 unless it is set).
"""

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import attrs
from cryptography.hazmat.primitives.serialization import Encoding

from domain.ca_rules.endpoint import Endpoint
from domain.errors import InputError
from domain.report.check_result import Outcome
from domain.token.go_jws import read_go_jws
from domain.token.reader import read_seconds
from domain.verify.forecast import Forecast, Verdict
from tests.support.broken_tokens import BASES, kubernetes
from tests.support.changed_tokens import draw_change
from tests.support.forged_nebula_tokens import NebulaForge, serve_nebula
from tests.support.forged_tokens import Forge, Forged, open_forge
from tests.support.peer_programs import find_program
from tests.support.provisioned_ca import read_config
from tests.support.raw_tokens import RawToken, make_raw
from tests.support.running import invoke
from tests.support.verify_court import Court, judge, open_court, verdict_of

SEED = int(os.environ.get("VERDICTS_SEED", "11"))
COUNT = int(os.environ.get("VERDICTS", "300"))
ATTEMPTS = 5
EVERY = 50
"""Every so many tokens one is put to the command itself."""


@attrs.frozen
class Field:
    """A real step-ca with a provisioner of every type, and what makes tokens of each kind for it.

    Attributes:
        started: When it was up, in seconds since the epoch.
    """

    court: Court
    makers: Mapping[str, Callable[[], Forged]]
    environment: Mapping[str, str]
    started: int


@attrs.frozen
class Comparison:
    """What both said of one token.

    Attributes:
        what: The kind of token, and what was changed.
        said: What the CA said.
        online, offline: What `verify` said, by what the CA publishes and by its ca.json.
        reasons: Why, where it refused.
        is_from_before: Whether the token says that it was issued before the CA's start, which only the CA knows.
    """

    what: str
    said: Verdict
    online: Verdict
    offline: Verdict
    reasons: str
    is_from_before: bool = False

    @property
    def is_agreed(self) -> bool:
        """Whether nobody said what the other denies, but for what docs/verify.md lists as not to be known."""
        verdicts = (self.online, self.offline)
        is_listed = self.is_from_before and self.said is Verdict.REFUSED
        return is_listed or all(verdict in (self.said, Verdict.UNKNOWN) for verdict in verdicts)


@contextmanager
def open_field(program: str, path: Path) -> Iterator[Field]:
    """Run a step-ca with a provisioner of each type that `verify` judges."""
    with serve_nebula(program, path) as nebula:
        forge = open_forge(nebula.ca, read_config(nebula.ca))
        makers = dict(_list_makers(forge, nebula))
        yield Field(open_court(nebula.ca), makers, nebula.ca.environment, int(time.time()))


def _list_makers(forge: Forge, nebula: NebulaForge) -> Iterator[tuple[str, Callable[[], Forged]]]:
    for name, make in BASES.items():
        yield name, lambda make=make: make(forge)  # type: ignore[misc]
    for endpoint in (Endpoint.SIGN, Endpoint.SSH_SIGN):
        yield f"K8sSA {endpoint.value}", lambda endpoint=endpoint: kubernetes(endpoint)(forge)  # type: ignore[misc]
        yield f"Nebula {endpoint.value}", lambda endpoint=endpoint: nebula.make(endpoint)  # type: ignore[misc]


def compare_all(field: Field, count: int, seed: int = SEED) -> Iterator[Comparison]:
    """Give what both say of `count` tokens, of each kind in turn."""
    names = list(field.makers)
    for number in range(count):
        yield _compare(field, names[number % len(names)], f"{seed}:{number}", number % EVERY == 0)


def _compare(field: Field, base: str, seed: str, by_command: bool) -> Comparison:
    """Compare one token, made anew where its time passed while it was on its way."""
    for _ in range(ATTEMPTS):
        what, raw = draw_change(Random(seed), make_raw(field.makers[base]()))
        token = raw.write()
        forged = _with_serial(raw)
        before = judge(forged, token, field.court.online, time.time_ns())
        said = _ask(field.court, forged, token)
        now = time.time_ns()
        after, offline = (judge(forged, token, settings, now) for settings in (field.court.online, field.court.offline))
        if verdict_of(before) is verdict_of(after):
            break
    if by_command:
        _check_command(field, forged, token, verdict_of(after))
    return Comparison(
        f"[{seed}] {base}, {what}", said, verdict_of(after), verdict_of(offline), _explain(after, offline),
        _is_from_before(token, field.started),
    )  # fmt: skip


def _is_from_before(token: str, moment: int) -> bool:
    try:
        issued = read_seconds(read_go_jws(token).claims.get("iat"))
    except (InputError, ValueError):
        return False
    return issued is not None and issued <= moment


def _with_serial(raw: RawToken) -> Forged:
    """Return the request with the serial number that the token is about, as somebody would who revokes by it."""
    return attrs.evolve(raw.forged, claims=dict(raw.claims))


def _ask(court: Court, forged: Forged, token: str) -> Verdict:
    """Show the token to the CA."""
    return Verdict.ACCEPTED if 200 <= court.ask(forged, token).status < 300 else Verdict.REFUSED


def _explain(*forecasts: Forecast | None) -> str:
    return "; ".join(
        " ".join(f"{one.rule}={one.outcome.value}({one.reason})" for one in forecast.findings
                 if one.outcome in (Outcome.FAILED, Outcome.UNCHECKED))
        if forecast else "it is not a token" for forecast in forecasts
    )  # fmt: skip


def _check_command(field: Field, forged: Forged, token: str, expected: Verdict) -> None:
    """See that the command says the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "token"
        path.write_bytes(token.encode("utf-8", "surrogatepass"))
        words: list[Any] = ["verify", str(path), "--for", forged.endpoint.value]
        if forged.csr is not None:
            csr = Path(folder) / "csr"
            csr.write_bytes(forged.csr.public_bytes(Encoding.PEM))
            words += ["--csr", str(csr)]
        if forged.endpoint is Endpoint.SSH_SIGN:
            wishes = forged.wishes
            words += [f"--cert-type={wishes['certType']}"] if wishes.get("certType") else []
            words += [f"--key-id={wishes['keyID']}"] if wishes.get("keyID") else []
            words += [f"--principal={name}" for name in wishes.get("principals", ())]
        result = invoke(*words, environment=field.environment)
    assert (result.status == 0) is (expected is Verdict.ACCEPTED), (words, result.out, result.err)
    if result.out:
        assert f"verdict: {expected.value}" in result.out


def count_outcomes(comparisons: list[Comparison]) -> str:
    """Return how many tokens the CA accepted and refused, and what `verify` said of them, as a sentence or two."""
    told = Counter((one.said, one.offline) for one in comparisons)
    rows = [
        f"{len(comparisons)} tokens: {sum(one.said is said for one in comparisons)} {said.value} by the CA, of which "
        + ", ".join(f"{told[said, verdict]} {verdict.value}" for verdict in Verdict if told[said, verdict])
        for said in (Verdict.ACCEPTED, Verdict.REFUSED)
    ]
    unknown = sum(one.online is Verdict.UNKNOWN for one in comparisons)
    listed = sum(one.is_from_before and one.said is not one.offline for one in comparisons)
    disagreed = sum(not one.is_agreed for one in comparisons)
    return "\n".join([*rows, f"unknown online: {unknown}", f"from before the CA's start, and not known to be: {listed}",
                      f"disagreed: {disagreed}"])  # fmt: skip


def main() -> None:
    """Compare, and print what came out."""
    program = find_program("step-ca")
    assert program is not None, "no step-ca here: run 'make peers'"
    with tempfile.TemporaryDirectory() as folder, open_field(program, Path(folder) / "step") as field:
        comparisons: list[Comparison] = []
        for one in compare_all(field, COUNT):
            comparisons.append(one)
            if not one.is_agreed:
                print(f"{one.what}\n  CA {one.said.value}, online {one.online.value}, offline {one.offline.value}:"
                      f" {one.reasons}")  # fmt: skip
        print(count_outcomes(comparisons))


if __name__ == "__main__":
    main()
