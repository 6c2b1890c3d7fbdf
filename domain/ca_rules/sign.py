"""Whether the certificate signing request is the one that the token is for (step-ca, provisioner/sign_options.go)."""

import re
from collections.abc import Iterable, Iterator, Sequence

from domain.ca_rules.case import Case
from domain.certificates.x509_and_ssh import CertificateRequest
from domain.formats import base64url
from domain.formats.go_base64 import decode_url
from domain.formats.go_url import has_scheme, is_plain, parse_url, read_address, rewrite_or_keep, rewrite_url
from domain.report.check_result import CheckResult, failed, passed, unchecked
from domain.token.reader import read_fingerprint

_DOMAIN = re.compile(rb"(?:[!-\-/-~]+\.)*[!-\-/-~]+|")
"""The host of a URI in a certificate (Go, crypto/x509, domainNameValid)."""

_REMEDY = "make the CSR for the token's names, or the token for the CSR's"


def judge_names(case: Case) -> CheckResult:
    """Tell whether a certificate can hold the token's names: step-ca writes them, not the CSR's, into it."""
    foreign = [name for name in case.sans() if name and not _can_be_certified(name)]
    if foreign:
        return failed("names", f"no certificate can hold {foreign[0]!r}", "write it in ASCII, a domain in punycode")
    return passed("names", f"the certificate will be for {', '.join(filter(None, case.sans()))}")


def _can_be_certified(name: str) -> bool:
    """Tell whether Go writes a name into a certificate, and reads the certificate again (Go, crypto/x509)."""
    if is_plain(name):
        return True
    uri = _read_uri(name)
    if uri is None:
        return name.isascii()
    try:
        return uri.isascii() and bool(_DOMAIN.fullmatch(parse_url(uri).host))
    except ValueError:
        return True  # step-ca leaves it out (go.step.sm/crypto, x509util, SubjectAlternativeName.Set)


def judge_csr(case: Case, common_names: Sequence[str]) -> Iterator[CheckResult]:
    """Tell whether the CSR is signed, by a key that the CA takes, for the names and the request of the token.

    Args:
        common_names: What its common name may be, if it has one.
    """
    csr = case.csr
    if csr is None:
        yield unchecked("csr", "whether the CSR suits the token", "give it with --csr")
        return
    yield from judge_csr_itself(csr)
    yield _judge_binding(csr, read_fingerprint(case.token.claims))
    yield judge_common_name(csr, common_names, _REMEDY)
    yield judge_sans(csr, case.sans())


def judge_csr_itself(csr: CertificateRequest) -> Iterator[CheckResult]:
    """Tell whether the CSR's own signature and key are in order, whatever the token says."""
    if csr.is_signed:
        yield passed("csr signature", "it is by the CSR's own key")
    else:
        yield failed("csr signature", "it is not by the CSR's own key", "make the CSR again")
    if csr.takes_key:
        yield passed("csr key", csr.key)
    else:
        yield failed("csr key", f"the CA does not sign for this kind of key: {csr.key}",
                     "use an EC, an RSA or an Ed25519 key")  # fmt: skip


def judge_common_name(csr: CertificateRequest, allowed: Sequence[str], remedy: str) -> CheckResult:
    """Tell whether the CSR has no common name, or one of those `allowed`."""
    if csr.common_name and csr.common_name not in allowed:
        names = " or ".join(dict.fromkeys(allowed))
        return failed("csr name", f"its common name is {csr.common_name}, and may only be {names}", remedy)
    return passed("csr name", f"its common name is {csr.common_name or 'empty'}")


def _judge_binding(csr: CertificateRequest, fingerprint: str) -> CheckResult:
    if not fingerprint:
        return passed("csr binding", "the token is bound to no CSR")
    try:
        is_bound = decode_url(fingerprint) == base64url.decode(csr.fingerprint)
    except ValueError:
        is_bound = False
    if is_bound:
        return passed("csr binding", "the token is bound to this very CSR")
    return failed("csr binding", f"the token is bound to another CSR, {fingerprint}",
                  "show that one, or mint a token for this one")  # fmt: skip


def judge_sans(csr: CertificateRequest, sans: Iterable[str]) -> CheckResult:
    """Compare names by their type; of a type that the CSR has none of, the CA takes the token's."""
    wanted = split_sans(sans)
    for kind, names in read_csr_names(csr).items():
        if names and names != wanted[kind]:
            has, may = ", ".join(sorted(names)), ", ".join(sorted(wanted[kind])) or "none"
            return failed("csr names", f"its names of type {kind} are {has}, and the token's {may}", _REMEDY)
    return passed("csr names", "they are the token's")


def read_csr_names(csr: CertificateRequest) -> dict[str, set[str]]:
    """Return the names in a CSR by their type, each as Go writes it."""
    return {
        "dns": set(csr.dns_names),
        "ip": {read_address(address) or address for address in csr.ip_addresses},
        "email": set(csr.emails),
        "uri": set(map(rewrite_or_keep, csr.uris)),
    }


def split_sans(sans: Iterable[str]) -> dict[str, set[str]]:
    """Return the names by their type, as step-ca tells it (go.step.sm/crypto, x509util.SplitSANs)."""
    split: dict[str, set[str]] = {"dns": set(), "ip": set(), "email": set(), "uri": set()}
    for name in set(filter(None, sans)):
        address = read_address(name)
        if address is not None:
            split["ip"].add(address)
            continue
        uri = _read_uri(name)
        if uri is not None:
            split["uri"].add(uri)
        else:
            split["email" if "@" in name else "dns"].add(name)
    return split


def _read_uri(name: str) -> str | None:
    """Return a name that is a URI as Go writes it, None where it is another one."""
    if not has_scheme(name) or read_address(name) is not None:
        return None
    try:
        return rewrite_url(name)
    except ValueError:
        return None
