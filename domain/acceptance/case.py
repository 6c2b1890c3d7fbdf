"""One token before one endpoint of one CA: everything that the rules look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain.json_text import Number

if TYPE_CHECKING:
    from domain.acceptance.endpoint import Endpoint
    from domain.authority_settings import AuthoritySettings
    from domain.certificate import CertificateRequest
    from domain.compact_jws import ReadToken
    from domain.ports import Certificates, Signatures

_MAX_INT64 = (1 << 63) - 1


@attrs.frozen(kw_only=True)
class SshWishes:
    """What the holder of a token for SSH will ask for beside it.

    Attributes:
        cert_type: "user" or "host", empty where the request leaves it to the token.
        principals: Likewise.
    """

    cert_type: str = ""
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

    token: ReadToken
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
        """Return the names that the certificate may have: `sans`, else the subject."""
        value = self.token.claims.get("sans")
        names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
        return names or [self.text("sub")]

    def seconds(self, claim: str) -> int | None:
        """Return a time of the token, in seconds since the epoch as step-ca reads it, None where it is absent."""
        return read_seconds(self.token.claims.get(claim))

    def fingerprint(self) -> str:
        """Return what the token is bound to (`cnf`), empty where it is bound to nothing."""
        value = self.token.claims.get("cnf")
        found = value.get("x5rt#S256") if isinstance(value, dict) else None
        return found if isinstance(found, str) else ""


def read_seconds(value: Any) -> int | None:
    """Return a NumericDate (RFC 7519, section 2) as go-jose reads it: cut to a whole number of 64 bits.

    Raises:
        ValueError: it is no number, or over all bounds.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Number):
        raise ValueError("it is no number")
    try:
        whole = int(float(value.digits if isinstance(value, Number) else value))
    except OverflowError as error:
        raise ValueError("it is over all bounds") from error
    return whole if abs(whole) <= _MAX_INT64 else -_MAX_INT64 - 1
