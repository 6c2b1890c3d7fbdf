"""The rules that hold for every token: issuer, times, subject, use, signature, root.

Sources: step-ca, authority/authorize.go; go-jose, jwt/validation.go.
"""

from collections.abc import Iterator, Sequence

from domain.ca_rules.case import Case
from domain.formats.duration import NANOSECONDS, format_duration
from domain.keys.jwk import TYPE_ALGORITHMS, PublicJwk
from domain.report.check_result import CheckResult, failed, passed, unchecked, warning
from domain.token.validity import LEEWAY


def judge_issuer(case: Case, wanted: Sequence[str], whose: str) -> CheckResult:
    """Tell whether the issuer is one of those `wanted`; `whose` says what they are."""
    issuer = case.text("iss")
    if issuer in wanted:
        return passed("issuer", f"{issuer} is {whose}")
    return failed("issuer", f"{issuer!r} is not {whose}, {' or '.join(wanted)}", f"mint it with the issuer {wanted[0]}")


def judge_times(case: Case) -> Iterator[CheckResult]:
    """Tell whether `nbf`, `exp` and `iat` suit the time, with the leeway that the CA gives."""
    begin, end, issued = (case.seconds(name) for name in ("nbf", "exp", "iat"))
    late, early = case.now + LEEWAY, case.now - LEEWAY
    if begin is None:
        yield passed("begin", "it has no nbf, so it is valid at once")
    elif late < begin * NANOSECONDS:
        wait = format_duration(_whole_seconds(begin * NANOSECONDS - late))
        yield failed("begin", f"the CA accepts it only in {wait}", "wait, or correct this machine's clock")
    else:
        yield passed("begin", "it is valid now")
    if end is None:
        yield passed("end", "it has no exp, so it never expires")
    elif early > end * NANOSECONDS:
        since = format_duration(_whole_seconds(early - end * NANOSECONDS))
        yield failed("end", f"the CA has refused it for {since}", "mint a new token")
    else:
        left = format_duration(_whole_seconds(end * NANOSECONDS - early))
        yield passed("end", f"the CA accepts it for another {left}")
    if issued is not None and late < issued * NANOSECONDS:
        yield failed("issued", "it was issued in the CA's future", "correct the clock of the machine that mints")


def judge_age(case: Case) -> CheckResult:
    """Tell whether the token is from before the CA's start: surely so where it is older than the CA's root."""
    issued, begin = case.seconds("iat"), _find_birth(case)
    if issued is None:
        return passed("issued", "it does not say when, so it counts as issued after the CA's start")
    if case.settings.checks_issued_at is False:
        return passed("issued", "the CA takes tokens from before its own start (disableIssuedAtCheck)")
    if begin is None or issued * NANOSECONDS >= begin:
        return unchecked("issued", "whether the CA has been running since the token was issued")
    what = "it was issued before the CA's root certificate, and so before the CA's start"
    if case.settings.checks_issued_at:
        return failed("issued", what, "mint a new token")
    return unchecked("issued long ago", f"{what}; whether the CA looks at that (disableIssuedAtCheck) is not public",
                     "mint a new token")  # fmt: skip


def _find_birth(case: Case) -> int | None:
    """Return when the first of the CA's root certificates begins, in nanoseconds, None where that is not known."""
    return min((root.not_before for root in case.read_roots(*case.settings.roots) or ()), default=None)


def judge_subject(case: Case) -> CheckResult:
    """Tell whether there is a subject."""
    if case.text("sub"):
        return passed("subject", f"it is {case.text('sub')}")
    return failed("subject", "it is empty", "mint the token with a subject")


def judge_use(case: Case) -> CheckResult:
    """Say by what the CA knows a token that it has seen; whether it has cannot be known."""
    whose = f"jti {case.text('jti')}" if case.text("jti") else "a token without jti, which the CA knows by its hash,"
    return unchecked("use", f"whether {whose} was used already; the CA takes each token once")


def judge_signature(case: Case, keys: Sequence[PublicJwk], whose: str) -> CheckResult:
    """Tell whether the signature is by one of `keys`, which `whose` names."""
    token = case.token
    algorithm = token.merged.get("alg")
    remedy = f"mint it with the key of {whose}"
    fault = find_critical_fault(case)
    if fault is not None:
        return fault
    if not isinstance(algorithm, str):
        return failed("signature", "its header names no algorithm", remedy)
    if not keys:
        what = f"{whose} has no key that tokens can be signed by"
        return failed("signature", what, "use one with an EC, an RSA or an Ed25519 key")
    fitting = [key for key in keys if algorithm in TYPE_ALGORITHMS[key.members["kty"]]]
    if not fitting:
        types = " or ".join(sorted({key.members["kty"] for key in keys}))
        return failed("signature", f"{algorithm} does not go with {types} keys, such as {whose} has", remedy)
    if any(case.signatures.hold(key, algorithm, token.signing_input, token.signature) for key in fitting):
        return passed("signature", f"{algorithm} by the key of {whose}")
    return failed("signature", f"it is not by the key of {whose}, or the token was changed", remedy)


def judge_leaf_signature(case: Case, public: PublicJwk | None, whose: str) -> CheckResult:
    """Tell whether the signature is by the key of a certificate, None for one that step-ott signs by no more."""
    if public is not None:
        return judge_signature(case, [public], whose)
    return find_critical_fault(case) or unchecked(
        "signature", f"whether it is by the key of {whose}, which is of a kind that step-ott does not judge",
        "use an EC (P-256, P-384, P-521), RSA (2048 to 8192 bits) or Ed25519 key",
    )  # fmt: skip


def find_critical_fault(case: Case) -> CheckResult | None:
    """Return that `crit` names what step-ca does not know; all that it knows is `b64` (go-jose, shared.go)."""
    critical = case.token.merged.get("crit")
    if critical is None or (isinstance(critical, list) and all(name == "b64" for name in critical)):
        return None
    return failed("signature", "its header has crit, with something that step-ca does not know", "mint it without")


def _whole_seconds(nanoseconds: int) -> int:
    """Return `nanoseconds` rounded up to seconds."""
    return -(-nanoseconds // NANOSECONDS) * NANOSECONDS


def judge_root(case: Case) -> Iterator[CheckResult]:
    """Tell whether `sha`, where there is one, is the SHA-256 of one of the CA's root certificates.

    The CA itself does not look at it, so that nothing here makes the verdict; clients do (step CLI,
    utils/cautils/bootstrap.go).
    """
    fingerprint = case.token.claims.get("sha")
    if fingerprint in (None, ""):
        return
    known = [root.fingerprint() for root in case.read_roots(*case.settings.roots) or ()]
    if not known:
        yield unchecked("root", "whether its sha is the fingerprint of a root of this CA, which cannot be read")
    elif isinstance(fingerprint, str) and fingerprint.replace("-", "").lower() in known:
        yield passed("root", "its sha is the fingerprint of a root of this CA")
    else:
        what = f"its sha is not the fingerprint of a root of this CA, which is {' or '.join(known)}"
        yield warning("root", f"{what}: the CA does not look at it, but step refuses to connect with it",
                      "mint it with this CA's --root")  # fmt: skip
