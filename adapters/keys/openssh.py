"""OpenSSH's own container of private keys, within PEM, on `cryptography` (OpenSSH, PROTOCOL.key)."""

from binascii import a2b_base64

from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from domain.formats.pem import join_pem
from domain.keys.openssh import check_openssh_key

LABEL = "OPENSSH PRIVATE KEY"


def is_encrypted_openssh(body: bytes) -> bool:
    """Return whether the key in the block `body` is encrypted, after a look at what it is and what it asks for.

    Raises:
        ValueError: it is not such a container.
        KeyFormatError: it is of a type that signs no tokens, or asks for more work than is done for any key.
    """
    return check_openssh_key(a2b_base64(body))


def load_openssh_key(body: bytes, password: bytes | None) -> object:
    """Return the key in the block `body`; an RSA key's numbers are not looked at.

    Raises:
        Exception: whatever the library has against it.
    """
    return load_ssh_private_key(join_pem(LABEL, body), password, unsafe_skip_rsa_key_validation=True)
