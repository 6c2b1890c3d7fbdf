"""The fingerprint by which a CA's root certificate is known."""

import re

HOW_TO_GET = "'openssl x509 -in root_ca.crt -noout -fingerprint -sha256' prints it where the CA runs"
"""Where somebody gets it."""

_SHA256 = re.compile(r"[0-9a-f]{64}")


def parse_fingerprint(text: str) -> str:
    """Return the SHA-256 that `text` is, as 64 lower-case hex.

    Args:
        text: 64 hex digits of either case, with dashes or colons between them or without.

    Raises:
        ValueError: it is something else.
    """
    digits = text.replace(":", "").replace("-", "").lower()
    if not _SHA256.fullmatch(digits):
        raise ValueError("it is not a SHA-256, 64 hex digits")
    return digits
