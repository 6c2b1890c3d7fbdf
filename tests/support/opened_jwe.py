"""JWEs opened in one go."""

from adapters.jose.jwe import begin_opening


def open_jwe(text: str, password: bytes) -> bytes:
    """Return what the JWE `text` holds."""
    return begin_opening(text, password)()
