"""The table of types: a row for each type of provisioner that step-ott makes tokens for.

A row says which options belong to its type alone, and how its class is loaded: only those classes are loaded that
the settings, the CA's list or the token at hand are about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from domain.provisioners.base import Provisioner


def _load_jwk() -> type[Provisioner]:
    from domain.provisioners.jwk import JwkProvisioner  # noqa: PLC0415

    return JwkProvisioner


def _load_x5c() -> type[Provisioner]:
    from domain.provisioners.x5c import X5cProvisioner  # noqa: PLC0415

    return X5cProvisioner


def _load_sshpop() -> type[Provisioner]:
    from domain.provisioners.sshpop import SshpopProvisioner  # noqa: PLC0415

    return SshpopProvisioner


def _load_k8ssa() -> type[Provisioner]:
    from domain.provisioners.k8ssa import K8ssaProvisioner  # noqa: PLC0415

    return K8ssaProvisioner


def _load_nebula() -> type[Provisioner]:
    from domain.provisioners.nebula import NebulaProvisioner  # noqa: PLC0415

    return NebulaProvisioner


def _load_oidc() -> type[Provisioner]:
    from domain.provisioners.oidc import OidcProvisioner  # noqa: PLC0415

    return OidcProvisioner


def _load_gcp() -> type[Provisioner]:
    from domain.provisioners.gcp import GcpProvisioner  # noqa: PLC0415

    return GcpProvisioner


def _load_aws() -> type[Provisioner]:
    from domain.provisioners.aws import AwsProvisioner  # noqa: PLC0415

    return AwsProvisioner


def _load_azure() -> type[Provisioner]:
    from domain.provisioners.azure import AzureProvisioner  # noqa: PLC0415

    return AzureProvisioner


TYPES: dict[str, tuple[frozenset[str], Callable[[], type[Provisioner]]]] = {
    "JWK": (frozenset({"key"}), _load_jwk),
    "X5C": (frozenset({"x5c-cert", "x5c-key", "x5c-chain", "x5c-insecure"}), _load_x5c),
    "SSHPOP": (frozenset({"sshpop-cert", "sshpop-key"}), _load_sshpop),
    "K8sSA": (frozenset({"k8ssa-token-path"}), _load_k8ssa),
    "Nebula": (frozenset({"nebula-cert", "nebula-key"}), _load_nebula),
    "OIDC": (frozenset({"console"}), _load_oidc),
    "GCP": (frozenset(), _load_gcp),
    "AWS": (frozenset(), _load_aws),
    "Azure": (frozenset(), _load_azure),
}
"""By the name in step-ca's spelling: the options that belong to the type alone, one of which given keeps no other
type, and what loads its class."""

_USUAL_MEMBERS = {"alg", "kid", "typ", "x5c", "x5cInsecure"}
"""The members of a header that belong to no type alone."""

TOKENLESS = {
    "ACME": "clients prove to it that a name is theirs, without a token; use an ACME client such as certbot",
    "SCEP": "clients enrol with a challenge password, without a token; use a SCEP client",
    "Wire": "it serves Wire's own clients, without a token",
}
"""The types that there is no token for: why, and what their clients do instead."""


def find_type(name: str) -> type[Provisioner] | None:
    """Return the type of this name, in whatever case, as a CA lists it; None for one that is not in the table."""
    return next((load() for known, (_, load) in TYPES.items() if known.lower() == name.lower()), None)


def find_type_by_fragment(fragment: str) -> type[Provisioner] | None:
    """Return the type that stands before the slash in an audience's fragment, None where none of the table does."""
    prefix = fragment.partition("/")[0]
    cls = next((load() for name, (_, load) in TYPES.items() if name.lower() == prefix), None)
    return None if cls is None or not cls.has_fragment else cls


def find_type_by_claims(claims: Mapping[str, Any], request: str | None) -> type[Provisioner] | None:
    """Return the type of a token without such a fragment, None where it does not show it.

    Args:
        claims: The token's.
        request: What its audience names of a step-ca's API, None for nothing.
    """
    return next((cls for _, load in TYPES.values() if (cls := load()).recognises(claims, request)), None)


def find_types_by_header(header: Mapping[str, Any]) -> list[type[Provisioner]]:
    """Return the types that have a certificate of theirs in a token's header."""
    if header.keys() <= _USUAL_MEMBERS:
        return []
    types = [load() for _, load in TYPES.values()]
    return [cls for cls in types if cls.header_member and cls.header_member in header]


def claim_options(given: Collection[str]) -> list[tuple[type[Provisioner], list[str]]]:
    """Return the types that options among `given` belong to alone, in the table's order, each with these, sorted."""
    return [(load(), sorted(own)) for options, load in TYPES.values() if (own := options.intersection(given))]


def list_own_options(provisioner: Provisioner, given: Collection[str]) -> list[str]:
    """Return those of the options in `given` that belong to the provisioner's type alone, sorted."""
    if not provisioner.makes_tokens or provisioner.type_name not in TYPES:
        return []
    return sorted(TYPES[provisioner.type_name][0].intersection(given))


def list_types() -> str:
    """Return the names of all types as a phrase: "JWK, X5C or Azure"."""
    *names, last = TYPES
    return f"{', '.join(names)} or {last}"
