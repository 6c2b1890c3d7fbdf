"""The address of a proxy, as the environment has it."""

from __future__ import annotations

from base64 import b64encode
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from domain.ca.proxy import choose_proxy
from domain.ca.url import CaUrl
from domain.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_ENVIRONMENT: Mapping[str, str] = MappingProxyType({})
"""What names no proxy."""


class Proxy:
    """A proxy on the way.

    Attributes:
        is_tls: Whether it is spoken to over TLS itself.
        host, port: Where it is.
        headers: What it is sent beside the request for a tunnel: user and password of its address.
    """

    def __init__(self, address: str) -> None:
        try:
            parsed = urlsplit(address if "://" in address else f"http://{address}")
            if parsed.scheme not in ("http", "https") or not parsed.hostname:
                raise ValueError("no address")
            self.port = parsed.port or {"http": 80, "https": 443}[parsed.scheme]
        except ValueError as error:
            raise refuse_address() from error
        self.is_tls = parsed.scheme == "https"
        self.host: str = parsed.hostname
        self.headers: dict[str, str] = {}
        if parsed.username is not None:
            credentials = f"{unquote(parsed.username)}:{unquote(parsed.password or '')}"  # RFC 7617, section 2
            self.headers["Proxy-Authorization"] = f"Basic {b64encode(credentials.encode()).decode('ascii')}"

    def __str__(self) -> str:
        """Return host and port, for errors: the address may hold a password."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def find_proxy(host: CaUrl, environment: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that `environment` names on the way to `host`, None for none.

    Raises:
        InputError: it names one, and not by an address.
    """
    address = choose_proxy(host, environment)
    return None if address is None else Proxy(address)


def refuse_address() -> InputError:
    """Return the error for a proxy that is not named by an address."""
    return InputError("HTTPS_PROXY is not a proxy address", "write it as http://host:port")
