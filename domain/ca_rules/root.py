"""Whether clients can trust the CA by what a token says of its root (step CLI, utils/cautils/bootstrap.go).

The CA itself does not look at `sha`, so that nothing here makes the verdict.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from domain.errors import InputError
from domain.report.check_result import CheckResult, passed, unchecked, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.ca_rules.case import Case

RULE = "root"


def judge_root(case: Case) -> Iterator[CheckResult]:
    """Tell whether `sha`, where there is one, is the SHA-256 of one of the CA's root certificates."""
    fingerprint = case.token.claims.get("sha")
    if fingerprint in (None, ""):
        return
    try:
        roots = [root for data in case.settings.roots for root in case.certificates.read_chain(data)]
    except InputError:
        roots = []
    known = [sha256(root.der).hexdigest() for root in roots]
    if not known:
        yield unchecked(RULE, "whether its sha is the fingerprint of a root of this CA, which cannot be read")
    elif isinstance(fingerprint, str) and fingerprint.replace("-", "").lower() in known:
        yield passed(RULE, "its sha is the fingerprint of a root of this CA")
    else:
        what = f"its sha is not the fingerprint of a root of this CA, which is {' or '.join(known)}"
        yield warning(RULE, f"{what}: the CA does not look at it, but step refuses to connect with it",
                      "mint it with this CA's --root")  # fmt: skip
