"""What is odd about a token: what a CA would refuse, or what its maker probably did not mean."""

import re
from collections.abc import Iterator

from domain.formats import base64url
from domain.formats.duration import NANOSECONDS
from domain.formats.json_text import describe
from domain.inspect.outline import TokenOutline
from domain.token.validity import MAX_VALIDITY

SHA256_BYTES = 32
_FINGERPRINT = re.compile("[0-9A-Fa-f]{64}")


def list_warnings(outline: TokenOutline, now: int) -> list[str]:
    """Return what is odd about the token, a sentence each; `now` is nanoseconds since the epoch, UTC."""
    found = _judge_times(outline, now // NANOSECONDS), _judge_claims(outline), _judge_request(outline)
    return [warning for warnings in (*found, _judge_header(outline)) for warning in warnings]


def _judge_times(outline: TokenOutline, now: int) -> Iterator[str]:
    begin, end, issued = outline.not_before, outline.expires, outline.issued
    for name, seconds in (("exp", end), ("nbf", begin), ("iat", issued)):
        if outline.claims.get(name) is not None and seconds is None:
            yield f"its {name} is not a time in the calendar"
    if outline.claims.get("exp") is None:
        yield "it never expires: it has no exp"
    if end is not None and end <= now:
        yield "it has expired"
    if begin is not None and begin > now:
        yield "it is not valid yet"
    if issued is not None and issued > now:
        yield "its iat is in the future: the clock here or where it was made is wrong"
    start = issued if begin is None else begin
    if start is None or end is None:
        return
    if end < start:
        yield f"its exp is before its {'iat' if begin is None else 'nbf'}"
    if (end - start) * NANOSECONDS > MAX_VALIDITY and "short life" in outline.made_by.expected:
        yield "it lasts for more than an hour"


def _judge_claims(outline: TokenOutline) -> Iterator[str]:
    claims, audience, expected = outline.claims, outline.audience, outline.made_by.expected
    if not claims.get("iss"):
        yield "it has no iss: it does not say which provisioner made it"
    if not claims.get("sub") and "sub" in expected:
        yield "its subject is empty"
    yield from outline.made_by.list_oddities(claims)
    if not claims.get("jti") and "jti" in expected:
        yield "it has no jti, by which the CA recognises it"
    if "aud" not in expected:
        return
    if not audience.texts:
        yield "it has no audience"
    elif audience.request is None and "request" in expected:
        yield "its audience is not a request of a step-ca"
    if isinstance(claims.get("aud"), list) and audience.texts:
        yield f"its aud is a list of {len(claims['aud'])}, of which the first is shown here"


def _judge_request(outline: TokenOutline) -> Iterator[str]:
    claims, request, expected = outline.claims, outline.audience.request, outline.made_by.expected
    if request == "sign" and not claims.get("sans") and "sans" in expected:
        yield "it has no sans: the CA takes the subject as the only name"
    if request == "ssh/sign" and outline.ssh is None and "step.ssh" in expected:
        yield "it has no step.ssh, without which the CA signs no SSH certificate"
    fingerprint = claims.get("sha")
    if fingerprint is not None and not (isinstance(fingerprint, str) and _FINGERPRINT.fullmatch(fingerprint)):
        yield "its sha is not the fingerprint of a root certificate: SHA-256 in hexadecimal"
    if claims.get("cnf") is None:
        return
    if not outline.fingerprint:
        yield "its cnf holds no x5rt#S256 and binds it to nothing"
    elif not _is_digest(outline.fingerprint):
        yield "its cnf is not a SHA-256 in base64url: nothing can match it"


def _judge_header(outline: TokenOutline) -> Iterator[str]:
    header, expected = outline.header, outline.made_by.expected
    kid, algorithm, type_name = map(header.get, ("kid", "alg", "typ"))
    if isinstance(kid, str) and ("/" in kid or "\\" in kid):
        yield "its kid is a path of the machine that it was made on"
    if not kid and "kid" in expected:
        yield "it has no kid, by which the CA finds the provisioner"
    if not algorithm or str(algorithm).lower() == "none":
        yield "it has no signature algorithm"
    elif str(algorithm).startswith("HS") and "public key" in expected:
        yield f"its algorithm {describe(algorithm)} needs a secret shared with the CA: step-ca takes no such token"
    if type_name not in (None, "JWT"):
        yield f"its typ is {describe(type_name)}, not JWT"
    if header.get("crit") not in (None, [], ["b64"]):
        yield "its header has crit, which step-ca refuses"
    if "x5c" in header and "x5cInsecure" in header:
        yield "it has both x5c and x5cInsecure: step-ca reads the first for X5C, the second for renewals"


def _is_digest(text: str) -> bool:
    try:
        return len(base64url.decode(text)) == SHA256_BYTES
    except ValueError:
        return False
