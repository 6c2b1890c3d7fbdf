"""One-time tokens for step-ca, from Python.

    ca = step_ott.CA("https://ca.example.com", root="root_ca.crt")
    issuer = ca.issuer("you@example.com", password=b"…")
    token = issuer.token("web.example.com", sans=["10.0.0.7"])

What `__all__` lists is for programs to use; every other name in this package may change without notice. Nothing is
printed, no environment is read unless a method says so, and each error is a `StepOttError`, with what happened and what
to do about it.
"""

from __future__ import annotations

TYPE_CHECKING = False  # that of `typing`, which takes longer to load than all that is here
if TYPE_CHECKING:
    from typing import Any

    from domain.errors import (
        AuthorityError,
        IdentityError,
        InputError,
        KeyFormatError,
        KeyMismatchError,
        NetworkError,
        StepOttError,
        UsageError,
        WrongPasswordError,
    )
    from step_ott.ca import CA, ProvisionerInfo
    from step_ott.issuers.issued import AwsIssuer, AzureIssuer, GcpIssuer, K8saIssuer
    from step_ott.issuers.jwk import JwkIssuer
    from step_ott.issuers.nebula import NebulaIssuer
    from step_ott.issuers.sshpop import SshpopIssuer
    from step_ott.issuers.x5c import RenewalIssuer, X5cIssuer
    from step_ott.keys import DerSigner, Signer
    from step_ott.token import Token

__all__ = [
    "CA",
    "AuthorityError",
    "AwsIssuer",
    "AzureIssuer",
    "DerSigner",
    "GcpIssuer",
    "IdentityError",
    "InputError",
    "JwkIssuer",
    "K8saIssuer",
    "KeyFormatError",
    "KeyMismatchError",
    "NebulaIssuer",
    "NetworkError",
    "ProvisionerInfo",
    "RenewalIssuer",
    "Signer",
    "SshpopIssuer",
    "StepOttError",
    "Token",
    "UsageError",
    "WrongPasswordError",
    "X5cIssuer",
]


def __getattr__(name: str) -> Any:
    """Load what is asked for, so that a program takes the time of what it uses alone (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'step_ott' has no attribute {name!r}")
    home: Any
    if name.endswith("Error"):
        from domain import errors as home
    elif name in ("Signer", "DerSigner"):
        from step_ott import keys as home
    elif name.endswith("Issuer"):
        home = _load_issuer(name)
    elif name == "Token":
        from step_ott import token as home
    else:
        from step_ott import ca as home
    value = globals()[name] = getattr(home, name)
    return value


def _load_issuer(name: str) -> Any:
    """Return the module of an issuer's class."""
    home: Any
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
