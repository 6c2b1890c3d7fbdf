"""Where a private key is: in a file of the user's, or in an envelope that the CA hands out."""

import attrs


@attrs.frozen
class KeyFile:
    """A private key in a file: JWK, encrypted JWK, PEM or OpenSSH."""

    path: str
    option: str
    """The option that named the file, without dashes, for errors."""


@attrs.frozen
class NebulaKeyFile(KeyFile):
    """A private key of a Nebula certificate's in a file: in Nebula's own PEM, or as any other key."""


@attrs.frozen
class SealedKey:
    """A JWK encrypted with a password (RFC 7516), as a CA hands it out."""

    jwe: str = attrs.field(repr=False)
    label: str
    """Whose key it is, for prompts and errors."""
