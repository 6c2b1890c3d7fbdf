"""The checks of `doctor` on the CA: its address, its root, the connection, or its ca.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.doctor.ca_visit import judge_visit
from domain.doctor.diagnosis import (
    CA_JSON,
    CA_URL,
    CLOCK,
    FINGERPRINT,
    PROVISIONERS,
    REACHED,
    ROOT,
    TLS,
    judge_fingerprint,
    judge_root,
    measure_drift,
)
from domain.report.check_result import Outcome, failed, passed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.ca.url import CaUrl
    from domain.certificates.x509_and_ssh import Certificate
    from domain.ports import Configuration
    from domain.provisioners.authority import ListingAuthority
    from entrypoints.use_cases.doctor_state import DoctorState


def examine_authority(known: DoctorState) -> ListingAuthority | None:
    """Return the CA where it can be asked for its provisioners; else the last findings say why not."""
    if known.options.flag("offline"):
        authority = _examine_ca_json(known)
        known.skip(f"{known.options.spell('offline')} asks no CA", REACHED, TLS, CLOCK)
        return authority
    _examine_address(known)
    roots = _examine_root(known)
    is_reached = _examine_way(known, roots)
    step_path = known.step_path
    is_open = (is_reached and roots) or not known.asks_ca()
    if not is_open or known.options.ca_url is None or known.unknown or step_path is None:
        known.unknown = known.unknown or "the CA cannot be asked"
        return None
    return known.attempt(PROVISIONERS, lambda: known.setup.find_authority(known.options, step_path))


def _examine_address(known: DoctorState) -> None:
    options = known.options
    if options.ca_url is not None:
        known.note(passed(CA_URL, f"{options.ca_url} ({options.spell('ca-url')})"))
    elif known.unknown:
        known.skip(known.unknown, CA_URL)
    else:
        remedy = "give it, set STEP_CA_URL, or run 'step-ott ca bootstrap'; --offline needs none"
        value, path = known.configured.get("ca-url", (None, ""))
        what = f'"ca-url" in {path} is empty' if value == "" else "--ca-url is missing"
        known.note(failed(CA_URL, what, remedy))


def _examine_root(known: DoctorState) -> Sequence[bytes]:
    """Look at the root, and return the DER of all certificates in its file; none where it cannot be used."""
    step_path = known.step_path
    if step_path is None or (known.unknown and not known.options.flag("root")):
        known.skip(known.unknown, ROOT, FINGERPRINT)
        return ()
    read = known.attempt(ROOT, lambda: _read_root(known, step_path))
    if read is None:
        known.skip("the root cannot be read", FINGERPRINT)
        return ()
    whose, ders, roots = read
    known.note(judge_root(whose, roots, known.setup.clock.now()))
    _compare_fingerprint(known, roots[0].fingerprint())
    return ders


def _read_root(known: DoctorState, step_path: Configuration) -> tuple[str, Sequence[bytes], list[Certificate]]:
    whose, ders = known.setup.read_root(known.options, step_path)
    return whose, ders, [root for der in ders for root in known.setup.certificates.read_chain(der)]


def _compare_fingerprint(known: DoctorState, fingerprint: str) -> None:
    stored, path = known.configured.get("fingerprint", (None, ""))
    override = known.options.spell("root") if known.options.is_given("root") else ""
    known.note(judge_fingerprint(fingerprint, stored, path, override))


def _examine_way(known: DoctorState, roots: Sequence[bytes]) -> bool:
    """Look at the connection, at TLS and at the clocks, and return whether the CA can be asked."""
    url: CaUrl | None = known.options.ca_url
    if url is None:
        known.skip(known.unknown or "there is no address", REACHED, TLS, CLOCK)
        return False
    seen = known.attempt(REACHED, lambda: known.setup.visit(known.options, url, roots))
    if seen is None:
        known.skip("the CA is not reached", TLS, CLOCK)
        return False
    way = list(judge_visit(seen))
    known.note(*way)
    if seen.date is not None and all(one.outcome is not Outcome.FAILED for one in way):
        known.clock_shift = -measure_drift(seen.date, seen.asked_at, seen.answered_at)
    return not any(one.outcome is Outcome.FAILED for one in way if one.rule != CLOCK)


def _examine_ca_json(known: DoctorState) -> ListingAuthority | None:
    """Look at the CA's own configuration, or what stands for it, and return the CA that it describes."""
    step_path = known.step_path
    if known.unknown or step_path is None:
        known.skip(known.unknown, CA_JSON, ROOT, FINGERPRINT)
        return None
    authority = known.attempt(CA_JSON, lambda: known.setup.find_authority(known.options, step_path))
    url = None if authority is None else known.attempt(CA_JSON, authority.url)
    if authority is None or url is None:
        known.unknown = "there is no ca.json that can be used"
        known.skip(known.unknown, ROOT, FINGERPRINT)
        return None
    known.note(passed(CA_JSON, f"tokens are for {url}"))
    fingerprint = known.attempt(ROOT, authority.root_fingerprint)
    if fingerprint is None:
        known.skip("the root cannot be read", FINGERPRINT)
        return authority
    known.note(passed(ROOT, f"its fingerprint is {fingerprint}"))
    _compare_fingerprint(known, fingerprint)
    return authority
