"""What an identity provider says, of itself and while a person signs in, read and checked.

Source of the former: OpenID Connect Discovery 1.0, section 3.
"""

from collections.abc import Mapping, Sequence
from hmac import compare_digest
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


USUAL_INTERVAL, SLOWER, LONGEST_WAIT = 5, 5, 3600
"""Seconds between two questions, what `slow_down` adds to them (RFC 8628, 3.5), and the most that is waited for."""


@attrs.frozen
class DeviceGrant:
    """What the device flow begins with (RFC 8628, section 3.2).

    Attributes:
        device_code: What the token is asked for with.
        user_code: What the person types at `address`.
        complete_address: The same with the code in it, empty where there is none.
        expires_in, interval: Seconds.
    """

    device_code: str = attrs.field(repr=False)
    user_code: str
    address: str
    complete_address: str
    expires_in: int
    interval: int


def read_code(pairs: Sequence[tuple[str, str]], state: str, issuer: str, names_issuer: bool) -> str | None:
    """Return the authorization code in what the browser comes back with (RFC 6749, 4.1.2; RFC 9207).

    Args:
        pairs: The parameters of the query.
        state: What the request to sign in said.
        issuer: Who was asked.
        names_issuer: Whether every answer of theirs says who it is from.

    Returns:
        The code; None where the state is another one. Any web page can send the browser here with such an
        answer, so that it says nothing of this sign-in.

    Raises:
        IdentityError: it is from somebody else, is an error, or has a parameter twice.
    """
    states = [value for name, value in pairs if name == "state"]
    if len(states) != 1 or not compare_digest(states[0].encode(), state.encode()):
        return None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise IdentityError("the browser came back with a parameter twice", "run the command again")
    named = parameters.get("iss")
    if (named is None and names_issuer) or (named is not None and named != issuer):
        raise IdentityError(f"the answer is not from {issuer}, who was asked to sign you in", "run the command again")
    if "error" in parameters:
        raise refuse(parameters["error"], parameters.get("error_description"))
    code = parameters.get("code", "")
    if not code:
        raise IdentityError("the browser came back without a code", "run the command again")
    return code


def read_device_grant(document: Any, is_local: bool) -> DeviceGrant:
    """Return what the device flow begins with.

    Args:
        document: Parsed JSON.
        is_local: Whether the identity provider is on this machine, and may do without TLS.

    Raises:
        IdentityError: it is an error, or a member is missing or of the wrong type.
    """
    members: Mapping[str, Any] = document if isinstance(document, dict) else {}
    if isinstance(members.get("error"), str):
        raise refuse(members["error"], members.get("error_description"))
    address = members.get("verification_uri") or members.get("verification_url")  # Google's name for it
    complete = members.get("verification_uri_complete") or ""
    texts = [members.get("device_code"), members.get("user_code"), address]
    numbers = [members.get("expires_in"), members.get("interval", USUAL_INTERVAL)]
    if not all(isinstance(text, str) and text for text in texts) or not isinstance(complete, str):
        raise IdentityError("the identity provider's answer to --console lacks an address or a code", "sign in without")
    if not all(isinstance(number, int) and not isinstance(number, bool) and number >= 0 for number in numbers):
        raise IdentityError("the identity provider's answer to --console has no sensible times", "sign in without")
    for url in filter(None, (address, complete)):
        if parse_provider_url(str(url), "the address to sign in at").scheme != "https" and not is_local:
            raise IdentityError(
                f"the address to sign in at {url[:MAX_SHOWN]!r} is not https", "tell whoever runs the provider"
            )
    expires_in, interval = (min(int(number), LONGEST_WAIT) for number in numbers if number is not None)
    device_code, user_code, _ = map(str, texts)
    return DeviceGrant(device_code, user_code, str(address), complete, expires_in, interval or USUAL_INTERVAL)


def refuse(error: str, description: object) -> IdentityError:
    """Return the error for one that the identity provider answers with (RFC 6749, 4.1.2.1 and 5.2)."""
    told = f": {description[:MAX_SHOWN]}" if isinstance(description, str) and description else ""
    return IdentityError(
        f"the identity provider refuses: {error[:MAX_SHOWN]}{told}",
        _REMEDIES.get(error, "check the OIDC provisioner's client at the identity provider"),
    )


_REMEDIES = {
    "access_denied": "sign in again and agree, or ask for access",
    "expired_token": "run the command again, and sign in sooner",
    "login_required": "sign in in the browser first",
    "temporarily_unavailable": "try again later",
    "server_error": "try again later",
}
