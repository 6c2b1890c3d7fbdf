"""The verdict: every rule of step-ca that can be judged from here, and what follows from them."""

from collections.abc import Iterator, Sequence
from enum import Enum

import attrs

from domain.ca_rules.audience import list_hosts, matches
from domain.ca_rules.case import Case
from domain.ca_rules.claim_form import judge_form, judge_header_key, judge_payload
from domain.ca_rules.endpoint import Endpoint
from domain.ca_rules.every_token import judge_age, judge_issuer, judge_root, judge_subject, judge_times, judge_use
from domain.ca_rules.renewal import judge_renewal
from domain.ca_rules.x509_times import judge_asked_times
from domain.provisioners.base import Provisioner
from domain.provisioners.renewal import ISSUER
from domain.report.check_result import CheckResult, Outcome, failed, passed, unchecked
from domain.token.kind import Kind
from domain.verify.lookup import find_provisioner

ESSENTIAL = frozenset(
    {
        "certificate",
        "constraints",
        "duration",
        "empty principal",
        "header key",
        "issued long ago",
        "life",
        "provisioner",
        "renewal after expiry",
        "signature",
        "ssh",
        "ssh duration",
        "ssh key",
    }
)
"""Rules without which nothing can be told; the others hold unless somebody used, revoked or forbade something."""


class Verdict(Enum):
    """What the CA would say; the value is the word that people and programs read."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@attrs.frozen
class Forecast:
    """The rules that were judged, in the CA's order."""

    findings: Sequence[CheckResult]

    @property
    def verdict(self) -> Verdict:
        """Refused where a rule fails; unknown where an essential one cannot be judged; else accepted."""
        if any(finding.outcome is Outcome.FAILED for finding in self.findings):
            return Verdict.REFUSED
        if any(one.outcome is Outcome.UNCHECKED and one.rule in ESSENTIAL for one in self.findings):
            return Verdict.UNKNOWN
        return Verdict.ACCEPTED

    @property
    def depends_on_use(self) -> bool:
        """Whether the CA would refuse a second use, of which nobody else can tell whether it is one."""
        return any(one.rule == "use" and one.outcome is Outcome.UNCHECKED for one in self.findings)


def foretell(case: Case, provisioners: Sequence[Provisioner]) -> Forecast:
    """Return what a CA with these provisioners would find in the token, and its users in its `sha`."""
    return Forecast((*_judge(case, provisioners), *judge_root(case)))


def _judge(case: Case, provisioners: Sequence[Provisioner]) -> Iterator[CheckResult]:
    form = judge_form(case)
    yield form
    if form.outcome is Outcome.FAILED:
        return
    yield from judge_header_key(case)
    if case.endpoint is Endpoint.RENEW:
        yield from judge_renewal(case, ISSUER, {one.name: (one.label(), one.claims) for one in reversed(provisioners)})
        return
    provisioner, found = find_provisioner(case, provisioners)
    yield found
    if provisioner is not None:
        yield from _judge_by(provisioner, case)


def _judge_by(provisioner: Provisioner, case: Case) -> Iterator[CheckResult]:
    if not (provisioner.kinds and provisioner.is_judged):
        yield from provisioner.judge_signer(case)
        yield from _judge_asked_times(provisioner, case)
        return
    payload = judge_payload(case, provisioner.payload, provisioner.payload_subject)
    yield payload
    if payload.outcome is Outcome.FAILED:
        return
    yield judge_age(case)
    if provisioner.spends_tokens:
        yield judge_use(case)
    yield _judge_endpoint(provisioner, case)
    yield from provisioner.judge_signer(case)
    yield judge_issuer(case, [provisioner.issuer], "the issuer of the provisioner's tokens")
    yield from judge_times(case)
    if provisioner.has_audiences:
        yield _judge_audience(provisioner, case)
    yield judge_subject(case)
    if case.endpoint.kinds & provisioner.kinds:
        yield from provisioner.judge_request(case)
        yield from _judge_asked_times(provisioner, case)
        yield _judge_policy(provisioner, case)


def _judge_asked_times(provisioner: Provisioner, case: Case) -> Iterator[CheckResult]:
    if case.endpoint is Endpoint.SIGN and Kind.SIGN in provisioner.kinds:
        earliest, latest = provisioner.find_signer_life(case)
        limits = provisioner.claims.over(case.settings.claims).x509
        is_customized = provisioner.is_customized
        yield from judge_asked_times(case, limits, earliest=earliest, latest=latest, is_customized=is_customized)


def _judge_endpoint(provisioner: Provisioner, case: Case) -> CheckResult:
    if case.endpoint.kinds & provisioner.kinds:
        return passed("request", f"{provisioner.type_name} tokens may ask for {case.endpoint.value}")
    return failed("request", f"step-ca takes no {provisioner.type_name} token for {case.endpoint.value}",
                  "use another provisioner")  # fmt: skip


def _judge_audience(provisioner: Provisioner, case: Case) -> CheckResult:
    audiences = case.audiences()
    if matches(audiences, case.endpoint, case.settings.dns_names, provisioner.audience_fragment):
        return passed("audience", f"it is {', '.join(audiences)}")
    if matches(audiences, case.endpoint, list_hosts(audiences), provisioner.audience_fragment):
        names = ", ".join(case.settings.dns_names) or "nothing"
        return failed("audience", f"it is {', '.join(audiences)}, and the CA's names are {names}",
                      "mint it with one of these names in --ca-url, spelled exactly like that")  # fmt: skip
    return failed("audience", f"it is {', '.join(audiences)}, and not for {case.endpoint.value}",
                  f"mint it for {case.endpoint.value}")  # fmt: skip


def _judge_policy(provisioner: Provisioner, case: Case) -> CheckResult:
    if provisioner.is_customized:
        return unchecked("policy", "what the provisioner's own templates, policy and webhooks say to it")
    if case.settings.has_policy is None:
        return unchecked("policy", "what the CA's own policy, which is not public, says to the names")
    if case.settings.has_policy:
        return unchecked("policy", "what the CA's own policy says to the names")
    return passed("policy", "the CA has none")
