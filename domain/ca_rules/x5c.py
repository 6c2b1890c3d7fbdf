"""Whether X.509 certificates vouch for a token (step-ca, provisioner/x5c.go; authorize.go, AuthorizeRenewToken)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.ca_rules.chain import ChainSearch
from domain.ca_rules.endpoint import Endpoint
from domain.ca_rules.every_token import judge_leaf_signature
from domain.ca_rules.header_chain import read_header_chain
from domain.errors import InputError
from domain.formats.duration import MINUTE
from domain.report.check_result import CheckResult, failed, passed, unchecked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from domain.ca_rules.case import Case
    from domain.certificates.x509_and_ssh import Certificate

SHORT_LIFE = 5 * MINUTE
"""The least that step-ca lets a certificate last, unless it is told otherwise, in nanoseconds."""


def judge_x5c(case: Case, roots: bytes, name: str) -> Iterator[CheckResult]:
    """Give what the CA finds in the chain in `x5c`, for the provisioner `name` that trusts `roots`, in PEM."""
    try:
        chain = read_header_chain(case, "x5c")
    except InputError as error:
        yield failed("certificate", error.what, "mint it with --x5c-cert and --x5c-key, without --x5c-insecure")
        return
    remedy = f"use a certificate that provisioner {name} trusts, with its whole chain"
    yield from judge_chain(chain, read_roots(case, [roots]), case.now, remedy)
    yield judge_leaf_signature(case, chain[0].public, f"certificate {chain[0].common_name!r}")
    is_to_sign = case.endpoint in (Endpoint.SIGN, Endpoint.SSH_SIGN)
    if is_to_sign and chain[0].not_after - case.now < SHORT_LIFE:
        yield unchecked("life", "whether the CA signs for as short a time as this certificate still lasts",
                        "use one that lasts longer")  # fmt: skip


def read_roots(case: Case, files: Iterable[bytes]) -> list[Certificate] | None:
    """Return the certificates that the CA names as roots, None where they cannot be read."""
    try:
        return [root for data in files for root in case.certificates.read_chain(data)]
    except InputError:
        return None


def judge_chain(
    chain: Sequence[Certificate], roots: Sequence[Certificate] | None, now: int, remedy: str
) -> Iterator[CheckResult]:
    """Tell whether a chain leads from the first of `chain` to one of `roots`, and whether its leaf may sign.

    Args:
        chain: The leaf, and certificates that may lie between, in any order.
        roots: None where they cannot be read.
        now: Nanoseconds since the epoch, UTC.
        remedy: What to do where it does not.
    """
    if roots is None:
        yield unchecked("certificate", "whether it is trusted: the roots that the CA names cannot be read",
                        "fix them at the CA")  # fmt: skip
        return
    search, leaf = ChainSearch(chain, roots), chain[0]
    fault = search.find_fault(now)
    if fault is not None and not search.checks_left:
        yield unchecked("certificate", "whether it is trusted: the header holds more certificates than are tried",
                        "leave out those that do not belong to the chain")  # fmt: skip
    elif fault is not None:
        yield failed("certificate", fault, remedy)
    elif not leaf.digital_signature:
        yield failed("certificate", "its key usage does not name digitalSignature", "get one whose key usage does")
    else:
        yield passed("certificate", f"a chain leads from {leaf.common_name!r} to a trusted root")
    if any(certificate.has_open_questions for certificate in (*chain, *roots)):
        yield unchecked("constraints", "whether name constraints and critical extensions in the chain are kept",
                        "show the token to the CA to find out")  # fmt: skip
