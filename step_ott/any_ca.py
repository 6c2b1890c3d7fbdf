"""What a program can ask of every CA, running or not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain.provisioners.authority import PublishedAuthority
    from step_ott.arguments import Password
    from step_ott.issuers.jwk import JwkIssuer
    from step_ott.keys import Key
    from step_ott.provisioner_info import ProvisionerInfo


TIMEOUT, REQUEST_TIMEOUT = timedelta(seconds=60), timedelta(seconds=15)


class AnyCA(ABC):
    """What a program can ask of every CA, running or not; to be used from any number of threads and processes.

    Attributes:
        bounds: Nanoseconds for all requests of one call, and for each of them.
        environ: What names proxies and metadata services in the environment that the program gave; no other is looked
            at.
    """

    bounds: Mapping[str, int]
    environ: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<step_ott.{type(self).__name__} {self.url}>"

    def __getstate__(self) -> dict[str, Any]:
        """Return what it knows, for another process; proxies of mappings cannot be pickled."""
        return {**vars(self), "bounds": dict(self.bounds), "environ": dict(self.environ)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        proxies = {name: MappingProxyType(state[name]) for name in ("bounds", "environ")}
        vars(self).update(state | proxies)

    @property
    @abstractmethod
    def url(self) -> str:
        """Its address, such as "https://ca.example.com", by which the audience of its tokens names it."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its root certificate, 64 lower-case hex; where several are trusted, the CA is asked which it is.

        Raises:
            NetworkError, AuthorityError: several are trusted, and it cannot be asked.
            InputError: the root that ca.json names cannot be read.
        """
        with speaking_python(), self.asking() as authority:
            return authority.root_fingerprint()

    @abstractmethod
    def roots(self) -> list[str]:
        """Return the root certificates that it names as its own: the PEM of each.

        Raises:
            NetworkError: it cannot be reached.
            AuthorityError: its answer cannot be used.
            InputError: the root that ca.json names cannot be read.
        """

    def provisioners(self) -> list[ProvisionerInfo]:
        """Return the provisioners that it lists, of whatever type, in its order.

        One whose entry cannot be read is there with what can, "?" for a name or type that is none; the log has a
        warning that says why.

        Raises:
            NetworkError: it cannot be reached.
            AuthorityError, InputError: its list cannot be used.
        """
        from step_ott.ports import LogNotices
        from step_ott.provisioner_info import describe_provisioner

        with speaking_python(), self.asking() as authority:
            listed, notices = authority.provisioners(), LogNotices()
            for one in listed:
                if one.fault:
                    notices.warn(f"the CA lists provisioner {one.label()}, which cannot be used: {one.fault}")
            return [describe_provisioner(one) for one in listed]

    def issuer(
        self,
        name: str | None = None,
        *,
        key_id: str | None = None,
        password: Password | None = None,
        key: Key | None = None,
    ) -> JwkIssuer:
        """Return the issuer of a JWK provisioner's tokens (see `JwkIssuer`, which takes and raises the same)."""
        from step_ott.issuers.jwk import JwkIssuer

        return JwkIssuer(self, name, key_id=key_id, password=password, key=key)

    @abstractmethod
    def asking(self) -> AbstractContextManager[PublishedAuthority]:
        """Give what answers for the CA, for the time of a block; for issuers, not for programs."""
