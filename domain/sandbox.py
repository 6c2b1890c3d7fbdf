"""What a sandbox is to be: the address of its CA, its names, its provisioner."""

from collections.abc import Sequence
from typing import Any

import attrs

from domain.ca.url import CaUrl, check_host
from domain.errors import UsageError
from domain.masking import mask_address
from domain.settings.setting import Settings, check_unicode

DEFAULT_ADDRESS = "127.0.0.1:9000"
DEFAULT_NAMES = ("127.0.0.1", "localhost")
EVERY_INTERFACE = ("", "0.0.0.0", "::")  # noqa: S104  # recognised, not bound
DEFAULT_PROVISIONER = "sandbox@example.com"


@attrs.frozen
class SandboxPlan:
    """The choices that a sandbox leaves open.

    Attributes:
        listen_host, port: Where its step-ca listens; an empty host is every interface.
        names: DNS names and IP addresses that it answers by, at least one.
        provisioner: Name of its JWK provisioner.
    """

    listen_host: str
    port: int
    names: Sequence[str]
    provisioner: str

    def address(self) -> str:
        """Return the `address` member of ca.json."""
        host = f"[{self.listen_host}]" if ":" in self.listen_host else self.listen_host
        return f"{host}:{self.port}"

    def ca_url(self) -> CaUrl:
        """Return where clients reach it."""
        return CaUrl(self.names[0], self.port)


def read_sandbox_plan(settings: Settings) -> SandboxPlan:
    """Return the plan that the settings of `sandbox` describe.

    Raises:
        UsageError: an address or name is malformed.
    """
    address = _text(settings, "address", DEFAULT_ADDRESS)
    host, _, port = address.rpartition(":")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 1 <= int(port) <= 65535):
        raise UsageError(f"--address {mask_address(address)!r} has no port from 1 to 65535", "write it as host:port")
    given = settings["dns"].value if "dns" in settings else ()
    try:
        listen_host = check_host(host) if host else ""
        names = (
            [check_host(name) for name in given] if isinstance(given, tuple) and given else _default_names(listen_host)
        )
    except ValueError as error:
        raise UsageError(
            f"--address or --dns cannot be used: {error}", "write plain host names or IP addresses"
        ) from error
    provisioner = _text(settings, "provisioner", DEFAULT_PROVISIONER)
    check_unicode(provisioner, "--provisioner")
    return SandboxPlan(listen_host, int(port), names, provisioner)


def _default_names(listen_host: str) -> list[str]:
    """Return the names of a CA that has none given: the address that it listens at first."""
    own = [] if listen_host in EVERY_INTERFACE else [listen_host]
    return list(dict.fromkeys([*own, *DEFAULT_NAMES]))


def _text(settings: Settings, name: str, default: str) -> str:
    return str(settings[name].value) if name in settings else default


def write_ca_config(plan: SandboxPlan, folder: str, public_jwk: dict[str, str], encrypted_key: str) -> dict[str, Any]:
    """Return the ca.json of a sandbox in `folder`, an absolute path (step-ca, authority/config).

    Raises:
        UsageError: the path is not UTF-8, which JSON is.
    """
    check_unicode(folder, f"the path {folder}")
    provisioner = {
        "type": "JWK",
        "name": plan.provisioner,
        "key": public_jwk,
        "encryptedKey": encrypted_key,
        "claims": {"enableSSHCA": True},
    }
    return {
        "root": f"{folder}/certs/root_ca.crt",
        "crt": f"{folder}/certs/intermediate_ca.crt",
        "key": f"{folder}/secrets/intermediate_ca_key",
        "address": plan.address(),
        "dnsNames": list(plan.names),
        "ssh": {
            "hostKey": f"{folder}/secrets/ssh_host_ca_key",
            "userKey": f"{folder}/secrets/ssh_user_ca_key",
        },
        "logger": {"format": "text"},
        "db": {"type": "badgerv2", "dataSource": f"{folder}/db"},
        "authority": {"provisioners": [provisioner]},
    }
