"""Why a certificate is revoked: the reason codes of RFC 5280, 5.3.1, by number and by step's names."""

from domain.errors import UsageError

REASON_NAMES = {
    "unspecified": 0, "keycompromise": 1, "cacompromise": 2, "affiliationchanged": 3, "superseded": 4,
    "cessationofoperation": 5, "certificatehold": 6, "removefromcrl": 8, "privilegewithdrawn": 9, "aacompromise": 10,
}  # fmt: skip
"""Step's names in small letters, without spaces (step CLI, command/ca/revoke.go, RevocationReasonCodes)."""


def read_reason_code(text: str, whose: str) -> int:
    """Return the reason code that `text`, a number or a name, stands for; none where it is empty.

    Args:
        text: What was given.
        whose: What gave it, for errors.

    Raises:
        UsageError: there is no such reason.
    """
    if not text:
        return 0
    code = int(text) if text.isascii() and text.isdigit() and len(text) < 3 else None
    if code is None:
        code = REASON_NAMES.get(text.lower().replace(" ", ""))
    if code is None or code > max(REASON_NAMES.values()):
        raise UsageError(f"{whose} {text!r} is not known", f"give 0 to 10, or one of {', '.join(REASON_NAMES)}")
    return code
