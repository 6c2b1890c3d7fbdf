"""The address of a proxy, as the environment has it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from domain.errors import InputError

if TYPE_CHECKING:
    from urllib.parse import SplitResult


def read_proxy(proxy: str) -> tuple[SplitResult, str, int]:
    """Return the address in parts, its host, and its port.

    Raises:
        InputError: it is not an address.
    """
    try:
        parsed = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if parsed.scheme not in ("http", "https") or not parsed.hostname:
            raise ValueError("no address")
        port = parsed.port or {"http": 80, "https": 443}[parsed.scheme]
    except ValueError as error:
        raise InputError("HTTPS_PROXY is not a proxy address", "write it as http://host:port") from error
    return parsed, parsed.hostname, port


def show_proxy(proxy: str) -> str:
    """Return host and port of the proxy, for errors: an address may hold a password.

    Raises:
        InputError: it is not an address.
    """
    _, host, port = read_proxy(proxy)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
