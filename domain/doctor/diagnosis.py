"""The checks of `doctor`, in its order: rules over what was seen."""

from collections.abc import Sequence

from domain.ca.fingerprint import parse_fingerprint
from domain.certificates.expiry import explain_time
from domain.certificates.x509_and_ssh import Certificate
from domain.doctor.file_status import FileKind, FileStatus
from domain.errors import StepOttError
from domain.formats.duration import HOUR, NANOSECONDS, format_duration
from domain.provisioners.base import Provisioner, list_labels
from domain.provisioners.types import list_types
from domain.report.check_result import CheckResult, Outcome, failed, passed, unchecked, warning
from domain.settings.setting import Origin, Settings
from domain.token.validity import DEFAULT_VALIDITY, LEEWAY

STEP_PATH, CONTEXT, DEFAULTS, SETTINGS = "step path", "context", "defaults.json", "settings"
CA_URL, CA_JSON, ROOT, FINGERPRINT = "ca-url", "ca.json", "root", "fingerprint"
REACHED, TLS, CLOCK = "CA", "TLS", "clock"
PROVISIONERS, PROVISIONER, KEY = "provisioners", "provisioner", "key"
TOKEN, FILES, LIBRARIES = "token", "secret files", "libraries"
"""What the findings are about; `RULES` has their order."""

RULES = (
    STEP_PATH, CONTEXT, DEFAULTS, SETTINGS, CA_URL, CA_JSON, ROOT, FINGERPRINT, REACHED, TLS, CLOCK, PROVISIONERS,
    PROVISIONER, KEY, TOKEN, FILES, LIBRARIES,
)  # fmt: skip

NOTABLE_DRIFT = 30 * NANOSECONDS
"""From here on a clock is worth a word."""

_BOOTSTRAP = "run 'step-ott ca bootstrap --ca-url URL --fingerprint FINGERPRINT'"
_SET_CLOCK = "set this machine's clock by NTP, such as 'chronyc makestep' or 'timedatectl set-ntp true'"


def judge_error(rule: str, error: StepOttError) -> CheckResult:
    """Return the failure that an error is, with the error's own remedy."""
    return failed(rule, error.what, error.fix or "fix what is named there, then run this again")


def excuse(finding: CheckResult) -> CheckResult:
    """Return what a finding is worth to a request that `token` asks no CA for: one about the way there is a warning."""
    if finding.outcome is not Outcome.FAILED or finding.rule not in (ROOT, REACHED, TLS):
        return finding
    return warning(finding.rule, f"{finding.reason}; token asks no CA for a renewal", finding.remedy)


def judge_step_path(path: str, whence: str, status: FileStatus | None, is_needed: bool) -> CheckResult:
    """Judge the folder of step's configuration.

    Args:
        path: The folder.
        whence: What says so: STEPPATH, or the home folder.
        status: What stands there, None for nothing.
        is_needed: Whether flags and environment leave something open that stands in it.
    """
    shown = f"{path} ({whence})"
    if status is None or status.kind is not FileKind.FOLDER:
        reason = f"{shown} is not there" if status is None else f"{shown} is {status.kind.value}, not a folder"
        remedy = f"set STEPPATH to the folder, or {_BOOTSTRAP}"
        return failed(STEP_PATH, reason, remedy) if is_needed else warning(STEP_PATH, reason, remedy)
    if not status.is_readable:
        return failed(STEP_PATH, f"{shown} cannot be read by this user", "run as its owner, or 'chmod u+rx' it")
    return passed(STEP_PATH, shown)


def judge_defaults(files: Sequence[str], is_needed: bool) -> CheckResult:
    """Judge the configuration that could be read; `files` are those that give something."""
    if files:
        return passed(DEFAULTS, ", ".join(files))
    remedy = _BOOTSTRAP if is_needed else ""
    return warning(DEFAULTS, "it is missing or empty, so all settings come from flags and environment", remedy)


def judge_given(settings: Settings) -> CheckResult:
    """Judge the settings that go together; those of flags and environment are named."""
    given = sorted(one.spelled for one in settings.values() if one.origin is not Origin.CONFIGURATION)
    return passed(SETTINGS, ", ".join(given) or "no flag or variable is set")


def judge_root(whose: str, roots: Sequence[Certificate], now: int) -> CheckResult:
    """Judge the root certificates, at least one, in the file that `whose` names."""
    lasting = [root for root in roots if root.not_before <= now < root.not_after]
    first = roots[0].common_name or "without a name"
    if not lasting:
        reason = explain_time(roots[0].not_before, roots[0].not_after, now)
        remedy = f"if the clock is wrong, {_SET_CLOCK}; if it is right, get the CA's present root certificate"
        return failed(ROOT, f"{whose}: the certificate {first!r} {reason}", remedy)
    count = "" if len(roots) == 1 else f", the first of {len(roots)}"
    if len(lasting) < len(roots):
        reason = f"{whose}: {len(roots) - len(lasting)} of {len(roots)} certificates are not valid now"
        return warning(ROOT, reason, "remove those that the CA no longer uses")
    return passed(ROOT, f"{whose}: {first!r}{count}")


def judge_fingerprint(fingerprint: str, stored: object, path: str, override: str = "") -> CheckResult:
    """Compare the root's fingerprint with the one that stands in the configuration file `path`.

    Args:
        fingerprint: SHA-256 of the root's DER, lower-case hex.
        stored: The configured value, None where there is none; colons, dashes and capitals make no difference.
        path: The file that it stands in.
        override: What names another root than the configuration does, empty where nothing does.
    """
    if stored is None:
        return unchecked(FINGERPRINT, "no fingerprint is stored to compare the root with")
    if isinstance(stored, str) and _read_fingerprint(stored) == fingerprint:
        return passed(FINGERPRINT, f"the root's is the one in {path}")
    reason = f"the root's is {fingerprint}, and {path} has {stored!r}"
    if override:
        return warning(FINGERPRINT, reason, f"leave {override} out to use that CA")
    remedy = f"token does not compare them, so ask the CA's administrator which one is right, then {_BOOTSTRAP} with it"
    return warning(FINGERPRINT, reason, remedy)


def _read_fingerprint(text: str) -> str:
    """Return the fingerprint in lower-case hex, empty where it is none."""
    try:
        return parse_fingerprint(text)
    except ValueError:
        return ""


def measure_drift(date: int, asked_at: int, answered_at: int) -> int:
    """Return how far this machine's clock is at least ahead of the CA's, negative behind it (see `judge_clock`)."""
    ahead, behind = asked_at - date - NANOSECONDS, date - answered_at
    return ahead if ahead > 0 else min(-behind, 0)


def judge_clock(date: int | None, asked_at: int, answered_at: int) -> CheckResult:
    """Compare this machine's clock with the CA's, by the time that an answer carries.

    Times are nanoseconds since the epoch, UTC. The distance counted is the least that fits what was seen,
    for the CA wrote `date` at some time between request and answer, and cut off the fraction of its second.

    Args:
        date: The CA's time in its answer, whole seconds; None where it does not tell.
        asked_at, answered_at: This machine's clock before the request and after the answer.
    """
    if date is None:
        return unchecked(CLOCK, "the CA's answer has no Date to compare with")
    drift = measure_drift(date, asked_at, answered_at)
    ahead, behind = drift, -drift
    if ahead > NOTABLE_DRIFT:
        reason = f"this machine's is {_whole_seconds(ahead)} ahead of the CA's"
        if ahead > LEEWAY:
            return failed(CLOCK, f"{reason}, so the CA sees its tokens as not valid yet", _SET_CLOCK)
        return warning(
            CLOCK,
            f"{reason}; over {format_duration(LEEWAY)}, the CA would see its tokens as not valid yet",
            _SET_CLOCK,
        )
    if behind > NOTABLE_DRIFT:
        reason = f"this machine's is {_whole_seconds(behind)} behind the CA's"
        if behind > DEFAULT_VALIDITY + LEEWAY:
            return failed(CLOCK, f"{reason}, so its tokens have expired when the CA sees them", _SET_CLOCK)
        return warning(CLOCK, f"{reason}; tokens end that much sooner, and a CA just started refuses them", _SET_CLOCK)
    return passed(CLOCK, "within 30s of the CA's")


def judge_provisioners(provisioners: Sequence[Provisioner], source: tuple[str, str] = ("", "")) -> CheckResult:
    """Judge what the CA lists: who in it can make tokens here; `source` is as in `domain.ca.ports.Authority.source`."""
    file, hint = source
    able = [provisioner for provisioner in provisioners if provisioner.makes_tokens]
    count = f"{file or 'the CA'} has {len(provisioners)}"
    if not able:
        remedy = hint or f"add one of type {list_types()} to the CA"
        return failed(PROVISIONERS, f"{count}, and none that step-ott can make tokens for", remedy)
    reason = f"{count}; step-ott makes tokens for {list_labels(able)}"
    return warning(PROVISIONERS, reason, hint) if hint else passed(PROVISIONERS, reason)


def summarize(findings: Sequence[CheckResult]) -> tuple[dict[Outcome, int], str]:
    """Return how many findings came out in which way, and what that means for `token`."""
    counts = {outcome: sum(1 for one in findings if one.outcome is outcome) for outcome in Outcome}
    return counts, "token would not work here" if counts[Outcome.FAILED] else "token should work here"


def _whole_seconds(nanoseconds: int) -> str:
    """Return a span for a person: hours at most, to the second."""
    bounded = min(nanoseconds, 1000 * 24 * HOUR)
    more = "over " if bounded < nanoseconds else ""
    return more + format_duration(bounded - bounded % NANOSECONDS)
