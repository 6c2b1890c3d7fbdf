"""OpenSSH's own container of private keys, within PEM, on `cryptography` (OpenSSH, PROTOCOL.key)."""

from binascii import a2b_base64

from cryptography.hazmat.primitives.serialization import load_ssh_private_key

from domain.formats.pem import join_pem
from domain.keys.openssh import check_openssh_key

LABEL = "OPENSSH PRIVATE KEY"


def is_encrypted_openssh(body: bytes) -> bool:
    """Return whether the key in a block is encrypted; raises as `check_openssh_key` does."""
    return check_openssh_key(a2b_base64(body))


def load_openssh_key(body: bytes, password: bytes | None) -> object:
    """Return the key in a block, or raise what the library has against it; an RSA key's numbers are not looked at."""
    return load_ssh_private_key(join_pem(LABEL, body), password, unsafe_skip_rsa_key_validation=True)
