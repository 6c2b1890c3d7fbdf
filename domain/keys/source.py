"""Where a private key is: in a file, in an envelope that the CA hands out, or in a device that it never leaves.

The classes are plain ones, for every token loads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain.keys.jwk import PublicJwk
    from domain.keys.pkcs11_uri import Pkcs11Uri


class KeyFile:
    """A private key in a file: JWK, encrypted JWK, PEM of any kind, or OpenSSH.

    Attributes:
        path: The file.
        whose: What gave the file, as the user wrote it, with the path, for errors: `--key token.key`.
        may_be_x25519: Whether it may be an X25519 key, which signs for its own certificate alone.
    """

    def __init__(self, path: str, whose: str, may_be_x25519: bool = False) -> None:
        self.path, self.whose, self.may_be_x25519 = path, whose, may_be_x25519


class SealedKey:
    """A JWK encrypted with a password (RFC 7516), as a CA hands it out; `label` says whose, for prompts and errors."""

    def __init__(self, jwe: str, label: str) -> None:
        self.jwe, self.label = jwe, label


class DeviceKey:
    """A private key in a device that speaks PKCS#11.

    Attributes:
        uri: Where the module, the token and the key are, and the PIN or its file.
        label: What named it, without the PIN, for errors.
        published: The public half that it should have, for a device that has the private half alone; its
            algorithm counts for an RSA key. None where it is not known.
    """

    def __init__(self, uri: Pkcs11Uri, label: str, published: PublicJwk | None = None) -> None:
        self.uri, self.label, self.published = uri, label, published
