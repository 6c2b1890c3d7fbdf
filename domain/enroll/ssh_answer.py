"""What the CA's answers about SSH must be: nothing of one that is not what was asked for is kept."""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import TYPE_CHECKING

import attrs

from domain.ca.cert_types import name_cert_type
from domain.ca.settings import USUAL_SSH_DURATIONS
from domain.enroll.answer import CLOCK_SKEW
from domain.errors import AuthorityError
from domain.formats.duration import MINUTE, NANOSECONDS, format_duration
from domain.formats.go_time import parse_go_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.ca.settings import ProvisionerClaims
    from domain.certificates.x509_and_ssh import SshCertificate
    from domain.enroll.answer import CaAnswer
    from domain.enroll.ssh_request import SshTerms
    from domain.formats.moment import Moment

TOLERANCE = 2 * MINUTE
"""How far a time that the CA counts from its own clock may be from the same by ours, in nanoseconds."""

FORCE_COMMAND = "force-command"

_USER_OPTIONS = frozenset({FORCE_COMMAND, "source-address", "verify-required"})
"""The critical options that OpenSSH knows, all of users' certificates (OpenSSH, PROTOCOL.certkeys)."""

_CHECK_CA = "ask whoever runs the CA"
_CHECK_CLOCKS = "check the CA's clock and this machine's"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class WantedSsh:
    """What the certificate in an answer must be.

    Attributes:
        key_fingerprint: Its key's, as OpenSSH writes it.
        signers: Standard base64 of the wire bytes of the CA's keys for certificates of this type.
        begins_later: Whether a begin was asked for, so that it need not be valid yet.
    """

    key_fingerprint: str
    is_host: bool
    signers: Sequence[str]
    begins_later: bool = False


def read_ssh_certificate(answer: CaAnswer, member: str = "crt") -> bytes:
    """Return standard base64 of the wire bytes of the certificate that the CA answers with.

    Raises:
        AuthorityError: there is none.
    """
    text = answer.members.get(member)
    if not isinstance(text, str) or not text or len(text.split()) != 1:
        raise refuse_unreadable()
    return text.encode()


def refuse_unreadable() -> AuthorityError:
    """Return the error for an answer without a certificate that can be read."""
    return AuthorityError("the CA answers with no SSH certificate", _CHECK_CA)


def check_ssh_certificate(certificate: SshCertificate, wanted: WantedSsh, now: int) -> None:
    """Check that a certificate is for the key and of the type that were asked for, in time, and the CA's own.

    Args:
        now: Nanoseconds since the epoch, UTC.

    Raises:
        AuthorityError: saying what it is not.
    """
    if certificate.key_fingerprint != wanted.key_fingerprint:
        raise _refuse("is for another key")
    if certificate.is_host is not wanted.is_host:
        asked = name_cert_type(is_host=wanted.is_host)
        raise _refuse(f"is a {name_cert_type(is_host=certificate.is_host)} certificate, not a {asked} certificate")
    if not certificate.signed_by:
        raise _refuse("has no valid signature")
    if certificate.signed_by not in wanted.signers:
        raise _refuse("is not signed by a key that the CA publishes for such certificates")
    if now >= certificate.not_after * NANOSECONDS:
        raise AuthorityError("the certificate that the CA answers with has expired", _CHECK_CLOCKS)
    if not wanted.begins_later and now + CLOCK_SKEW < certificate.not_before * NANOSECONDS:
        raise AuthorityError("the certificate that the CA answers with is not valid yet", _CHECK_CLOCKS)


def check_like_before(certificate: SshCertificate, before: SshCertificate, now: int) -> None:
    """Check that a certificate is for whom the one before it was for, no longer than that, and as free.

    step-ca copies all that, and counts the life from when it signs (step-ca, authority/ssh.go, RenewSSH).

    Args:
        now: Nanoseconds since the epoch, UTC.

    Raises:
        AuthorityError: it has another key identifier, other principals, more critical options or a longer life.
    """
    if (certificate.key_id, certificate.principals) != (before.key_id, before.principals):
        raise _refuse("has another key identifier or other principals than the one before")
    if more := set(certificate.critical_options) - set(before.critical_options):
        raise _refuse(f"has critical options that the one before does not have: {', '.join(sorted(more))}")
    if certificate.not_after * NANOSECONDS > now + (before.not_after - before.not_before) * NANOSECONDS + CLOCK_SKEW:
        raise _refuse("lasts longer than the one before")


def list_other_names(certificate: SshCertificate, terms: SshTerms) -> Iterator[str]:
    """Give what a certificate is called and whom it is for, where the terms say something else, a phrase each."""
    if certificate.key_id != terms.key_id:
        yield f"its key identifier is {certificate.key_id!r}, not {terms.key_id!r}"
    if terms.principals and set(certificate.principals) != set(terms.principals):
        whom = ", ".join(certificate.principals) or "whoever shows it"
        yield f"it is for {whom}, not for {', '.join(terms.principals)}"


def check_same_times(add_user: SshCertificate, certificate: SshCertificate) -> None:
    """Check that the certificate for --add-user lasts as long as the one beside it (step-ca, authority/ssh.go).

    Raises:
        AuthorityError: it begins or ends at another time.
    """
    if add_user.span() != certificate.span():
        raise _refuse("for --add-user has other times than the one beside it")


def list_unasked(certificate: SshCertificate, terms: SshTerms) -> Iterator[str]:
    """Give what the CA has decided of itself, a phrase each: principals that nobody named, and critical options."""
    if not terms.principals:
        yield f"it is for {', '.join(certificate.principals) or 'whoever shows it'}, and no principals were asked for"
    yield from list_critical_options(certificate)


def list_critical_options(certificate: SshCertificate, *usual: str) -> Iterator[str]:
    """Give the critical options of a certificate beside the usual ones, a phrase for those that OpenSSH knows, or not.

    Nobody asks for them: they come from the CA's templates.
    """
    found = sorted(set(certificate.critical_options).difference(usual))
    known = frozenset[str]() if certificate.is_host else _USER_OPTIONS
    if names := [name for name in found if name in known]:
        yield f"it has critical options that were not asked for: {', '.join(names)}"
    if names := [name for name in found if name not in known]:
        yield f"it has critical options that OpenSSH does not know, and refuses: {', '.join(names)}"


def list_long_lives(
    certificate: SshCertificate, claims: ProvisionerClaims, since: int, *, usual: bool = False
) -> Iterator[str]:
    """Give by how much a certificate lasts longer than the limit, a phrase, where it does.

    Args:
        claims: Those of its provisioner, laid over the authority's.
        since: When it was asked for, in nanoseconds since the epoch, UTC.
        usual: Whether the limit is step-ca's own, where the claims say none; else it is that of the claims.
    """
    cert_type = name_cert_type(is_host=certificate.is_host)
    most = claims.ssh_durations(cert_type).most
    if usual:
        most = USUAL_SSH_DURATIONS[cert_type].most if most is None else None
    if most is None:
        return
    excess = certificate.not_after * NANOSECONDS - max(since, certificate.not_before * NANOSECONDS) - most
    if excess > CLOCK_SKEW:
        whose = "step-ca's usual limit" if usual else "the provisioner's limit"
        yield f"it ends {format_duration(excess // NANOSECONDS * NANOSECONDS)} later than by {whose}"


def list_other_times(certificate: SshCertificate, terms: SshTerms, since: int) -> Iterator[str]:
    """Give when a certificate begins and ends, where the terms say something else, a phrase each.

    Args:
        since: When it was asked for, in nanoseconds since the epoch, UTC.
    """
    for what, got, moment in (
        ("begins", certificate.not_before, terms.not_before),
        ("ends", certificate.not_after, terms.not_after),
    ):
        if moment is not None and asks_for(moment) and _differs(got, moment, since):
            distance = got * NANOSECONDS - moment.at(since)
            way = "later" if distance > 0 else "earlier"
            yield f"it {what} {format_duration(abs(distance) // NANOSECONDS * NANOSECONDS)} {way} than asked for"


def asks_for(moment: Moment | None) -> bool:
    """Tell whether the CA is asked for a time, which it is not by a duration of zero."""
    return moment is not None and bool(moment.canonical())


def read_granted_moment(text: object) -> Moment | None:
    """Return a time in a token's `step.ssh`, None where there is none that can be read."""
    try:
        return parse_go_moment(text) if isinstance(text, str) and text else None
    except ValueError:
        return None


def refuse_differences(differences: Sequence[str]) -> AuthorityError:
    """Return the error for a certificate that is not what was asked for."""
    return _refuse(f"is not what was asked for: {'; '.join(differences)}")


def fingerprint_wire(public_key: str) -> str:
    """Return the fingerprint of a key, standard base64 of its wire bytes, as OpenSSH writes it."""
    return "SHA256:" + b64encode(sha256(b64decode(public_key)).digest()).decode("ascii").rstrip("=")


def _differs(seconds: int, moment: Moment, since: int) -> bool:
    tolerance = TOLERANCE if moment.relative else NANOSECONDS
    return abs(seconds * NANOSECONDS - moment.at(since)) > tolerance


def _refuse(what: str) -> AuthorityError:
    return AuthorityError(f"the certificate that the CA answers with {what}", _CHECK_CA)
