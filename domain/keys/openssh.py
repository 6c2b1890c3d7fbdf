"""OpenSSH's container of private keys, read as far as it takes to know what opening it costs.

Source: OpenSSH, PROTOCOL.key.
"""

from domain.errors import KeyFormatError
from domain.keys.jwk import check_rsa_key
from domain.keys.work import MAX_BCRYPT_ROUNDS, check_iterations

_MAGIC = b"openssh-key-v1\0"
_SIGNING_KEYS = frozenset(
    {b"ssh-rsa", b"ssh-ed25519", b"ecdsa-sha2-nistp256", b"ecdsa-sha2-nistp384", b"ecdsa-sha2-nistp521"}
)


def check_openssh_key(data: bytes) -> bool:
    """Return whether the container `data` is encrypted, after a look at what it is and what it asks for.

    Raises:
        ValueError: it is not such a container.
        KeyFormatError: it holds a key of a type that signs no tokens, or asks for more work than is done for any key.
    """
    if not data.startswith(_MAGIC):
        raise ValueError("it does not begin as OpenSSH keys do")
    _, at = _take_string(data, len(_MAGIC))
    derivation, at = _take_string(data, at)
    options, at = _take_string(data, at)
    public, _ = _take_string(data, at + 4)  # behind the number of keys
    kind, begin = _take_string(public, 0)
    if kind not in _SIGNING_KEYS:
        what = "a DSA key" if kind == b"ssh-dss" else "a key of its type"
        raise KeyFormatError(f"{what} cannot sign a token", "use an EC (P-256, P-384, P-521), RSA or Ed25519 key")
    if kind == b"ssh-rsa":
        _check_rsa(public, begin)
    if derivation == b"none":
        return False
    _, at = _take_string(options, 0)
    rounds, at = _take_number(options, at)
    if at != len(options):
        raise ValueError("something is left over")
    check_iterations(rounds, "bcrypt rounds", MAX_BCRYPT_ROUNDS)
    return True


def _check_rsa(public: bytes, at: int) -> None:
    """Check an RSA key's public half (RFC 4253, 6.6), which is never encrypted."""
    exponent, at = _take_string(public, at)
    modulus, _ = _take_string(public, at)
    check_rsa_key(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))


def _take_number(data: bytes, at: int) -> tuple[int, int]:
    """Return the 32 bits at `at`, and where the next thing begins (RFC 4251, section 5)."""
    if at + 4 > len(data):
        raise ValueError("it is cut off")
    return int.from_bytes(data[at : at + 4], "big"), at + 4


def _take_string(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the string at `at`, and where the next thing begins (RFC 4251, section 5)."""
    size, begin = _take_number(data, at)
    if begin + size > len(data):
        raise ValueError("it is cut off")
    return data[begin : begin + size], begin + size
