"""Whether the certificate signing request is the one that the token is for (step-ca, provisioner/sign_options.go)."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING

from domain.finding import Finding, failed, passed, unchecked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from domain.acceptance.case import Case
    from domain.certificate import CertificateRequest

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_REMEDY = "make the CSR for the token's names, or the token for the CSR's"


def judge_names(case: Case) -> Finding:
    """Tell whether a certificate can hold the token's names: step-ca writes them, not the CSR's, into it."""
    foreign = [name for name in case.sans() if not name.isascii()]
    if foreign:
        return failed("names", f"no certificate can hold {foreign[0]!r}", "write it in ASCII, a domain in punycode")
    return passed("names", f"the certificate will be for {', '.join(filter(None, case.sans()))}")


def judge_csr(case: Case, common_names: Sequence[str]) -> Iterator[Finding]:
    """Tell whether the CSR is signed, by a key that the CA takes, for the names and the request of the token.

    Args:
        common_names: What its common name may be, if it has one.
    """
    csr = case.csr
    if csr is None:
        yield unchecked("csr", "whether the CSR suits the token", "name it by --csr")
        return
    yield from judge_csr_itself(csr)
    yield _judge_binding(csr, case.fingerprint())
    if csr.common_name and csr.common_name not in common_names:
        allowed = " or ".join(dict.fromkeys(common_names))
        yield failed("csr name", f"its common name is {csr.common_name}, and may be {allowed}", _REMEDY)
    else:
        yield passed("csr name", f"its common name is {csr.common_name or 'empty'}")
    yield _judge_sans(csr, case.sans())


def judge_csr_itself(csr: CertificateRequest) -> Iterator[Finding]:
    """Tell whether the CSR's own signature and key are in order, whatever the token says."""
    if csr.is_signed:
        yield passed("csr signature", "it is by the CSR's own key")
    else:
        yield failed("csr signature", "it is not by the CSR's own key", "make the CSR anew")
    if csr.takes_key:
        yield passed("csr key", csr.key)
    else:
        yield failed("csr key", f"the CA signs for no such key: {csr.key}", "use an EC, an RSA or an Ed25519 key")


def _judge_binding(csr: CertificateRequest, fingerprint: str) -> Finding:
    if not fingerprint:
        return passed("csr binding", "the token is bound to no CSR")
    if fingerprint == csr.fingerprint:
        return passed("csr binding", "the token is bound to this very CSR")
    return failed("csr binding", f"the token is bound to another CSR, {fingerprint}", "show that one, or mint for this")


def _judge_sans(csr: CertificateRequest, sans: Iterable[str]) -> Finding:
    """Compare names by their type; of a type that the CSR has none of, the CA takes the token's."""
    wanted = split_sans(sans)
    found = {"dns": csr.dns_names, "ip": csr.ip_addresses, "email": csr.emails, "uri": csr.uris}
    for kind, names in found.items():
        if names and set(names) != wanted[kind]:
            has, may = ", ".join(names), ", ".join(sorted(wanted[kind])) or "none"
            return failed("csr names", f"its names of type {kind} are {has}, and the token's {may}", _REMEDY)
    return passed("csr names", "they are the token's")


def split_sans(sans: Iterable[str]) -> dict[str, set[str]]:
    """Return the names by their type, as step-ca tells it (go.step.sm/crypto, x509util.SplitSANs)."""
    split: dict[str, set[str]] = {"dns": set(), "ip": set(), "email": set(), "uri": set()}
    for name in filter(None, sans):
        address = _read_address(name)
        if address is not None:
            split["ip"].add(address)
        elif _SCHEME.match(name):
            split["uri"].add(name)
        else:
            split["email" if "@" in name else "dns"].add(name)
    return split


def _read_address(name: str) -> str | None:
    """Return an IP address in its canonical form; one with a zone is none."""
    try:
        return None if "%" in name else str(ip_address(name))
    except ValueError:
        return None
