"""The rules that `doctor` judges by: pure functions of what was seen."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ca.url import CaUrl
from domain.ca_rules.endpoint import find_endpoint
from domain.certificates.x509_and_ssh import Certificate
from domain.doctor import diagnosis
from domain.doctor.ca_visit import CaVisit, Stop, judge_visit
from domain.doctor.file_status import FileKind, FileStatus
from domain.doctor.secret_files import judge_secret_files
from domain.doctor.token_diagnosis import judge_forecast
from domain.errors import InputError
from domain.formats.duration import HOUR, MINUTE, NANOSECONDS
from domain.provisioners.jwk import JwkProvisioner
from domain.provisioners.other import OtherProvisioner
from domain.report.check_result import CheckResult, Outcome, failed, passed, unchecked, warning
from domain.token.kind import Kind
from domain.verify.forecast import Forecast

NOW = 1_800_000_000 * NANOSECONDS
URL = CaUrl("ca.test", 9000)


def judge_skew(skew: float) -> CheckResult:
    """Judge a clock that is `skew` seconds ahead of the CA's, by an answer that took no time."""
    ours = NOW + int(skew * NANOSECONDS)
    return diagnosis.judge_clock(NOW, ours, ours)


@pytest.mark.parametrize(
    ("skew", "outcome", "words"),
    [
        (0, Outcome.PASSED, ""),
        (31, Outcome.PASSED, ""),
        (-30, Outcome.PASSED, ""),
        (32, Outcome.WARNING, "31s ahead"),
        (-31, Outcome.WARNING, "31s behind"),
        (61, Outcome.WARNING, "1m0s ahead"),
        (62, Outcome.FAILED, "not valid yet"),
        (-360, Outcome.WARNING, "6m0s behind"),
        (-361, Outcome.FAILED, "have expired"),
        (1e12, Outcome.FAILED, "over 24000h0m0s ahead"),
    ],
)
def test_a_clock_is_judged_by_its_distance(skew: float, outcome: Outcome, words: str) -> None:
    """Thirty seconds are nothing; ahead over a minute, or behind by a token's life and a minute, is fatal."""
    found = judge_skew(skew)
    assert (found.outcome, words in found.reason) == (outcome, True), found
    assert outcome is Outcome.PASSED or "NTP" in found.remedy


def test_an_answer_without_a_date_tells_nothing_of_the_clock() -> None:
    """No Date is not checkable, not well."""
    assert diagnosis.judge_clock(None, NOW, NOW).outcome is Outcome.UNCHECKED


@given(
    skew=st.integers(-10 * HOUR, 10 * HOUR),
    way=st.integers(0, 500 * NANOSECONDS),
    back=st.integers(0, 500 * NANOSECONDS),
    fraction=st.integers(0, NANOSECONDS - 1),
)
def test_a_slow_answer_accuses_no_clock(skew: int, way: int, back: int, fraction: int) -> None:
    """Whatever the line takes, the distance told is never more than the true one, and the direction is right."""
    written = NOW + fraction
    found = diagnosis.judge_clock(NOW, written - way + skew, written + back + skew)
    if abs(skew) <= 30 * NANOSECONDS:
        assert found.outcome is Outcome.PASSED
    if found.outcome is not Outcome.PASSED:
        assert ("ahead" in found.reason) is (skew > 0)
    if found.outcome is Outcome.FAILED:
        assert skew > MINUTE or skew < -6 * MINUTE
    if abs(skew) > 6 * MINUTE + way + back + NANOSECONDS:
        assert found.outcome is Outcome.FAILED


@given(st.lists(st.sampled_from(Outcome)))
def test_the_verdict_hangs_on_failures_alone(outcomes: list[Outcome]) -> None:
    """Every finding is counted once, and only a failure says that token would not work."""
    counts, verdict = diagnosis.summarize([CheckResult("rule", outcome, "reason") for outcome in outcomes])
    assert sum(counts.values()) == len(outcomes)
    assert ("not" in verdict) is (Outcome.FAILED in outcomes)


@given(fingerprint=st.binary(min_size=32, max_size=32), upper=st.booleans(), mark=st.sampled_from(["", ":", "-"]))
def test_spelling_of_a_fingerprint_makes_no_difference(fingerprint: bytes, upper: bool, mark: str) -> None:
    """Colons, dashes and capitals do not count, digits do."""
    stored = fingerprint.hex(mark) if mark else fingerprint.hex()
    stored = stored.upper() if upper else stored
    assert diagnosis.judge_fingerprint(fingerprint.hex(), stored, "f").outcome is Outcome.PASSED
    other = bytes([fingerprint[0] ^ 1]) + fingerprint[1:]
    assert diagnosis.judge_fingerprint(other.hex(), stored, "f").outcome is Outcome.WARNING
    assert diagnosis.judge_fingerprint(other.hex(), stored, "f", "--root").outcome is Outcome.WARNING


@pytest.mark.parametrize(
    ("stored", "outcome"),
    [(None, Outcome.UNCHECKED), ("", Outcome.WARNING), (5, Outcome.WARNING), (["ab"], Outcome.WARNING)],
    ids=repr,
)
def test_an_odd_fingerprint_is_no_match(stored: object, outcome: Outcome) -> None:
    """What is not text never equals the root's."""
    assert diagnosis.judge_fingerprint("ab", stored, "f").outcome is outcome


def make_root(begin: int, end: int) -> Certificate:
    """Return a root that is valid from and until so far from now."""
    return Certificate(
        der=b"", common_name="Root", not_before=NOW + begin, not_after=NOW + end, digital_signature=False,
        client_auth=False, public=None, is_issued_by=lambda _: False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spans", "outcome", "words"),
    [
        ([(-1, 1)], Outcome.PASSED, "'Root'"),
        ([(-1, 1), (-2, 2)], Outcome.PASSED, "the first of 2"),
        ([(-2, 0)], Outcome.FAILED, "has expired"),
        ([(1, 2)], Outcome.FAILED, "is not valid yet"),
        ([(-2, -1), (-1, 1)], Outcome.WARNING, "1 of 2"),
    ],
    ids=str,
)
def test_a_root_must_be_valid_now(spans: list[tuple[int, int]], outcome: Outcome, words: str) -> None:
    """One root of several that is valid will do."""
    found = diagnosis.judge_root("root.crt", [make_root(*span) for span in spans], NOW)
    assert (found.outcome, words in found.reason) == (outcome, True), found


FOLDER = FileStatus(path="/s", kind=FileKind.FOLDER, mode=0o700, is_own=True, is_readable=True)


@pytest.mark.parametrize(
    ("status", "is_needed", "outcome"),
    [
        (FOLDER, True, Outcome.PASSED),
        (attrs.evolve(FOLDER, is_readable=False), False, Outcome.FAILED),
        (attrs.evolve(FOLDER, kind=FileKind.FILE), True, Outcome.FAILED),
        (None, True, Outcome.FAILED),
        (None, False, Outcome.WARNING),
    ],
    ids=str,
)
def test_a_step_path_is_a_folder_that_can_be_read(status: FileStatus | None, is_needed: bool, outcome: Outcome) -> None:
    """Its absence is fatal where something is wanted of it."""
    assert diagnosis.judge_step_path("/s", "STEPPATH", status, is_needed).outcome is outcome


LIFE, USE, AUDIENCE = "life", "use", "audience"


@pytest.mark.parametrize(
    ("findings", "outcomes"),
    [
        ([passed(AUDIENCE, "right")], [Outcome.PASSED]),
        ([passed(AUDIENCE, "right"), unchecked(USE, "who knows")], [Outcome.PASSED]),
        ([unchecked(LIFE, "who knows")], [Outcome.UNCHECKED]),
        ([failed(AUDIENCE, "wrong", "mint another")], [Outcome.FAILED]),
        ([unchecked(LIFE, "who knows"), failed(AUDIENCE, "no", "a"), failed(USE, "no", "b")], [Outcome.FAILED] * 2),
    ],
    ids=str,
)
def test_a_token_is_judged_as_verify_does(findings: list[CheckResult], outcomes: list[Outcome]) -> None:
    """Each rule that refuses it is told with its remedy; what is essential and unknown is not checkable."""
    found = list(judge_forecast(Forecast(findings), Kind.SIGN))
    assert [one.outcome for one in found] == outcomes
    assert all(one.rule == diagnosis.TOKEN for one in found)
    refusing = [one.remedy for one in findings if one.outcome is Outcome.FAILED]
    assert [one.remedy for one in found if one.outcome is Outcome.FAILED] == refusing


def test_a_token_that_no_ca_takes_is_a_failure() -> None:
    """There is no place that takes an X.509 rekey token; every other kind has one."""
    (found,) = judge_forecast(None, Kind.REKEY)
    assert found.outcome is Outcome.FAILED
    assert [kind for kind in Kind if find_endpoint(kind) is None] == [Kind.REKEY]


def test_a_ca_without_a_usable_provisioner_fails() -> None:
    """ACME alone, or nothing, makes no tokens; one of another type beside it does."""
    acme = OtherProvisioner("acme", "ACME")
    assert diagnosis.judge_provisioners([]).outcome is Outcome.FAILED
    assert diagnosis.judge_provisioners([acme]).outcome is Outcome.FAILED
    found = diagnosis.judge_provisioners([acme, JwkProvisioner("me", kid="k")])
    assert found.outcome is Outcome.PASSED and "acme" not in found.reason and "has 2" in found.reason


@pytest.mark.parametrize("stop", [None, *Stop])
def test_wherever_a_visit_ends_three_findings_say_so(stop: Stop | None) -> None:
    """Connection, TLS and clock are always told of, at most one of them fails, and it has a remedy."""
    found = list(judge_visit(CaVisit(ca_url=URL, stop=stop, reason="so", names=("other.test",), date=0)))
    assert [one.rule for one in found] == [diagnosis.REACHED, diagnosis.TLS, diagnosis.CLOCK]
    failures = [one for one in found if one.outcome is Outcome.FAILED]
    assert len(failures) == (stop not in (None, Stop.PROXY, Stop.NO_ROOT))
    assert all(one.remedy for one in failures)
    assert (found[2].outcome is Outcome.PASSED) is (stop is None)


def test_the_names_of_the_certificate_are_said() -> None:
    """Whoever asks by a wrong name learns the right ones."""
    seen = CaVisit(ca_url=URL, stop=Stop.NAME, names=("ca.example.com", "10.0.0.7"))
    found = list(judge_visit(seen))[1]
    assert "is for ca.example.com, 10.0.0.7, not for ca.test" in found.reason


FILE = FileStatus(path="/s/a key", kind=FileKind.FILE, mode=0o600, is_own=True, is_readable=True)


@given(mode=st.integers(0, 0o777), is_own=st.booleans())
def test_a_secret_is_for_its_owner_alone(mode: int, is_own: bool) -> None:
    """Any bit for group or others, or another owner, is a warning with a command that mends it."""
    found = list(judge_secret_files([attrs.evolve(FILE, mode=mode, is_own=is_own)]))
    assert len(found) == max(1, bool(mode & 0o077) + (not is_own))
    assert (found[0].outcome is Outcome.PASSED) is (is_own and not mode & 0o077)
    if mode & 0o077:
        assert found[0].remedy == "chmod 600 '/s/a key'"


def test_a_link_among_secrets_is_told_of_and_not_followed() -> None:
    """Where it leads is not looked at, and that is said."""
    (found,) = judge_secret_files([attrs.evolve(FILE, kind=FileKind.LINK, mode=0o777)])
    assert found.outcome is Outcome.UNCHECKED and "/s/a key" in found.reason


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [(0o400, Outcome.PASSED), (0o440, Outcome.PASSED), (0o444, Outcome.WARNING), (0o644, Outcome.WARNING)],
)
def test_a_read_only_mount_takes_no_chmod(mode: int, outcome: Outcome) -> None:
    """What is mounted for reading alone is changed where it is mounted; its group is that of the container."""
    (found,) = judge_secret_files([attrs.evolve(FILE, mode=mode, is_mounted_read_only=True)])
    assert found.outcome is outcome
    assert outcome is Outcome.PASSED or ("chmod" not in found.remedy and "defaultMode: 0400" in found.remedy)


def test_an_error_without_a_remedy_gets_one() -> None:
    """A failed finding always says what to do."""
    assert diagnosis.judge_error("root", InputError("it is broken")).remedy
    assert diagnosis.judge_error("root", InputError("it is broken", "fix it")).remedy == "fix it"


def test_what_verify_warns_of_is_told_beside_the_token() -> None:
    """A `sha` that is not of a root of the CA does not make the CA refuse, and does not go unsaid."""
    forecast = Forecast([passed("signature", "it holds"), warning("root", "odd", "mint anew")])
    told = list(judge_forecast(forecast, Kind.SIGN))
    assert [(one.outcome, one.reason, one.remedy) for one in told[1:]] == [(Outcome.WARNING, "root: odd", "mint anew")]
    assert told[0].outcome is Outcome.PASSED
