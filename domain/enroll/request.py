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


def ask_to_renew(token: str = "") -> CaRequest:
    """Return the request for a certificate like the one that TLS shows, or the one in a renewal token."""
    return CaRequest(path=Kind.RENEW.path, members={}, bearer=token)


def ask_to_rekey(csr: str) -> CaRequest:
    """Return the request for a certificate like the one that TLS shows, but for the key of a CSR, PEM."""
    return CaRequest(path=Kind.REKEY.path, members={"csr": csr})


def ask_to_revoke(serial: str, reason: str, reason_code: int, token: str = "") -> CaRequest:
    """Return the request to revoke the certificate of a serial number, in decimal; without a token, that of TLS itself.

    step-ca revokes passively alone: it renews the certificate no more (step-ca, api/revoke.go).
    """
    members = {"serial": serial, "ott": token, "reasonCode": reason_code, "reason": reason, "passive": True}
    return CaRequest(path=Kind.REVOKE.path, members=members)


def ask_to_sign(csr: str, token: str, terms: CertificateTerms) -> CaRequest:
    """Return the request for the certificate of a CSR, PEM."""
    members: dict[str, Any] = {"csr": csr, "ott": token}
    for name, moment in (("notBefore", terms.not_before), ("notAfter", terms.not_after)):
        if moment is not None and moment.canonical():
            members[name] = moment.canonical()
    if terms.template_data:
        members["templateData"] = terms.template_data
    return CaRequest(path=Kind.SIGN.path, members=members)
