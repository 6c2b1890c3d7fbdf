"""One-time tokens for step-ca, from Python, and the certificates that they are for.

    ca = step_ott.CA("https://ca.example.com", root="root_ca.crt")
    issuer = ca.issuer("you@example.com", password=b"…")
    token = issuer.token("web.example.com", sans=["10.0.0.7"])
    issued = issuer.certificate("web.example.com")  # key, certificate, chain
    issuer.revoke(issued.serial)

A CA is found by its address and root (`CA`), by the root's fingerprint (`CA.from_fingerprint`), as `ca bootstrap`
left it (`CA.from_step_path`), or by its ca.json alone (`OfflineCA`). `inspect` tells what a token says, and `verify`
whether a CA would take it.

What `__all__` lists is for programs to use; every other name in this package may change without notice. Nothing is
printed: cautions go to the log "step_ott". No environment is read unless a method says so. Each error is a
`StepOttError`, with what happened (`what`) and what to do about it (`fix`).
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing`, which takes longer to load than all that is here
if TYPE_CHECKING:
    from domain.ca_rules.endpoint import Endpoint
    from domain.errors import (
        AuthorityError,
        ForeseenRefusalError,
        IdentityError,
        InputError,
        KeyFormatError,
        KeyMismatchError,
        LostAnswerError,
        NetworkError,
        OutputError,
        StepOttError,
        UnreachableError,
        UsageError,
        WrongPasswordError,
    )
    from domain.report.check_result import CheckResult, Outcome
    from domain.verify.forecast import Verdict
    from entrypoints import __version__
    from step_ott.any_ca import AnyCA
    from step_ott.ca import CA
    from step_ott.certificates import IssuedCertificate, SignedCertificate
    from step_ott.inspection import Inspection, inspect
    from step_ott.issuers.issued import AwsIssuer, AzureIssuer, GcpIssuer, K8saIssuer
    from step_ott.issuers.jwk import JwkIssuer
    from step_ott.issuers.nebula import NebulaIssuer
    from step_ott.issuers.sshpop import SshpopIssuer
    from step_ott.issuers.x5c import RenewalIssuer, X5cIssuer
    from step_ott.keys import DerSigner, Signer
    from step_ott.offline_ca import OfflineCA
    from step_ott.provisioner_info import CertificateLife, ProvisionerClaims, ProvisionerInfo
    from step_ott.sandbox import SandboxCA, Taken, TokenRefusedError
    from step_ott.ssh_certificates import SignedSshCertificate
    from step_ott.token import Token
    from step_ott.verification import Verification, verify

__all__ = [
    "CA",
    "AnyCA",
    "AuthorityError",
    "AwsIssuer",
    "AzureIssuer",
    "CertificateLife",
    "CheckResult",
    "DerSigner",
    "Endpoint",
    "ForeseenRefusalError",
    "GcpIssuer",
    "IdentityError",
    "InputError",
    "Inspection",
    "IssuedCertificate",
    "JwkIssuer",
    "K8saIssuer",
    "KeyFormatError",
    "KeyMismatchError",
    "LostAnswerError",
    "NebulaIssuer",
    "NetworkError",
    "OfflineCA",
    "Outcome",
    "OutputError",
    "ProvisionerClaims",
    "ProvisionerInfo",
    "RenewalIssuer",
    "SandboxCA",
    "SignedCertificate",
    "SignedSshCertificate",
    "Signer",
    "SshpopIssuer",
    "StepOttError",
    "Taken",
    "Token",
    "TokenRefusedError",
    "UnreachableError",
    "UsageError",
    "Verdict",
    "Verification",
    "WrongPasswordError",
    "X5cIssuer",
    "__version__",
    "inspect",
    "verify",
]

if not TYPE_CHECKING:  # or a type checker would take every name for one of this package

    def __getattr__(name):
        """Load what is asked for, so that a program takes the time of what it uses alone (PEP 562)."""
        if name not in __all__:
            raise AttributeError(f"module 'step_ott' has no attribute {name!r}")
        if name == "__version__":
            from entrypoints import __version__ as value
        else:
            value = getattr(_load_home(name), name)
        globals()[name] = value
        return value


def _load_home(name: str) -> object:
    """Return the module that a public name stands in."""
    home: object
    if name in ("SandboxCA", "Taken", "TokenRefusedError"):
        from step_ott import sandbox as home
    elif name.endswith("Error"):
        from domain import errors as home
    elif name.endswith("Issuer"):
        home = _load_issuer(name)
    elif name in ("Signer", "DerSigner"):
        from step_ott import keys as home
    elif name == "Token":
        from step_ott import token as home
    elif name in ("inspect", "Inspection"):
        from step_ott import inspection as home
    elif name in ("verify", "Verification"):
        from step_ott import verification as home
    elif name in ("CertificateLife", "ProvisionerClaims", "ProvisionerInfo"):
        from step_ott import provisioner_info as home
    else:
        home = _load_further(name)
    return home


def _load_further(name: str) -> object:
    home: object
    if name == "AnyCA":
        from step_ott import any_ca as home
    elif name in ("IssuedCertificate", "SignedCertificate"):
        from step_ott import certificates as home
    elif name == "SignedSshCertificate":
        from step_ott import ssh_certificates as home
    elif name == "OfflineCA":
        from step_ott import offline_ca as home
    elif name in ("CheckResult", "Outcome"):
        from domain.report import check_result as home
    elif name == "Verdict":
        from domain.verify import forecast as home
    elif name == "Endpoint":
        from domain.ca_rules import endpoint as home
    else:
        from step_ott import ca as home
    return home


def _load_issuer(name: str) -> object:
    """Return the module of an issuer's class."""
    home: object
    if name == "JwkIssuer":
        from step_ott.issuers import jwk as home
    elif name in ("X5cIssuer", "RenewalIssuer"):
        from step_ott.issuers import x5c as home
    elif name == "SshpopIssuer":
        from step_ott.issuers import sshpop as home
    elif name == "NebulaIssuer":
        from step_ott.issuers import nebula as home
    else:
        from step_ott.issuers import issued as home
    return home


def __dir__() -> list[str]:
    return sorted(__all__)
