"""One token before one endpoint of one CA: everything that the rules look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain.formats.json_text import Number
from domain.formats.rfc3339 import FIRST_SECOND

if TYPE_CHECKING:
    from domain.ca.settings import AuthoritySettings
    from domain.ca_rules.endpoint import Endpoint
    from domain.certificates.ports import Certificates, Signatures
    from domain.certificates.x509_and_ssh import CertificateRequest
    from domain.token.shown_token import ShownToken

_MAX_INT64 = (1 << 63) - 1


@attrs.frozen(kw_only=True)
class SshWishes:
    """What the holder of a token for SSH will ask for beside it.

    Attributes:
        cert_type: "user" or "host", empty where the request leaves it to the token.
        key_id, principals: Likewise.
    """

    cert_type: str = ""
    key_id: str = ""
    principals: tuple[str, ...] = ()


@attrs.frozen(kw_only=True, eq=False)
class Case:
    """A token, where it will be shown, and when.

    Attributes:
        now: Nanoseconds since the epoch, UTC.
        certificates, signatures: Read what stands in the header; neither reaches outside.
        csr: The certificate signing request to be shown with it, None where it is not known.
        wishes: The same for SSH.
    """

    token: ShownToken
    endpoint: Endpoint
    settings: AuthoritySettings
    now: int
    certificates: Certificates
    signatures: Signatures
    csr: CertificateRequest | None = None
    wishes: SshWishes = SshWishes()

    def text(self, claim: str) -> str:
        """Return a claim that is text, empty where it is absent or something else."""
        value = self.token.claims.get(claim)
        return value if isinstance(value, str) else ""

    def audiences(self) -> list[str]:
        """Return the audiences, none where they are absent or something else than texts."""
        value = self.token.claims.get("aud")
        return [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str)]

    def sans(self) -> list[str]:
        """Return the names that the certificate may have: `sans`, of which null is an empty one, else the subject."""
        return read_texts(self.token.claims.get("sans")) or [self.text("sub")]

    def seconds(self, claim: str) -> int | None:
        """Return a time of the token, in seconds since the epoch as step-ca takes it, None where it is absent."""
        return read_seconds(self.token.claims.get(claim))

    def fingerprint(self) -> str:
        """Return what the token is bound to (`cnf`), empty where it is bound to nothing."""
        value = self.token.claims.get("cnf")
        found = value.get("x5rt#S256") if isinstance(value, dict) else None
        return found if isinstance(found, str) else ""


def read_texts(value: Any) -> list[str]:
    """Return a list of texts as Go reads it: null in it is an empty text, and no list an empty one."""
    return [text if isinstance(text, str) else "" for text in value] if isinstance(value, list) else []


def read_seconds(value: Any) -> int | None:
    """Return a NumericDate (RFC 7519, section 2) as go-jose reads it: cut to a whole number of 64 bits.

    What does not fit is the least such number (Go on amd64), and the last years of those that do fit are before all
    others: Go counts from the year 1, and wraps around (Go, time.Unix).

    Raises:
        ValueError: it is no number, or over all bounds.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Number):
        raise ValueError("it is not a number")
    try:
        whole = int(float(value.digits if isinstance(value, Number) else value))
    except OverflowError as error:
        raise ValueError("it is over all bounds") from error
    if abs(whole) > _MAX_INT64:
        return -_MAX_INT64 - 1
    return whole if whole - FIRST_SECOND <= _MAX_INT64 else whole - (1 << 64)
