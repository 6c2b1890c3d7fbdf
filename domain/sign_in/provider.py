"""How an identity provider describes itself (OpenID Connect Discovery 1.0, section 3), read and checked."""

from collections.abc import Mapping
from typing import Any

import attrs

from domain.errors import IdentityError
from domain.masking import mask_address
from domain.sign_in.client import MAX_SHOWN, WELL_KNOWN, IdentityClient, parse_provider_url

TENANT = "{tenantid}"


@attrs.frozen(kw_only=True)
class ProviderMetadata:
    """Where an identity provider is asked for what.

    Attributes:
        issuer: The `iss` of its tokens.
        authorization_endpoint, token_endpoint, jwks_uri: Addresses.
        device_authorization_endpoint: Likewise, empty where it has no device flow.
        auth_method: How the client proves its secret there (RFC 7591, section 2).
        names_issuer: Whether its answers say who they are from (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    device_authorization_endpoint: str = ""
    auth_method: str = "none"
    names_issuer: bool = False


def read_metadata(document: Any, client: IdentityClient) -> ProviderMetadata:
    """Return what the identity provider of `client` says of itself.

    Args:
        document: Parsed JSON.

    Raises:
        IdentityError: it names no issuer or another one, or an address is missing, or not https.
    """
    if not isinstance(document, dict):
        raise IdentityError("the identity provider's configuration is not a JSON object", _FIX)
    is_local = client.discovery_url().scheme == "http"
    issuer = _check_issuer(_read_text(document, "issuer"), client)
    return ProviderMetadata(
        issuer=issuer,
        authorization_endpoint=_read_url(document, "authorization_endpoint", is_local),
        token_endpoint=_read_url(document, "token_endpoint", is_local),
        jwks_uri=_read_url(document, "jwks_uri", is_local),
        device_authorization_endpoint=_read_url(document, "device_authorization_endpoint", is_local)
        if "device_authorization_endpoint" in document
        else "",
        auth_method=_choose_auth_method(document, client),
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
    )


_FIX = "check the provisioner's configurationEndpoint at the CA"


def _check_issuer(issuer: str, client: IdentityClient) -> str:
    """Return the issuer, which must be the address that it was asked at (OpenID Connect Discovery 1.0, 4.3).

    Microsoft writes `{tenantid}` for the tenant, which step-ca replaces by the provisioner's `tenantID`.
    """
    url = client.discovery_url().text.partition("?")[0]
    asked = url.partition(WELL_KNOWN)[0]
    before, template, after = issuer.partition(TENANT)
    is_same = issuer.rstrip("/") == asked.rstrip("/")
    origin = "/".join(asked.split("/")[:3])
    is_tenant = bool(client.tenant_id and template) and before.startswith(f"{origin}/") and asked.startswith(before)
    if not (is_same or (is_tenant and asked.endswith(after.rstrip("/")))):
        named = mask_address(issuer)[:MAX_SHOWN]
        raise IdentityError(f"the identity provider asked at {asked} says that it is {named!r}", _FIX)
    return issuer.replace(TENANT, client.tenant_id) if client.tenant_id else issuer


def _choose_auth_method(document: Mapping[str, Any], client: IdentityClient) -> str:
    """Return how to send the secret: in the body as step does, unless the provider takes it in the header alone."""
    if not client.client_secret:
        return "none"
    supported = document.get("token_endpoint_auth_methods_supported")
    in_body = isinstance(supported, list) and "client_secret_post" in supported
    return "client_secret_post" if in_body else "client_secret_basic"


def _read_url(document: Mapping[str, Any], name: str, is_local: bool) -> str:
    url = parse_provider_url(_read_text(document, name), f"the identity provider's {name}")
    if url.scheme != "https" and not is_local:
        raise IdentityError(f"the identity provider's {name} {url.text[:MAX_SHOWN]!r} is not https", _FIX)
    return url.text


def _read_text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise IdentityError(f"the identity provider's configuration has no {name}", _FIX)
    return value
