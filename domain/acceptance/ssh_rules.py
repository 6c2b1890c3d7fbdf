"""Whether an SSH certificate may be signed for the token (step-ca, provisioner/sign_ssh_options.go and jwk.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain.finding import Finding, failed, passed, unchecked
from domain.moment import parse_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from domain.acceptance.case import Case
    from domain.authority_settings import ProvisionerClaims

TYPES = ("user", "host")


def judge_ssh_enabled(claims: ProvisionerClaims) -> Finding:
    """Tell whether the provisioner may sign for SSH at all (its claim enableSSHCA, else the authority's)."""
    if claims.enable_ssh_ca:
        return passed("ssh", "the provisioner signs for SSH (enableSSHCA)")
    if claims.enable_ssh_ca is None:
        return unchecked("ssh", "whether the provisioner signs for SSH: it says nothing, and the authority's setting"
                         " is not public")  # fmt: skip
    return failed("ssh", "the provisioner does not sign for SSH", "set enableSSHCA in its claims, or use another one")


def judge_ssh_keys(case: Case, cert_type: str) -> Finding:
    """Tell whether the CA has a key for SSH certificates of this type."""
    keys = case.settings.ssh_host_keys if cert_type == "host" else case.settings.ssh_user_keys
    if keys is None:
        return unchecked(
            "ssh key", f"whether the CA has a key for {cert_type} certificates", "ask the CA, without --offline"
        )
    if keys:
        return passed("ssh key", f"the CA has one for {cert_type} certificates")
    return failed(
        "ssh key", f"the CA has none for {cert_type} certificates", "set up SSH at the CA: step ca init --ssh"
    )


def judge_ssh_sign(case: Case) -> Iterator[Finding]:
    """Tell whether the token is for an SSH certificate, and the request within what it says."""
    options = read_ssh_options(case)
    if options is None:
        yield failed("ssh options", "the token has no step.ssh and so is not for SSH", "mint it with --ssh")
        return
    cert_type, principals = options.get("certType") or "", options.get("principals") or []
    if cert_type not in ("", *TYPES):
        yield failed(
            "ssh options", f"certType {cert_type!r} is neither user nor host", "mint it with --ssh, or --ssh --host"
        )
        return
    yield judge_ssh_keys(case, cert_type or case.wishes.cert_type or "user")
    yield _judge_type(cert_type, case.wishes.cert_type)
    yield _judge_principals(principals, case.wishes.principals)
    yield from _judge_certificate_times(case, options)


def read_ssh_options(case: Case) -> Mapping[str, Any] | None:
    """Return the token's `step.ssh`, None where it has none."""
    step = case.token.claims.get("step")
    options = step.get("ssh") if isinstance(step, dict) else None
    return options if isinstance(options, dict) else None


def _judge_type(allowed: str, wished: str) -> Finding:
    if allowed and wished and allowed != wished:
        return failed("ssh type", f"a {wished} certificate is asked for, and the token is for a {allowed} certificate",
                      f"ask for a {allowed} certificate, or mint for a {wished} certificate")  # fmt: skip
    return passed("ssh type", f"a certificate of type {allowed or wished or 'user'}")


def _judge_principals(allowed: list[Any], wished: tuple[str, ...]) -> Finding:
    """Tell whether every principal asked for stands in the token, capitals or not; a token without any allows all."""
    if "" in wished:
        return failed("principals", "one that is asked for is empty", "leave it out")
    texts = [str(name or "") for name in allowed]
    known = {name.lower() for name in texts}
    foreign = [name for name in wished if name.lower() not in known]
    if texts and wished and (foreign or len(wished) > len(texts)):
        return failed("principals", f"{', '.join(foreign or wished)} asked for, and the token is for"
                      f" {', '.join(texts)}", "ask for no other, or mint for these")  # fmt: skip
    return passed("principals", f"the certificate will be for {', '.join(wished or texts) or 'the subject'}")


def _judge_certificate_times(case: Case, options: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge the certificate's own times, where the token fixes them."""
    moments = {name: options[name] for name in ("validAfter", "validBefore") if options.get(name)}
    ends = {name: parse_moment(text).at(case.now) for name, text in moments.items()}
    if "validBefore" in ends and ends["validBefore"] < case.now:
        yield failed("ssh validity", "the certificate would have expired already", "mint with a later --cert-not-after")
    elif "validBefore" in ends and ends["validBefore"] < ends.get("validAfter", case.now):
        yield failed("ssh validity", "the certificate would end before it begins", "mint with other times")
    elif moments:
        yield unchecked("ssh validity", "whether the CA lets a certificate last for as long as the token says")
