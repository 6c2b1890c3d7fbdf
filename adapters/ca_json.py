"""The CA as its own configuration file describes it, for offline work: no socket, no database, no CA key."""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from domain import json_text
from domain.ca_url import CaUrl, check_host
from domain.errors import AuthorityError, InputError
from domain.ports import InputFiles
from domain.provisioners.base import Provisioner

MAX_CONFIG_BYTES = 32 << 20


@attrs.frozen
class AuthoritySection:
    """The part of ca.json that lists the provisioners."""

    provisioners: list[Any] | None = None


@attrs.frozen
class CaConfig:
    """The members of ca.json that a token needs; names are step-ca's."""

    dnsNames: list[str]  # noqa: N815  # step-ca's spelling
    authority: AuthoritySection
    root: str | list[str] = ""


@attrs.frozen(kw_only=True)
class CaJson:
    """An `Authority` (see `domain.ports`) read from ca.json.

    Attributes:
        path: Names the file in errors.
        config: What stands in it.
        ca_url: An address that goes before the file's own, or None.
        fingerprint_root: Path of a root certificate to its fingerprint.
        read_provisioners: Parsed JSON to provisioners.
    """

    path: str
    config: CaConfig
    ca_url: CaUrl | None
    fingerprint_root: Callable[[str], str]
    read_provisioners: Callable[[Sequence[Any]], list[Provisioner]]

    def url(self) -> CaUrl:
        """Return the given address, else the first of `dnsNames`; audiences are compared without ports."""
        if self.ca_url is not None:
            return self.ca_url
        try:
            return CaUrl(check_host(self.config.dnsNames[0] if self.config.dnsNames else ""))
        except ValueError as error:
            raise InputError(f"dnsNames in {self.path} cannot be used: {error}", "mend it, or give --ca-url") from error

    def root_fingerprint(self) -> str:
        """Return the fingerprint of the (first) root that the file names."""
        roots = [self.config.root] if isinstance(self.config.root, str) else self.config.root
        if not roots or not roots[0]:
            raise InputError(f"{self.path} names no root", "mend it, or give --root")
        return self.fingerprint_root(roots[0])

    def provisioners(self) -> Sequence[Provisioner]:
        """Return what `authority.provisioners` lists."""
        return self.read_provisioners(self.config.authority.provisioners or [])

    def encrypted_key(self, kid: str) -> str:
        """Fail: a key that the list does not carry is nowhere else in the file."""
        raise AuthorityError(
            f"{self.path} has no encryptedKey for the provisioner with kid {kid}", "give its private key by --key"
        )


def read_ca_config(files: InputFiles, path: str, structure: Callable[[Any, type[CaConfig]], CaConfig]) -> CaConfig:
    """Return what the ca.json at `path` says.

    Raises:
        InputError: it cannot be read, or is not the configuration of a step-ca.
    """
    try:
        return structure(json_text.parse(files.read(path, MAX_CONFIG_BYTES)), CaConfig)
    except ValueError as error:
        raise InputError(
            f"{path} is no ca.json that can be used: {error}", "mend it, or name another by --ca-config"
        ) from error
