"""The port to a certificate authority, as a token needs to know it."""

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
