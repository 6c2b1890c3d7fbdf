"""Keys made of passwords as PKCS#12 does it, by SHA-1 (RFC 7292, appendix B), for old encrypted PKCS#8."""

from hashlib import sha1

ENCRYPTION_KEY, INITIALISATION_VECTOR = 1, 2
"""What the bytes are for (RFC 7292, B.3)."""

_BLOCK_BYTES = 64


def derive_pkcs12(password: str, salt: bytes, iterations: int, purpose: int, size: int) -> bytes:
    """Return `size` bytes of key material.

    Args:
        iterations: At least 1; the caller bounds it.
        purpose: `ENCRYPTION_KEY` or `INITIALISATION_VECTOR`.
    """
    diversifier = bytes([purpose]) * _BLOCK_BYTES
    state = _repeat(salt) + _repeat((password + "\0").encode("utf-16-be"))
    derived = b""
    while len(derived) < size:
        block = sha1(diversifier + state).digest()  # noqa: S324  # what the format says
        for _ in range(iterations - 1):
            block = sha1(block).digest()  # noqa: S324  # what the format says
        derived += block
        state = _advance(state, block)
    return derived[:size]


def _repeat(data: bytes) -> bytes:
    """Return `data` repeated to the next whole number of blocks."""
    size = -(-len(data) // _BLOCK_BYTES) * _BLOCK_BYTES
    return (data * (size // len(data) + 1))[:size] if data else b""


def _advance(state: bytes, block: bytes) -> bytes:
    """Return the state with the repeated `block` and 1 added to each of its blocks."""
    addend = int.from_bytes(_repeat(block)[:_BLOCK_BYTES], "big") + 1
    modulus = 1 << 8 * _BLOCK_BYTES
    return b"".join(
        ((int.from_bytes(state[at : at + _BLOCK_BYTES], "big") + addend) % modulus).to_bytes(_BLOCK_BYTES, "big")
        for at in range(0, len(state), _BLOCK_BYTES)
    )
