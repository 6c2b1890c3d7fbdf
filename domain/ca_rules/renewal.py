"""Whether an X.509 certificate may be renewed by the token (step-ca, authorize.go, AuthorizeRenewToken)."""

from collections.abc import Iterator, Mapping, Sequence

from domain.ca.settings import ProvisionerClaims
from domain.ca_rules.audience import matches
from domain.ca_rules.case import Case
from domain.ca_rules.every_token import judge_issuer, judge_leaf_signature, judge_times, judge_use
from domain.ca_rules.x5c import judge_chain, read_header_chain
from domain.certificates.x509_and_ssh import Certificate
from domain.errors import InputError
from domain.formats.duration import MINUTE, NANOSECONDS
from domain.report.check_result import CheckResult, failed, passed, unchecked


def judge_renewal(
    case: Case, issuer: str, provisioners: Mapping[str, tuple[str, ProvisionerClaims]]
) -> Iterator[CheckResult]:
    """Give what the CA finds, rule by rule, in a token that is to renew the certificate in its header.

    Args:
        issuer: The `iss` of a client's tokens.
        provisioners: Label and claims of each of the CA's, by name.
    """
    yield _judge_carriage(case)
    try:
        chain = read_header_chain(case, "x5cInsecure")
    except InputError as error:
        yield failed("certificate", error.what, "mint it with --renew, --x5c-cert and --x5c-key")
        return
    leaf = chain[0]
    yield from _judge_chain(case, chain)
    yield judge_leaf_signature(case, leaf.public, f"certificate {leaf.common_name!r}")
    label, claims = provisioners.get(leaf.provisioner or "", (None, None))
    yield _judge_provisioner(leaf, label)
    yield judge_use(case)
    yield _judge_audience(case)
    names = [issuer] if leaf.provisioner is None else [issuer, leaf.provisioner]
    yield judge_issuer(case, names, "a client's or the provisioner's name")
    yield from judge_times(case)
    if leaf.common_name in ("", case.text("sub")):
        yield passed("subject", "it is the certificate's common name, or the certificate has none")
    else:
        yield failed("subject", f"{case.text('sub')!r} is not the certificate's common name, {leaf.common_name!r}",
                     "mint it for the certificate's common name")  # fmt: skip
    yield from _judge_right(leaf, claims and claims.over(case.settings.claims), case.now)


def judge_presented(
    leaf: Certificate, provisioners: Mapping[str, tuple[str, ProvisionerClaims]] | None, now: int
) -> Iterator[CheckResult]:
    """Give what the CA finds in a certificate that is shown to it by TLS to be renewed, rule by rule.

    Args:
        leaf: The certificate.
        provisioners: Label and claims of each of the CA's, by name; None where they are not known.
        now: Nanoseconds since the epoch, UTC.
    """
    if provisioners is None:
        yield unchecked("provisioner", "whether the CA still has the certificate's provisioner")
        provisioners = {}
    else:
        yield _judge_provisioner(leaf, provisioners.get(leaf.provisioner or "", (None, None))[0])
    yield from _judge_right(leaf, provisioners.get(leaf.provisioner or "", (None, None))[1], now)


def _judge_carriage(case: Case) -> CheckResult:
    """Judge whether the header `Authorization` can carry the token, by which alone a renewal comes."""
    if case.token.is_carried:
        return passed("bearer", "an HTTP header can carry it")
    return failed("bearer", "it has a control character, which no HTTP header can carry", "remove it: show the token"
                  " in one line")  # fmt: skip


def _judge_chain(case: Case, chain: Sequence[Certificate]) -> Iterator[CheckResult]:
    """Judge the chain a minute before the leaf's end, whatever the time is, as the CA does."""
    moment = chain[0].not_after - chain[0].not_after % NANOSECONDS - MINUTE
    yield from judge_chain(
        chain,
        case.read_roots(*case.settings.roots),
        moment,
        "put the intermediate certificates into --x5c-cert, or get a new certificate",
    )


def _judge_provisioner(leaf: Certificate, label: str | None) -> CheckResult:
    if leaf.provisioner is None:
        return unchecked("provisioner", "which provisioner the certificate is from; the CA's database may know")
    if label is None:
        return failed("provisioner", f"the certificate is from provisioner {leaf.provisioner}, which the CA no longer "
                      "has", "get a new certificate")  # fmt: skip
    return passed("provisioner", f"the certificate is from {label}")


def _judge_audience(case: Case) -> CheckResult:
    audiences = case.audiences()
    shown = ", ".join(audiences) or "none"
    if matches(audiences, case.endpoint, case.settings.dns_names):
        return passed("audience", f"it is {shown}")
    names = ", ".join(case.settings.dns_names)
    return failed("audience", f"it is {shown}, not the renewal at {names}", "mint it with --renew for this CA")


def _judge_right(leaf: Certificate, claims: ProvisionerClaims | None, now: int) -> Iterator[CheckResult]:
    """Judge whether the provisioner lets this certificate be renewed (step-ca, controller.go)."""
    now -= now % NANOSECONDS
    if now < leaf.not_before:
        yield failed("renewal", "the certificate is not valid yet", "wait, or correct this machine's clock")
    yield unchecked("revoked", "whether the certificate has been revoked")
    if claims is None:
        yield unchecked("renewal", "whether the provisioner allows renewal")
    else:
        yield judge_right(claims, has_expired=now >= leaf.not_after)


def judge_right(claims: ProvisionerClaims, *, has_expired: bool) -> CheckResult:
    """Tell whether a provisioner with these claims renews a certificate, X.509 or SSH, that has expired or not."""
    if claims.disable_renewal:
        return failed("renewal", "the provisioner allows no renewal (disableRenewal)", "get a new certificate")
    if has_expired and claims.allow_renewal_after_expiry is False:
        return failed("renewal", "the certificate has expired, and the provisioner does not renew expired ones",
                      "get a new certificate, or set allowRenewalAfterExpiry")  # fmt: skip
    if has_expired and claims.allow_renewal_after_expiry is None:
        return unchecked("renewal after expiry", "whether the provisioner renews it although it has expired: it says"
                         " nothing, and the authority's setting is not public", "ask whoever runs the CA")  # fmt: skip
    if claims.disable_renewal is None:
        return unchecked("renewal", "whether the provisioner renews it: the authority's settings are not public")
    return passed("renewal", "the provisioner renews it")
