"""What a CA is at an identity provider: the client that its users sign in for (OpenID Connect).

Source: step CLI, command/oauth/cmd.go; step-ca, authority/provisioner/oidc.go.
"""

import re

import attrs

from domain.ca.url import is_loopback
from domain.errors import IdentityError
from domain.masking import mask_address

WELL_KNOWN = "/.well-known/openid-configuration"
MAX_SHOWN = 500
"""Characters of a text of the provider's that an error shows."""

LOOPBACK = "127.0.0.1"
DEFAULT_SCOPES = ("openid", "email")
RESERVED_PARAMETERS = frozenset(
    {
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)
"""What the request to sign in says by itself: with another value its answer could not be checked."""

_URL = re.compile(r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
                  r"(?P<path>/[^?#\s]*)?(?P<query>\?[^#\s]*)?")  # fmt: skip
_LISTEN = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*):(?P<port>[0-9]{1,5})")


@attrs.frozen
class ProviderUrl:
    """An address at an identity provider.

    Attributes:
        text: All of it.
        scheme: "https", or "http" on this machine.
        host: Without brackets.
        port: None for the scheme's own.
        path: With its leading slash, empty for none.
    """

    text: str
    scheme: str
    host: str
    port: int | None
    path: str

    @property
    def is_loopback(self) -> bool:
        """Whether it is on this machine."""
        return is_loopback(self.host.lower())


@attrs.frozen(kw_only=True)
class IdentityClient:
    """The client of an OIDC provisioner.

    Attributes:
        client_id: What the identity provider calls it, and the audience of its tokens.
        client_secret: Empty for a client without.
        configuration_endpoint: Where the identity provider describes itself, or the part before `WELL_KNOWN`.
        tenant_id: What stands for `{tenantid}` in the issuer's name.
        listen_address: Where the browser comes back to, host:port; empty for any port.
        scopes: What is asked for, `DEFAULT_SCOPES` where none is named.
        auth_params: Further parameters of the address to sign in at, key=value.
    """

    client_id: str
    client_secret: str = attrs.field(default="", repr=False)
    configuration_endpoint: str
    tenant_id: str = ""
    listen_address: str = ""
    scopes: tuple[str, ...] = ()
    auth_params: tuple[str, ...] = ()

    @property
    def scope(self) -> str:
        """The scopes as a request names them."""
        return " ".join(self.scopes or DEFAULT_SCOPES)

    def discovery_url(self) -> ProviderUrl:
        """Return where the identity provider describes itself.

        Raises:
            IdentityError: it is not an https URL, nor one of this machine.
        """
        url = parse_provider_url(self.configuration_endpoint, "the provisioner's configurationEndpoint")
        if WELL_KNOWN in url.path:
            return url
        query = url.text.partition("?")[2]
        base = url.text.partition("?")[0].rstrip("/")
        return parse_provider_url(f"{base}{WELL_KNOWN}{'?' if query else ''}{query}", "the configurationEndpoint")

    def listen_at(self) -> tuple[str, int]:
        """Return the host to listen on, and the port, 0 for any.

        Raises:
            IdentityError: it is not of this machine.
        """
        if not self.listen_address:
            return LOOPBACK, 0
        match = _LISTEN.fullmatch(self.listen_address)
        host = LOOPBACK if match is None else match["host"].strip("[]") or LOOPBACK
        if match is None or int(match["port"]) > 65535:
            raise _bad_listen_address(self.listen_address, "is not host:port")
        if not is_loopback(host.lower()):
            raise _bad_listen_address(self.listen_address, "is not on this machine alone")
        return host, int(match["port"])

    def extra_parameters(self) -> list[tuple[str, str]]:
        """Return `auth_params` taken apart.

        Raises:
            IdentityError: one has no name, or the name of a parameter that is step-ott's own.
        """
        pairs = [(name, value) for name, _, value in (text.partition("=") for text in self.auth_params)]
        for name, _ in pairs:
            if not name or name in RESERVED_PARAMETERS:
                raise IdentityError(f"the provisioner's authParams cannot set {name!r}", "correct them at the CA")
        return pairs


def parse_provider_url(text: str, whose: str) -> ProviderUrl:
    """Return the address `text`, which `whose` names in the error: https, or of this machine.

    Raises:
        IdentityError: it is something else.
    """
    match, shown = _URL.fullmatch(text), mask_address(text)[:MAX_SHOWN]
    if match is None or int(match["port"] or 0) > 65535:
        raise IdentityError(f"{whose} {shown!r} is not an https URL", "correct it at the CA or the identity provider")
    port = int(match["port"]) if match["port"] else None
    url = ProviderUrl(text, match["scheme"], match["host"].strip("[]"), port, match["path"] or "")
    if url.scheme != "https" and not url.is_loopback:
        raise IdentityError(f"{whose} {shown!r} is not https", "have the identity provider serve it over TLS")
    return url


def _bad_listen_address(text: str, why: str) -> IdentityError:
    return IdentityError(
        f"the provisioner's listenAddress {mask_address(text)!r} {why}",
        "sign in with --console, or have it name a port of 127.0.0.1 at the CA",
    )
