"""Whether step-ca can read the claims at all: a claim of another JSON type fails the whole token."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from domain.ca_rules.case import Case
from domain.ca_rules.endpoint import Endpoint
from domain.ca_rules.x5c import read_chain
from domain.errors import InputError
from domain.formats.go_json import RepeatedMembers, can_be_decoded
from domain.formats.go_time import parse_go_moment
from domain.keys.jwk import THUMBPRINT_MEMBERS
from domain.report.check_result import CheckResult, failed, passed, unchecked
from domain.token.reader import read_seconds


def judge_form(case: Case) -> CheckResult:
    """Tell whether every header member and claim that step-ca reads of any token is of the type that it reads."""
    checks = _REGISTERED if case.endpoint is Endpoint.RENEW else _REGISTERED | _REQUESTED
    wrong = dict.fromkeys(name for header in case.token.headers for name in _list_wrong_members(header, case))
    return _tell("form", [*wrong, *_list_wrong(case.token.claims, checks)], "header and claims")


def judge_header_key(case: Case) -> Iterator[CheckResult]:
    """Say that a key in the header is not judged: step-ca refuses one that it cannot read, and ignores any other."""
    remedy = "mint it without"
    for key in (header["jwk"] for header in case.token.headers[:1] if "jwk" in header):
        if not isinstance(key, dict) or key.get("kty") not in THUMBPRINT_MEMBERS or key.get("d") is not None:
            yield failed("header key", "the jwk in its header is not a public key", remedy)
        else:
            yield unchecked("header key", "whether step-ca can read the jwk in its header, which it has no use for",
                            remedy)  # fmt: skip


def judge_payload(case: Case, names: Iterable[str], what: str) -> CheckResult:
    """Tell the same of the claims in `names`, which step-ca reads of some provisioners' tokens alone.

    Those that are not `cnf` or `step` are texts; `what` is what all are about.
    """
    checks = {name: _PAYLOAD.get(name, _is_text) for name in names}
    return _tell("payload", list(_list_wrong(case.token.claims, checks)), what)


def _tell(rule: str, wrong: Sequence[str], what: str) -> CheckResult:
    if wrong:
        named = f"{' and '.join(sorted(wrong))}, which {'is' if len(wrong) == 1 else 'are'} of the wrong type"
        return failed(rule, f"step-ca cannot read {named}", "mint the token again")
    return passed(rule, f"what step-ca reads of its {what} is of the right types")


def _list_wrong_members(header: Mapping[str, Any], case: Case) -> Iterator[str]:
    yield from _list_wrong(header, _HEADER)
    yield from (name for name in header.keys() - _HEADER.keys() - {"jwk", "x5c"} if not can_be_decoded(header[name]))
    try:
        read_chain(header, "x5c", case.certificates)
    except InputError:
        yield "x5c"


def _list_wrong(members: Mapping[str, Any], checks: Mapping[str, Callable[[Any], bool]]) -> Iterator[str]:
    return (name for name, check in checks.items() if name in members and not check(members[name]))


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_texts(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(map(_is_text, value)))


def _is_audience(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _is_time(value: Any) -> bool:
    try:
        read_seconds(value)
    except ValueError:
        return False
    return True


def _is_moment(value: Any) -> bool:
    """Tell whether `value` is a time or duration (step-ca, provisioner/timeduration.go)."""
    try:
        return value in (None, "") or (isinstance(value, str) and parse_go_moment(value) is not None)
    except ValueError:
        return False


def _is_object_of(checks: Mapping[str, Callable[[Any], bool]]) -> Callable[[Any], bool]:
    def is_readable(value: Any) -> bool:
        is_object = isinstance(value, dict) and not isinstance(value, RepeatedMembers)
        return value is None or (is_object and not any(_list_wrong(value, checks)))

    return is_readable


_SSH = {
    "certType": _is_text,
    "keyID": _is_text,
    "principals": _is_texts,
    "validAfter": _is_moment,
    "validBefore": _is_moment,
}
_REGISTRATION = dict.fromkeys(
    ("authorityId", "endpointId", "provisionerId", "provisionerType", "provisionerName"), _is_text
)
"""Who a registration authority asked for (step-ca, provisioner/provisioner.go, RAInfo)."""

_HEADER = {"alg": _is_text, "kid": _is_text, "nonce": _is_text}
_REGISTERED: dict[str, Callable[[Any], bool]] = {
    "iss": _is_text,
    "sub": _is_text,
    "aud": _is_audience,
    "jti": _is_text,
    "exp": _is_time,
    "nbf": _is_time,
    "iat": _is_time,
}
_REQUESTED: dict[str, Callable[[Any], bool]] = {"sans": _is_texts, "email": _is_text, "nonce": _is_text}
_PAYLOAD: dict[str, Callable[[Any], bool]] = {
    "cnf": _is_object_of({"x5rt#S256": _is_text}),
    "step": _is_object_of({"ssh": _is_object_of(_SSH), "ra": _is_object_of(_REGISTRATION)}),
}
