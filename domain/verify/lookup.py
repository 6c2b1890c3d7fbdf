"""How step-ca finds the provisioner of a token (step-ca, provisioner/collection.go, LoadByToken)."""

from collections.abc import Iterator, Sequence

from domain.ca_rules.audience import extract_fragment, matches_any
from domain.ca_rules.case import Case
from domain.ca_rules.endpoint import Endpoint
from domain.provisioners.base import Provisioner
from domain.provisioners.k8ssa import ISSUER as KUBERNETES_ISSUER
from domain.provisioners.k8ssa import TOKEN_IDENTIFIER as KUBERNETES
from domain.report.check_result import CheckResult, failed, passed

RULE = "provisioner"


def find_provisioner(case: Case, provisioners: Sequence[Provisioner]) -> tuple[Provisioner | None, CheckResult]:
    """Return the provisioner that step-ca judges the token by, None where it finds none, and how that comes."""
    audiences = case.audiences()
    fragment = extract_fragment(audiences)
    listed = {provisioner.token_identifier: provisioner for provisioner in provisioners}
    if matches_any(audiences, Endpoint, case.settings.dns_names, fragment):  # one of this CA's, for whatever endpoint
        kid = case.token.header.get("kid")
        identifiers = [fragment or f"{case.text('iss')}:{kid if isinstance(kid, str) else ''}"]
        what = f"the CA has none of this name and key identifier, {identifiers[0]}"
        remedy = "mint it with one that it has; all types but JWK need a fragment in the audience"
        if fragment:
            what = f"the CA has none for the audience's fragment {fragment}"
            remedy = "mint it with one that it has"
    else:
        unreadable = [name for name in ("azp", "tid") if not isinstance(case.token.claims.get(name), str | None)]
        if unreadable:
            what = f"step-ca cannot read its {' and '.join(unreadable)}: not text"
            return None, failed(RULE, what, "mint the token again")
        identifiers = list(_list_foreign_identifiers(case, audiences))
        shown = f"its audience is {', '.join(audiences)}" if audiences else "it has no audience"
        what = f"{shown}, and the CA's names are {', '.join(case.settings.dns_names) or 'none'}"
        remedy = "mint it for this CA, with one of its names in --ca-url"
    found = next((listed[identifier] for identifier in identifiers if identifier in listed), None)
    if found is None:
        return None, failed(RULE, what, remedy)
    return found.judged_as or found, passed(RULE, f"it is {found.label()}")


def _list_foreign_identifiers(case: Case, audiences: Sequence[str]) -> Iterator[str]:
    """Give the identifiers that the CA looks for, in its order, in a token whose audience is not the CA's."""
    if case.text("iss") == KUBERNETES_ISSUER:
        yield KUBERNETES
    elif audiences:
        if case.text("azp"):
            yield case.text("azp")
        if case.text("tid"):
            yield from [audiences[0]] if case.text("email") else []
            yield case.text("tid")
        yield audiences[0]
