"""What is put to the CA, beside or by a token (step-ca, api/sign.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain.token.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.formats.moment import Moment


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CaRequest:
    """A request that changes something, and is put at most once: who repeats it makes a new one.

    Attributes:
        path: Where the CA's API takes it.
        members: Its JSON object, the token among them.
        bearer: The token that authorises it where none is among the members, empty for none.
    """

    path: str
    members: Mapping[str, Any]
    bearer: str = ""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CertificateTerms:
    """What a request for an X.509 certificate says beside CSR and token.

    Attributes:
        not_before, not_after: When the certificate is to begin and to end, None for what the CA does of itself.
        template_data: What the CA's templates read.
    """

    not_before: Moment | None = None
    not_after: Moment | None = None
    template_data: Mapping[str, Any] = attrs.field(factory=dict)


def ask_to_sign(csr: str, token: str, terms: CertificateTerms) -> CaRequest:
    """Return the request for the certificate of a CSR, PEM."""
    members: dict[str, Any] = {"csr": csr, "ott": token}
    for name, moment in (("notBefore", terms.not_before), ("notAfter", terms.not_after)):
        if moment is not None and moment.canonical():
            members[name] = moment.canonical()
    if terms.template_data:
        members["templateData"] = terms.template_data
    return CaRequest(path=Kind.SIGN.path, members=members)
