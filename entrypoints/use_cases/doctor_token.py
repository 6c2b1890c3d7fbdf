"""The checks of `doctor` on provisioners, key and token: made as `token` makes it, judged as `verify` judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.ca_rules.endpoint import find_endpoint
from domain.doctor.diagnosis import KEY, PROVISIONER, PROVISIONERS, ROOT, TOKEN, judge_provisioners
from domain.doctor.token_diagnosis import judge_forecast, judge_wait
from domain.errors import PersonNeededError, StepOttError
from domain.mint.judge_options import ANY_SUBJECT
from domain.provisioners.credential import IssuedToken
from domain.report.check_result import Outcome, passed, unchecked, warning
from domain.token.go_jws import read_go_jws
from entrypoints.use_cases.mint import (
    choose_provisioner,
    combine_evidence,
    complete_request,
    describe_issuer,
    make_token,
    open_credential,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.ca.settings import AuthoritySettings
    from domain.provisioners.authority import ListingAuthority
    from domain.provisioners.base import Provisioner
    from domain.provisioners.credential import Credential, Sources
    from domain.token.claims import TokenRequest
    from entrypoints.use_cases.doctor_state import DoctorState


def examine_provisioners(known: DoctorState, authority: ListingAuthority | None) -> None:
    """Look at what the CA lists, which of it `token` would choose, whether its key can be had, and what it makes."""
    if authority is None:
        done = {finding.rule for finding in known.findings}
        reason = known.unknown or "the CA cannot be asked"
        known.skip(reason, *(rule for rule in (PROVISIONERS, PROVISIONER, KEY, TOKEN) if rule not in done))
        return
    listed = known.attempt(PROVISIONERS, authority.provisioners)
    if listed is None:
        known.skip("the CA's provisioners are not known", PROVISIONER, KEY, TOKEN)
        return
    known.note(judge_provisioners(listed, authority.source()))
    ports = known.attempt(PROVISIONER, lambda: known.setup.wire_ports(known.options, authority))
    if ports is None:
        known.skip("there is no provisioner to take it from", KEY, TOKEN)
        return
    provisioner = _choose(known, listed, ports)
    if provisioner is None:
        known.skip("there is no provisioner to take it from", KEY)
        _examine_token_files(known, ports, "there is no provisioner to make it")
        return
    known.note(passed(PROVISIONER, f"token would use {provisioner.label()}"))
    credential = _open_key(known, provisioner, ports)
    if credential is None:
        _examine_token_files(known, ports, "the key is not at hand")
    else:
        _examine_token(known, ports, provisioner, credential)


def _choose(known: DoctorState, listed: Sequence[Provisioner], ports: Sources) -> Provisioner | None:
    try:
        chosen = known.attempt(PROVISIONER, lambda: choose_provisioner(listed, known.options, ports))
        if chosen is not None and not chosen.makes_tokens:
            known.attempt(PROVISIONER, lambda: open_credential(chosen, known.options, ports))  # it says why not
            return None
        return chosen
    except PersonNeededError as error:
        known.note(warning(PROVISIONER, error.what, error.fix))
        return None


def _open_key(known: DoctorState, provisioner: Provisioner, ports: Sources) -> Credential | IssuedToken | None:
    """Return what would sign."""
    try:
        credential = known.attempt(KEY, lambda: open_credential(provisioner, known.options, ports))
    except PersonNeededError as error:
        known.note(unchecked(KEY, error.what, error.fix))
        return None
    if credential is not None:
        what = "the token is there" if isinstance(credential, IssuedToken) else "it opens, and is the right one"
        known.note(passed(KEY, f"{what} for {provisioner.label()}"))
        known.note(*(warning(KEY, caution, "choose another provisioner, or go on") for caution in credential.cautions))
    return credential


def _examine_token_files(known: DoctorState, ports: Sources, why_not: str) -> TokenRequest | None:
    """Look at the files that the token would be made of and written to; where it cannot be made, say `why_not`.

    Returns:
        The complete request, None where something is amiss with those files.
    """
    request = known.attempt(TOKEN, lambda: _look_at_files(known, ports))
    if request is not None and why_not:
        known.skip(why_not, TOKEN)
    return request


def _examine_token(
    known: DoctorState, ports: Sources, provisioner: Provisioner, credential: Credential | IssuedToken
) -> None:
    """Make the token that `token` would make, judge it as the CA would, and let it go again: nobody gets it."""
    if any(one.rule == ROOT and one.outcome is Outcome.FAILED for one in known.findings):
        _examine_token_files(known, ports, "the root cannot be used")
        return
    request = _examine_token_files(known, ports, "")
    if request is None:
        return
    token = known.attempt(TOKEN, lambda: _make_token(request, ports, provisioner, credential))
    published = None if token is None else _ask_published(known)
    if token is not None and published is not None:
        _judge(known, token, request, *published)


def _look_at_files(known: DoctorState, ports: Sources) -> TokenRequest:
    ports.sink.check()
    return complete_request(known.options, ports)


def _make_token(
    request: TokenRequest, ports: Sources, provisioner: Provisioner, credential: Credential | IssuedToken
) -> str:
    if isinstance(credential, IssuedToken):
        return credential.token
    authority = ports.authority
    issuer = describe_issuer(provisioner, credential, authority.url(), authority.root_fingerprint())
    evidence = combine_evidence(request, issuer, credential)
    if not evidence.request.subject:
        evidence = attrs.evolve(evidence, request=attrs.evolve(evidence.request, subject=ANY_SUBJECT))
    return make_token(evidence, ports.clock, ports.randomness)


def _ask_published(known: DoctorState) -> tuple[AuthoritySettings, Sequence[Provisioner]] | None:
    """Return what the CA judges by; where it is not known, take down why."""
    step_path = known.step_path
    if step_path is None:  # where the CA is asked, there is one
        return None
    try:
        authority = known.setup.find_published(known.options, step_path)
        provisioners = authority.provisioners()
        return authority.settings(), provisioners
    except StepOttError as error:
        known.note(unchecked(TOKEN, f"one can be made, but not judged: {error.what}"))
        return None


def _judge(
    known: DoctorState,
    token: str,
    request: TokenRequest,
    settings: AuthoritySettings,
    provisioners: Sequence[Provisioner],
) -> None:
    from domain.ca_rules.case import Case  # noqa: PLC0415  # slow to load
    from domain.verify.forecast import foretell  # noqa: PLC0415

    endpoint = find_endpoint(request.kind)
    now, forecast = known.setup.clock.now(), None
    wait = 0 if request.not_before is None else max(request.not_before.at(now) - now, 0)
    if endpoint is not None:
        case = Case(
            token=read_go_jws(token),
            endpoint=endpoint,
            settings=settings,
            now=now + known.clock_shift + wait,  # it is not for use before that
            certificates=known.setup.certificates,
            signatures=known.setup.signatures,
        )
        forecast = foretell(case, provisioners)
    known.note(*judge_forecast(forecast, request.kind))
    known.note(*judge_wait(wait, known.options.spell("not-before")))
