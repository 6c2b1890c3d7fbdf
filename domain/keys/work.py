"""How much work a key may take to derive from a password: what a file or a CA asks for is judged before it is done."""

from typing import NoReturn

from domain.errors import KeyFormatError

MAX_ITERATIONS = 1_000_000
"""The most iterations of PBKDF2 or PKCS#12: go-jose's own cap; step writes 600,000, openssl 2,048."""

MAX_BCRYPT_ROUNDS = 500
"""ssh-keygen writes 16 or 24, and a hundred where hardening guides are followed; five hundred take some seconds."""

MAX_SCRYPT_BYTES = 64 << 20
"""The most memory of scrypt, with all that the library holds; openssl writes, and takes, half of it at most."""

MAX_SCRYPT_WORK = 1 << 20
"""The most that N, r and p may come to, multiplied: eight times what openssl writes."""


def check_iterations(count: int, unit: str, most: int = MAX_ITERATIONS) -> None:
    """Check that a key asks for 1 to `most` iterations.

    Raises:
        KeyFormatError: it asks for none, or for more.
    """
    if count < 1:
        raise KeyFormatError(f"it asks for no {unit}", "get a good copy of it")
    if count > most:
        refuse_work(f"more than {most} {unit}")


def refuse_work(what: str) -> NoReturn:
    """Refuse a key that asks for `what`."""
    raise KeyFormatError(f"it asks for {what}", "encrypt it again with fewer, by the tool that made it")
