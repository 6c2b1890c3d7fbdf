"""The fingerprint by which a root certificate is trusted that is yet to be downloaded."""

from domain.ca.fingerprint import HOW_TO_GET, parse_fingerprint
from domain.errors import UsageError
from domain.settings.authority import AuthorityOptions, parse_option


def read_root_fingerprint(options: AuthorityOptions) -> str:
    """Return the SHA-256 of the root's DER, 64 lower-case hex.

    Raises:
        UsageError: it is missing, or is something else.
    """
    fingerprint = parse_option(options.settings, "fingerprint", lambda text: parse_fingerprint(text.strip()))
    if fingerprint is None:
        raise UsageError("--fingerprint is missing", f"give the root's: {HOW_TO_GET}")
    return fingerprint
