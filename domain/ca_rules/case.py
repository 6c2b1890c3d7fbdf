"""One token before one endpoint of one CA: everything that the rules look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.errors import InputError
from domain.token.reader import read_audiences, read_seconds, read_text, read_texts

if TYPE_CHECKING:
    from domain.ca.settings import AuthoritySettings
    from domain.ca_rules.endpoint import Endpoint
    from domain.certificates.ports import Certificates, Signatures
    from domain.certificates.x509_and_ssh import Certificate, CertificateRequest
    from domain.formats.moment import Moment
    from domain.token.go_jws import GoJws


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
        not_before, not_after: When the certificate is asked to begin and to end, beside the token.
    """

    token: GoJws
    endpoint: Endpoint
    settings: AuthoritySettings
    now: int
    certificates: Certificates
    signatures: Signatures
    csr: CertificateRequest | None = None
    wishes: SshWishes = SshWishes()
    not_before: Moment | None = None
    not_after: Moment | None = None

    def read_roots(self, *files: bytes) -> list[Certificate] | None:
        """Return the certificates in `files`, which the CA names as roots; None where one cannot be read."""
        try:
            return [root for data in files for root in self.certificates.read_chain(data)]
        except InputError:
            return None

    def text(self, claim: str) -> str:
        """Return a claim that is text, empty where it is absent or something else."""
        return read_text(self.token.claims.get(claim))

    def audiences(self) -> list[str]:
        """Return the audiences, none where they are absent or something else than texts."""
        return read_audiences(self.token.claims)

    def sans(self) -> list[str]:
        """Return the names that the certificate may have: `sans`, of which null is an empty one, else the subject."""
        return read_texts(self.token.claims.get("sans")) or [self.text("sub")]

    def seconds(self, claim: str) -> int | None:
        """Return a time of the token, in seconds since the epoch as step-ca takes it, None where it is absent."""
        return read_seconds(self.token.claims.get(claim))
