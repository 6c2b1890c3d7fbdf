"""How step-ca finds the provisioner of a token (step-ca, provisioner/collection.go, LoadByToken)."""

from collections.abc import Iterator, Sequence

from domain.ca_rules.audience import extract_fragment, matches_any
from domain.ca_rules.case import Case
from domain.ca_rules.claim_form import list_wrong_texts
from domain.ca_rules.endpoint import Endpoint
from domain.provisioners.base import Provisioner
from domain.provisioners.k8ssa import ISSUER as KUBERNETES_ISSUER
from domain.provisioners.k8ssa import TOKEN_IDENTIFIER as KUBERNETES
from domain.report.check_result import CheckResult, failed, passed

RULE = "provisioner"


def find_provisioner(case: Case, provisioners: Sequence[Provisioner]) -> tuple[Provisioner | None, CheckResult]:
    """Return the provisioner that step-ca judges the token by, None where it finds none, and how that comes."""
    is_ours = _names_this_ca(case)
    unreadable = [] if is_ours else list_wrong_texts(case, ("azp", "tid"))
    if unreadable:
        what = f"step-ca cannot read its {' and '.join(unreadable)}: not text"
        return None, failed(RULE, what, "mint the token again")
    identifiers = list(_list_identifiers(case, is_ours))
    listed = {provisioner.token_identifier: provisioner for provisioner in provisioners}
    for identifier in identifiers:
        if identifier in listed:
            found = listed[identifier]
            return found.judged_as or found, passed(RULE, f"it is {found.label()}")
    return None, _explain(case, is_ours, identifiers)


def _names_this_ca(case: Case) -> bool:
    """Tell whether an audience is one of this CA's, for whatever endpoint."""
    audiences = case.audiences()
    fragment = extract_fragment(audiences)
    return matches_any(audiences, Endpoint, case.settings.dns_names, fragment)


def _list_identifiers(case: Case, is_ours: bool) -> Iterator[str]:
    """Give the identifiers that the CA looks for, in its order."""
    audiences = case.audiences()
    if is_ours:
        fragment = extract_fragment(audiences)
        kid = case.token.header.get("kid")
        yield fragment or f"{case.text('iss')}:{kid if isinstance(kid, str) else ''}"
    elif case.text("iss") == KUBERNETES_ISSUER:
        yield KUBERNETES
    elif audiences:
        if case.text("azp"):
            yield case.text("azp")
        if case.text("tid"):
            yield from [audiences[0]] if case.text("email") else []
            yield case.text("tid")
        yield audiences[0]


def _explain(case: Case, is_ours: bool, identifiers: Sequence[str]) -> CheckResult:
    audiences, names = case.audiences(), ", ".join(case.settings.dns_names) or "none"
    if not is_ours:
        shown = f"its audience is {', '.join(audiences)}" if audiences else "it has no audience"
        return failed(
            RULE, f"{shown}, and the CA's names are {names}", "mint it for this CA, with one of its names in --ca-url"
        )
    fragment = extract_fragment(audiences)
    if fragment:
        return failed(RULE, f"the CA has none for the audience's fragment {fragment}", "mint it with one that it has")
    return failed(RULE, f"the CA has none of this name and key identifier, {identifiers[0]}",
                  "mint it with one that it has; all types but JWK need a fragment in the audience")  # fmt: skip
