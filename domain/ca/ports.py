"""The ports to a certificate authority: as a token needs to know it, and before it can be verified."""

from collections.abc import Sequence
from typing import Protocol

from domain.ca.url import CaUrl


class Authority(Protocol):
    """A certificate authority as a token needs to know it."""

    def url(self) -> CaUrl:
        """Return the address that audiences name."""
        ...

    def names(self) -> Sequence[str]:
        """Return the names that the CA takes audiences for; none where they are not known, or not yet.

        Over HTTPS those in the certificate of its last answer, IP addresses in their canonical form.
        """
        ...

    def root_fingerprint(self) -> str:
        """Return the SHA-256 of the root certificate's DER in lower-case hex, empty where no token needs it."""
        ...

    def source(self) -> tuple[str, str]:
        """Return the file that all of this is read from, empty where the CA itself or the user is asked.

        Beside it, what to think of where a provisioner is sought in vain, empty for nothing.
        """
        ...

    def encrypted_key(self, kid: str) -> str:
        """Return the JWE of the JWK provisioner with that key identifier.

        Raises:
            AuthorityError: the CA holds none.
        """
        ...


class RootSource(Protocol):
    """Where the root certificate of a CA comes from of which only its address and the root's fingerprint are known."""

    def find(self, ca_url: CaUrl, fingerprint: str) -> bytes:
        """Return the DER of the one root with this fingerprint.

        Args:
            ca_url: Where the CA listens.
            fingerprint: SHA-256 of the DER, 64 lower-case hex (see `domain.ca.fingerprint`).

        Raises:
            NetworkError: no answer, or not in time.
            AuthorityError: the CA has no such root, or answers with something else.
            InputError: what has the fingerprint is not an X.509 certificate.
        """
        ...
