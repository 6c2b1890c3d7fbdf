"""How a certificate is revoked: by a token for its serial number, or by the certificate itself, shown by TLS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.ca_rules.endpoint import Endpoint
from domain.enroll.refusal import REVOKED_ALREADY, check_forecast, explain_refusal
from domain.enroll.request import ask_to_revoke
from domain.errors import AuthorityError, UsageError
from domain.provisioners.credential import IssuedToken
from domain.provisioners.x5c import open_chain
from domain.token.go_jws import read_go_jws
from domain.token.reader import read_text
from entrypoints.use_cases.ca_ports import foretell_token
from entrypoints.use_cases.mint import gather_evidence, make_token
from entrypoints.use_cases.renewal import check_presentable, explain_by_certificate

if TYPE_CHECKING:
    from domain.enroll.answer import CaAnswer
    from domain.enroll.revocation import Reason
    from domain.token.options import TokenOptions
    from entrypoints.use_cases.ca_ports import CaPorts


def revoke_by_provisioner(options: TokenOptions, reason: Reason, ports: CaPorts) -> None:
    """Revoke the certificate whose serial number is the subject in `options`, by a token that is minted for it."""
    evidence = gather_evidence(options, ports.minting)
    if isinstance(evidence, IssuedToken):
        token = evidence.token
    else:
        token = make_token(evidence, ports.minting.clock, ports.minting.randomness)
    revoke_by_token(options.request.subject, token, reason, ports, is_given=False)


def revoke_by_token(serial: str, token: str, reason: Reason, ports: CaPorts, *, is_given: bool = True) -> None:
    """Revoke the certificate of a serial number, in decimal, by a token.

    Raises:
        UsageError: the token is for another one.
        ForeseenRefusalError: the CA would refuse; it was not asked.
        AuthorityError: it refuses.
    """
    subject = read_text(read_go_jws(token).claims.get("sub"))
    if subject != serial:
        raise UsageError(f"the token is for serial number {subject!r}, not {serial}", "mint one for this certificate")
    forecast = foretell_token(token, Endpoint.REVOKE, ports)
    check_forecast(forecast, is_given=is_given)
    answer = ports.requests.put(ask_to_revoke(serial, reason.text, reason.code, token))
    if not answer.is_granted:
        raise _revoked_already(answer, serial) or explain_refusal(answer, forecast, is_given=is_given)


def revoke_by_certificate(options: TokenOptions, reason: Reason, ports: CaPorts) -> str:
    """Revoke the certificate that `options` name, which itself authorises that; return its serial number, in decimal.

    Raises:
        InputError: it cannot be shown by TLS.
        AuthorityError: the CA refuses.
    """
    opened = open_chain(options, ports.minting)
    check_presentable(opened, options, ports)
    serial = str(opened.certificates[0].serial)
    access = ports.requests.presenting(opened.certificates, opened.signer)
    answer = access.put(ask_to_revoke(serial, reason.text, reason.code))
    if not answer.is_granted:
        raise _revoked_already(answer, serial) or explain_by_certificate(answer, opened, ports)
    return serial


def _revoked_already(answer: CaAnswer, serial: str) -> AuthorityError | None:
    """Return the error where the CA says that the certificate is revoked already, None where it says something else."""
    if REVOKED_ALREADY not in answer.message:
        return None
    return AuthorityError(f"certificate with serial number '{serial}' {REVOKED_ALREADY}")
