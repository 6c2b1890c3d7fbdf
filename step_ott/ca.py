"""A running CA as a program knows it: where it is, what it is trusted by, and what it says of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from domain.errors import UsageError
from step_ott.arguments import check_text, speaking_python
from step_ott.ca_arguments import check_environment, find_step_path, read_bounds, read_trusted, read_url, split_roots
from step_ott.ports import GivenFiles

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

    from adapters.ca.https import HttpsAuthority
    from domain.provisioners.authority import PublishedAuthority
    from step_ott.arguments import Password, Source
    from step_ott.issuers.jwk import JwkIssuer
    from step_ott.keys import Key
    from step_ott.provisioner_info import ProvisionerInfo

TIMEOUT, REQUEST_TIMEOUT = timedelta(seconds=60), timedelta(seconds=15)


class AnyCA(ABC):
    """What a program can ask of every CA, running or not; to be used from any number of threads and processes.

    Attributes:
        bounds: Nanoseconds for all requests of one call, and for each of them.
        environ: The environment that the program gave, empty where it gave none: no other is looked at.
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

        Raises:
            NetworkError: it cannot be reached.
            AuthorityError, InputError: its list cannot be used.
        """
        from step_ott.provisioner_info import describe_provisioner

        with speaking_python(), self.asking() as authority:
            return [describe_provisioner(one) for one in authority.provisioners()]

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


class CA(AnyCA):
    """A running CA, asked over HTTPS; to be used from any number of threads, and by processes forked off.

    Each call has a connection of its own, which ends with it, so that none is shared over a fork or between threads.
    Calls wait for the network: in asyncio, write `await asyncio.to_thread(ca.provisioners)`.

    Args:
        url: Its address: "https://ca.example.com", with or without a port.
        root: Its root certificate or certificates: a path, or the PEM or DER itself. Nothing else is trusted.
        timeout: For all requests that one call makes; a minute.
        request_timeout: For each of them; 15 seconds.
        environ: What names a proxy, by HTTPS_PROXY and NO_PROXY, such as `os.environ`; None for no proxy.

    Raises:
        UsageError: an argument is none of these.
        InputError: the root cannot be read, or is no certificate.
    """

    def __init__(
        self,
        url: str,
        root: Source,
        *,
        timeout: timedelta = TIMEOUT,
        request_timeout: timedelta = REQUEST_TIMEOUT,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        from adapters.ca.root_file import RootFile

        with speaking_python():
            files = GivenFiles()
            path = files.add(root, "root")
            self._url = read_url(url)
            self.bounds = read_bounds(timeout, request_timeout)
            self.environ = MappingProxyType(check_environment(environ))
            self._roots = read_trusted(RootFile(files, path, f"root={path}"))

    @classmethod
    def from_fingerprint(
        cls,
        url: str,
        fingerprint: str,
        *,
        timeout: timedelta = TIMEOUT,
        request_timeout: timedelta = REQUEST_TIMEOUT,
        environ: Mapping[str, str] | None = None,
    ) -> CA:
        """Return the CA of which nothing is known but its address and its root's fingerprint; the root is downloaded.

        That one request cannot verify TLS; what comes back counts only if its own SHA-256 is the fingerprint. All
        further requests are verified by it, as ever.

        Args:
            url: Its address (see `CA`).
            fingerprint: SHA-256 of its root certificate's DER, as "step certificate fingerprint" prints it: 64 hex
                digits of either case, with dashes or colons between them or without.
            timeout, request_timeout, environ: See `CA`.

        Raises:
            UsageError: an argument is none of these.
            NetworkError: the CA cannot be reached.
            AuthorityError: it has no such root, or answers with another.
            InputError: what has the fingerprint is no certificate.
        """
        from adapters.ca.root_download import RootDownload
        from domain.ca.fingerprint import parse_fingerprint

        with speaking_python():
            address, bounds, given = read_url(url), read_bounds(timeout, request_timeout), check_environment(environ)
            try:
                wanted = parse_fingerprint(check_text(fingerprint, "fingerprint"))
            except ValueError as error:
                fix = "give what 'step certificate fingerprint root_ca.crt' prints"
                raise UsageError(f"fingerprint= cannot be used: {error}", fix) from None
            root = RootDownload(environment=given, **bounds).find(address, wanted)
        return cls(url, root, timeout=timeout, request_timeout=request_timeout, environ=given)

    @classmethod
    def from_step_path(
        cls,
        path: str | os.PathLike[str] | None = None,
        *,
        context: str | None = None,
        timeout: timedelta | None = None,
        request_timeout: timedelta | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> CA:
        """Return the CA that `step ca bootstrap` has set up, found as the program finds it: defaults.json and contexts.

        Args:
            path: The step path. None for what `environ` says by STEPPATH, or the folder .step in its HOME; where
                `environ` is None too, this is the one call that looks at the process's own environment, for these two.
            context: The context, in place of the current one.
            timeout, request_timeout: See `CA`; None for what the configuration says.
            environ: See `CA`.

        Raises:
            UsageError: an argument is none of these, or the configuration has a value that cannot be used.
            InputError: the configuration names no CA or no root, or cannot be read.
        """
        from entrypoints.wiring.authority import find_configured_ca

        with speaking_python():
            wanted = None if context is None else check_text(context, "context")
            given = check_environment(environ)
            files = GivenFiles()
            step_path = find_step_path(path, wanted, None if environ is None else given, files)
            options, root = find_configured_ca(step_path, files)
            trusted = split_roots(read_trusted(root))
            usual = [timedelta(microseconds=ns // 1000) for ns in (options.timeout, options.request_timeout)]
        return cls(
            str(options.ca_url),
            "".join(trusted),
            timeout=usual[0] if timeout is None else timeout,
            request_timeout=usual[1] if request_timeout is None else request_timeout,
            environ=given,
        )

    @property
    def url(self) -> str:
        """Its address, such as "https://ca.example.com"."""
        return str(self._url)

    def health(self) -> str:
        """Return how the CA says that it is: "ok".

        Raises:
            NetworkError: it cannot be reached.
            AuthorityError: its answer cannot be used.
        """
        with speaking_python(), self.asking() as authority:
            return authority.health()

    def roots(self) -> list[str]:
        """Return the root certificates that it names as its own, of which `root` may be one: the PEM of each.

        Raises:
            NetworkError: it cannot be reached.
            AuthorityError: its answer cannot be used.
        """
        with speaking_python(), self.asking() as authority:
            return split_roots(authority.list_certificates("roots"))

    @contextmanager
    def asking(self) -> Iterator[HttpsAuthority]:
        """Give what asks the CA; its connection ends with the block, so that no other thread or process has it."""
        from adapters.ca.https import HttpsAuthority
        from adapters.ca.https_client import HttpsClient

        client = HttpsClient(self._url, self._roots, environment=self.environ, **self.bounds)
        try:
            yield HttpsAuthority(client)
        finally:
            client.close()
