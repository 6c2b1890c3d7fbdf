"""A running CA as a program knows it: where it is, what it is trusted by, and what it says of itself."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from domain.errors import UsageError
from step_ott.any_ca import REQUEST_TIMEOUT, TIMEOUT, AnyCA
from step_ott.arguments import check_text
from step_ott.ca_arguments import (
    TrustedRoots,
    check_environment,
    find_step_path,
    keep_used,
    read_bounds,
    read_root,
    read_url,
    split_roots,
)
from step_ott.ports import GivenFiles
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from adapters.ca.https import HttpsAuthority
    from step_ott.arguments import Password, Source
    from step_ott.certificate_arguments import KeyName
    from step_ott.certificates import IssuedCertificate, SignedCertificate
    from step_ott.keys import Key


class CA(AnyCA):
    """A running CA, asked over HTTPS; to be used from any number of threads, and by processes forked off.

    Each call has a connection of its own, which ends with it, so that none is shared over a fork or between threads.
    Calls wait for the network: in asyncio, write `await asyncio.to_thread(ca.provisioners)`.

    Args:
        url: Its address: "https://ca.example.com", with or without a port.
        root: Its root certificate or certificates: a path, or the PEM or DER itself. Nothing else is trusted.
        timeout: For all requests that one call makes; a minute.
        request_timeout: For each of them; 15 seconds.
        environ: What names a proxy, by HTTPS_PROXY and NO_PROXY, such as `os.environ`, and clouds' metadata services;
            None for no proxy. Nothing else of it is kept.

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
        with speaking_python():
            self._url = read_url(url)
            self.bounds = read_bounds(timeout, request_timeout)
            self.environ = keep_used(check_environment(environ))
            self._roots = read_root(root)

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
            fingerprint: SHA-256 of its root certificate's DER, as `openssl x509 -fingerprint -sha256` prints it, or
                "step certificate fingerprint": 64 hex digits of either case, with dashes or colons or without.
            timeout, request_timeout, environ: See `CA`.

        Raises:
            UsageError: an argument is none of these.
            NetworkError: the CA cannot be reached.
            AuthorityError: it has no such root, or answers with another.
            InputError: what has the fingerprint is no certificate.
        """
        from adapters.ca.root_download import RootDownload
        from domain.ca.fingerprint import HOW_TO_GET, parse_fingerprint

        with speaking_python():
            address, bounds, given = read_url(url), read_bounds(timeout, request_timeout), check_environment(environ)
            try:
                wanted = parse_fingerprint(check_text(fingerprint, "fingerprint"))
            except ValueError as error:
                raise UsageError(f"fingerprint= cannot be used: {error}", f"give the root's: {HOW_TO_GET}") from None
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
        """Return the CA that `ca bootstrap` has set up, found as the program finds it: by defaults.json and contexts.

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
            trusted = TrustedRoots.read(root)
            usual = [timedelta(microseconds=ns // 1000) for ns in (options.timeout, options.request_timeout)]
        return cls(
            str(options.ca_url),
            trusted,
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

    def certificate(
        self,
        token: str,
        subject: str | None = None,
        *,
        sans: Iterable[str] = (),
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
        key_kind: KeyName = "P-256",
        template_data: Mapping[str, Any] | None = None,
    ) -> IssuedCertificate:
        """Make a private key, and get a certificate for it by a token that the program was given.

        Args:
            token: The token, which is good once: it is not spent where the CA would refuse.
            subject: The name that the certificate is for. None for the token's own.
            sans: All names that it is to have, for a token that names none.
            not_before, not_after, key_kind, template_data: See `JwkIssuer.certificate`.

        Returns:
            The certificate with its key.

        Raises:
            UsageError: an argument will not do, or the token is for other names.
            InputError: it is not a token, or names nothing.
            ForeseenRefusalError, AuthorityError, NetworkError, LostAnswerError: as for `JwkIssuer.certificate`.
        """
        from step_ott.certificate_arguments import read_key_name, read_terms
        from step_ott.certificates import describe_issued
        from step_ott.given_token import get_by_token, read_given, read_names

        with speaking_python():
            given, kind, terms = (
                read_given(token),
                read_key_name(key_kind),
                read_terms(not_before, not_after, template_data),
            )
            request = read_names(given, subject, sans)
            return describe_issued(*get_by_token(self, given, request, kind, terms))

    def sign(
        self,
        csr: Source,
        token: str,
        *,
        not_before: datetime | timedelta | None = None,
        not_after: datetime | timedelta | None = None,
        template_data: Mapping[str, Any] | None = None,
    ) -> SignedCertificate:
        """Get a certificate for a signing request of the program's own by a token that it was given.

        Args:
            csr: The signing request, PEM or DER, or its path.
            token: The token, which is good once: it is not spent where the CA would refuse.
            not_before, not_after, template_data: See `JwkIssuer.certificate`.

        Returns:
            The certificate.

        Raises:
            UsageError: an argument will not do.
            InputError: the CSR or the token cannot be read.
            ForeseenRefusalError, AuthorityError, NetworkError, LostAnswerError: as for `JwkIssuer.certificate`.
        """
        from step_ott.certificate_arguments import read_terms
        from step_ott.certificates import describe_signed
        from step_ott.given_token import read_given, sign_by_token
        from step_ott.ports import read_content

        with speaking_python():
            given, terms = read_given(token), read_terms(not_before, not_after, template_data)
            return describe_signed(sign_by_token(self, read_content(csr, "csr"), given, terms))

    def renew(self, certificate: Source, key: Key, *, password: Password | None = None) -> SignedCertificate:
        """Renew an X.509 certificate of the CA's, once (see `RenewalIssuer.renew`, for one that is renewed often).

        Args:
            certificate: The certificate, with those that issued it but for the root.
            key: Its key (see `JwkIssuer`).
            password: Of the key (see `JwkIssuer`).

        Returns:
            The new certificate, for the same key and names.

        Raises:
            UsageError, InputError, KeyMismatchError, WrongPasswordError: an argument will not do.
            ForeseenRefusalError, AuthorityError, NetworkError, LostAnswerError: as for `RenewalIssuer.renew`.
        """
        from step_ott.issuers.x5c import RenewalIssuer

        return RenewalIssuer(self, certificate, key, password=password).renew()

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
