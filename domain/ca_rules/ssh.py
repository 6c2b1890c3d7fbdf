"""Whether an SSH certificate may be signed for the token (step-ca, provisioner/sign_ssh_options.go and jwk.go)."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from domain.ca.cert_types import CERT_TYPES, HOST, USER
from domain.ca.settings import USUAL_SSH_DURATIONS, CertDurations, ProvisionerClaims
from domain.ca_rules.case import Case
from domain.ca_rules.durations import BACKDATE, compare_duration
from domain.formats.duration import NANOSECONDS
from domain.formats.go_time import parse_go_moment
from domain.formats.rfc3339 import FIRST_SECOND
from domain.report.check_result import CheckResult, Outcome, failed, passed, unchecked
from domain.token.reader import read_ssh_options, read_texts


def judge_ssh_enabled(claims: ProvisionerClaims) -> CheckResult:
    """Tell whether the provisioner may sign for SSH at all (its claim enableSSHCA, else the authority's)."""
    if claims.enable_ssh_ca:
        return passed("ssh", "the provisioner signs for SSH (enableSSHCA)")
    if claims.enable_ssh_ca is None:
        return unchecked("ssh", "whether the provisioner signs for SSH: it says nothing, and the authority's setting"
                         " is not public")  # fmt: skip
    return failed("ssh", "the provisioner does not sign for SSH", "set enableSSHCA in its claims, or use another one")


def judge_ssh_keys(case: Case, cert_type: str) -> CheckResult:
    """Tell whether the CA has a key for SSH certificates of this type."""
    keys = case.settings.ssh_host_keys if cert_type == HOST else case.settings.ssh_user_keys
    if keys is None:
        return unchecked(
            "ssh key", f"whether the CA has a key for {cert_type} certificates", "ask the CA, without --offline"
        )
    if keys:
        return passed("ssh key", f"the CA has one for {cert_type} certificates")
    return failed(
        "ssh key", f"the CA has none for {cert_type} certificates", "set up SSH at the CA: step ca init --ssh"
    )


def judge_ssh_sign(
    case: Case, claims: ProvisionerClaims, latest: int | None = None, usual_type: str = USER
) -> Iterator[CheckResult]:
    """Tell whether the token is for an SSH certificate, and the request within what it says.

    Args:
        claims: The provisioner's, laid over the authority's.
        latest: When what vouches for the token ends, in nanoseconds since the epoch; None for never.
        usual_type: The type of the certificate where the token names none.
    """
    options = read_ssh_options(case.token.claims)
    if options is None:
        yield failed("ssh options", "the token has no step.ssh and so is not for SSH", "mint it with --ssh")
        return
    written, principals = options.get("certType") or "", read_texts(options.get("principals"))
    cert_type = written.lower() or usual_type
    if cert_type not in CERT_TYPES:
        yield failed(
            "ssh options", f"certType {written!r} is neither user nor host", "mint it with --ssh, or --ssh --host"
        )
        return
    yield judge_ssh_keys(case, cert_type)
    yield _judge_type(written, cert_type, case.wishes.cert_type)
    yield _judge_principals(principals, case.wishes.principals)
    if "" in principals:
        yield _judge_empty_principal(case)
    wished = list_wished_times(case)
    granted = {name: options[name] for name in wished if options.get(name)}
    for name, moment in granted.items():
        if parse_go_moment(moment) != parse_go_moment(wished[name]):
            what = f"{name} {wished[name]} is asked for, and the token is for {moment}"
            yield failed(_RULE, what, "ask for no other, or mint for this")
    yield from judge_certificate_times(case, {**options, **wished, **granted}, cert_type, claims, latest)


def list_wished_times(case: Case) -> dict[str, str]:
    """Return when the request asks the certificate to begin and to end, as it says that."""
    wished = {"validAfter": case.not_before, "validBefore": case.not_after}
    return {name: moment.canonical() for name, moment in wished.items() if moment is not None and moment.canonical()}


def _judge_type(written: str, cert_type: str, wished: str) -> CheckResult:
    """Tell whether the type that is asked for is the token's, letter by letter; a token without one allows both."""
    if written and wished and written != wished:
        return failed("ssh type", f"a {wished} certificate is asked for, and the token is for a {written} certificate",
                      f"ask for a {cert_type} certificate, or mint for a {wished} certificate")  # fmt: skip
    return passed("ssh type", f"a certificate of type {cert_type}")


def _judge_principals(allowed: list[str], wished: tuple[str, ...]) -> CheckResult:
    """Tell whether every principal asked for stands in the token, capitals or not; a token without any allows all."""
    if "" in wished:
        return failed("principals", "one of those asked for is empty", "leave it out")
    known = set(map(_fold, allowed))
    foreign = [name for name in wished if _fold(name) not in known]
    if allowed and wished and (foreign or len(wished) > len(allowed)):
        return failed("principals", f"{', '.join(foreign or wished)} asked for, and the token is for"
                      f" {', '.join(allowed)}", "ask for no other, or mint for these")  # fmt: skip
    return passed("principals", f"the certificate will be for {', '.join(allowed) or 'the subject'}")


def _judge_empty_principal(case: Case) -> CheckResult:
    """Tell whether the CA's database keeps an empty name (step-ca, db/db.go, StoreSSHCertificate; badger, bbolt)."""
    rule, remedy = "empty principal", "mint it without"
    if case.settings.has_database is False:
        return passed(rule, "the CA has no database, which could not keep it")
    if case.settings.has_database is None:
        return unchecked(rule, "whether the CA has a database, which cannot keep an empty principal", remedy)
    return failed(rule, "the CA's database cannot keep the certificate: one of its principals is empty", remedy)


def _fold(name: str) -> str:
    """Return a name in small letters, each by itself (Go, strings.ToLower)."""
    return "".join(character.lower()[0] for character in name)


_RULE, _DURATION_RULE = "ssh validity", "ssh duration"


@attrs.frozen
class _Span:
    """Begin and end of a certificate, in seconds since the epoch; `is_backdated` where the CA chose the begin."""

    begin: int
    end: int
    is_backdated: bool

    def nanoseconds(self) -> int:
        begin = self.begin - (BACKDATE // NANOSECONDS if self.is_backdated else 0)
        return (self.end - begin) * NANOSECONDS


def judge_certificate_times(
    case: Case, options: Mapping[str, Any], cert_type: str, claims: ProvisionerClaims, latest: int | None = None
) -> Iterator[CheckResult]:
    """Judge the certificate's own times, where the token fixes them.

    Args:
        options: The token's `step.ssh`.
        cert_type: "user" or "host".
        claims: The provisioner's, laid over the authority's.
        latest: When what vouches for the token ends, in nanoseconds since the epoch; None for never.
    """
    begin, end = (_read_end(options.get(name), case.now) for name in ("validAfter", "validBefore"))
    if begin is None and end is None:
        return
    if min(begin or 0, end or 0) < 0:
        yield failed(_RULE, "a time before 1970, which step-ca cannot write", "mint with other times")
        return
    own, usual = claims.ssh_durations(cert_type), USUAL_SSH_DURATIONS[cert_type]
    span = _complete(begin, end, case.now, own.usual or usual.usual or 0, latest)
    fault = _find_fault(span, case.now, latest, has_end=bool(end))
    if fault is not None:
        yield failed(_RULE, fault, "mint with other times")
    else:
        yield passed(_RULE, "the certificate ends in the future, after it begins")
        yield judge_ssh_duration(span.nanoseconds(), own, cert_type)


def judge_ssh_duration(duration: int, own: CertDurations, cert_type: str) -> CheckResult:
    """Tell whether the CA lets an SSH certificate last for `duration`, nanoseconds with the backdating."""
    outcome, reason = compare_duration(duration, own, USUAL_SSH_DURATIONS[cert_type], f"a {cert_type} certificate")
    if outcome is Outcome.PASSED:
        return passed(_DURATION_RULE, reason)
    remedy = "mint with other times, or change the provisioner's claims"
    if outcome is Outcome.FAILED:
        return failed(_DURATION_RULE, reason, remedy)
    return unchecked(_DURATION_RULE, reason, remedy)


def _read_end(value: Any, now: int) -> int | None:
    """Return a time in seconds since the epoch, None where it is none to step-ca (provisioner/timeduration.go)."""
    moment = parse_go_moment(value) if value else None
    if moment is None or moment.nanoseconds == (0 if moment.relative else FIRST_SECOND * NANOSECONDS):
        return None
    return moment.at(now) // NANOSECONDS


def _complete(begin: int | None, end: int | None, now: int, usual: int, latest: int | None) -> _Span:
    """Return the span that step-ca makes of the two; the epoch itself is not a time to it."""
    first = begin or now // NANOSECONDS
    last = end or first + usual // NANOSECONDS
    if not end and latest is not None:
        last = min(last, latest // NANOSECONDS)
    return _Span(first, last, is_backdated=not begin)


def _find_fault(span: _Span, now: int, latest: int | None, *, has_end: bool) -> str | None:
    if latest is not None and span.begin * NANOSECONDS > latest:
        return "the certificate would begin after what vouches for the token ends"
    if latest is not None and has_end and span.end * NANOSECONDS > latest:
        return "the certificate would outlast what vouches for the token"
    if span.end < now // NANOSECONDS:
        return "the certificate would have expired already"
    if span.end < span.begin:
        return "the certificate would end before it begins"
    return None
