"""What a token says, in words: read without its key, so that nothing here says whether the CA would take it."""

from collections.abc import Mapping
from typing import Any

from domain.ca.cert_types import USER
from domain.formats.duration import NANOSECONDS, format_duration
from domain.formats.rfc3339 import format_time
from domain.inspect.outline import (
    RENEWAL,
    REQUESTS,
    HeaderCertificates,
    TokenOutline,
    describe_chain,
    list_certificate_warnings,
    outline_token,
)
from domain.inspect.timeline import Timeline
from domain.inspect.warnings import list_warnings
from domain.report.worded_value import WordedValue, join_items, word_item
from domain.token.compact_jws import CompactJws

NO_REQUEST = "unknown: the audience names no step-ca request"
NOT_CHECKED = WordedValue("not checked", "not checked; this is what the token says of itself")

_SSH_MEMBERS = {
    "certType": "certificate_type",
    "keyID": "key_id",
    "principals": "principals",
    "validAfter": "from",
    "validBefore": "until",
    "templateData": "template_data",
}
"""The options of an SSH certificate (step-ca, provisioner/sign_ssh_options.go), and how they are told here."""

_BOUND_TO = {
    "sign": ("csr", "the CSR with the SHA-256 {}"),
    "ssh/sign": ("ssh_public_key", "the SSH public key with the SHA-256 {}, which step-ca 0.30.2 does not compare"),
}
_BOUND_TO_NOTHING = ("unused", "the SHA-256 {}, which step-ca compares only when it signs")


def inspect_token(token: CompactJws, held: HeaderCertificates, now: int) -> dict[str, Any]:
    """Return what the token says, by name, in the order to show it.

    Args:
        token: As `domain.token.compact_jws.read_token` returns it.
        held: The certificates in its header.
        now: Nanoseconds since the epoch, UTC.

    Returns:
        Values that JSON can carry, but for each `WordedValue` and the `Timeline`.
    """
    outline = outline_token(token)
    facts = _tell_purpose(outline) | _tell_origin(outline) | _tell_times(outline, now // NANOSECONDS) | {
        "bound_to": _tell_binding(outline),
        "ssh": None if outline.ssh is None else _tell_ssh(outline.ssh),
        "user": outline.claims.get("user"),
        "certificates": describe_chain(held) or None,
        **{name: certificate.describe() for name, (_, certificate) in held.others.items()},
        "signature": NOT_CHECKED,
        "warnings": [*list_warnings(outline, now), *list_certificate_warnings(held, now)] or None,
    }  # fmt: skip
    return {name: value for name, value in facts.items() if value is not None}


def _tell_purpose(outline: TokenOutline) -> dict[str, Any]:
    audience = outline.audience
    is_told = audience.address is not None and len(audience.texts) == 1
    return {
        "request": REQUESTS.get(audience.request or "", outline.made_by.any_request or NO_REQUEST),
        "subject": outline.claims.get("sub"),
        "names": outline.claims.get("sans") or None,
        "ca": audience.address,
        "path": audience.path or None,
        "audience": None if is_told else list(audience.texts) or None,
    }


def _tell_origin(outline: TokenOutline) -> dict[str, Any]:
    type_name: Any = outline.provisioner_type
    if type_name == RENEWAL:
        type_name = WordedValue(RENEWAL, "none: a renewal, signed by the certificate's own key")
    return {
        "provisioner": outline.claims.get("iss"),
        "provisioner_type": type_name,
        "audience_fragment": outline.audience.fragment or None,
        **outline.made_by.describe(outline.claims),
        "algorithm": outline.header.get("alg"),
        "key_id": outline.header.get("kid"),
        "token_id": outline.claims.get("jti"),
        "root_fingerprint": outline.claims.get("sha"),
    }


def _tell_times(outline: TokenOutline, now: int) -> dict[str, Any]:
    return {
        "issued": _format_seconds(outline.issued),
        "from": _format_seconds(outline.not_before),
        "until": _format_seconds(outline.expires),
        "remaining": _tell_remaining(outline.not_before, outline.expires, now),
        "timeline": Timeline(outline.not_before, outline.expires, outline.issued, now),
    }


def _tell_remaining(begin: int | None, end: int | None, now: int) -> str | None:
    if begin is not None and begin > now:
        return f"begins in {format_duration((begin - now) * NANOSECONDS)}"
    if end is None:
        return None
    distance = format_duration(abs(end - now) * NANOSECONDS)
    return f"expires in {distance}" if end > now else f"expired {distance} ago"


def _tell_binding(outline: TokenOutline) -> WordedValue | None:
    if not outline.fingerprint:
        return None
    what, words = _BOUND_TO.get(outline.audience.request or "", _BOUND_TO_NOTHING)
    return WordedValue({"what": what, "sha256": outline.fingerprint}, words.format(word_item(outline.fingerprint)))


def _tell_ssh(options: Mapping[str, Any]) -> WordedValue:
    """Return the options of the SSH certificate, in words and in members; what is empty is the CA's to choose."""
    said = {name: options[member] for member, name in _SSH_MEMBERS.items() if options.get(member) not in (None, "", [])}
    principals = said.get("principals", ["the subject"])
    words = [
        f"a {word_item(said.get('certificate_type', USER))} certificate",
        f"key id {word_item(said.get('key_id', 'the subject'))}",
        f"principals {join_items(principals) if isinstance(principals, list) else word_item(principals)}",
        *(f"{end} {_word_moment(said[end])}" for end in ("from", "until") if end in said),
        *(f"{name} {word_item(said[name])}" for name in ("template_data",) if name in said),
    ]
    unknown = sorted(set(options) - set(_SSH_MEMBERS))
    if unknown:
        words.append(f"and what step-ca does not know: {join_items(unknown)}")
    return WordedValue(said, ", ".join(words))


def _word_moment(value: Any) -> str:
    """Return a time as it is, and with a duration from when it counts."""
    return word_item(value) if not isinstance(value, str) or "T" in value else f"{word_item(value)} after the signing"


def _format_seconds(seconds: int | None) -> str | None:
    return None if seconds is None else format_time(seconds * NANOSECONDS)
