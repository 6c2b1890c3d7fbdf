"""What errors show of texts that may hold a password or a PIN.

Every error of step-ott is masked when it is made (domain/errors.py); who quotes a value that is to be an address masks
that first, since an address without a scheme is not seen to be one in a sentence.
"""

import re

_SCHEME = re.compile("[A-Za-z][A-Za-z0-9+.-]*://")
_CREDENTIALS = re.compile(r"(://)\S*@")
_PIN = re.compile(r"(pin-value=)\S+", re.IGNORECASE)


def mask_address(text: str) -> str:
    """Return an address, of whatever form, without user name and password (RFC 3986, 3.2.1).

    They reach up to the last `@`, since people write `/`, `?` and `@` in a password as they are.
    """
    before, mark, host = text.rpartition("@")
    if not mark:
        return text
    scheme = _SCHEME.match(before)
    return f"{scheme[0] if scheme else ''}***@{host}"


def mask_text(text: str) -> str:
    """Return a sentence without the credentials of addresses in it that have a scheme, and without PINs."""
    return _PIN.sub(r"\1***", _CREDENTIALS.sub(r"\1***@", text))
