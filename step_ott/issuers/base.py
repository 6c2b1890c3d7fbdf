"""What every issuer has in common: a provisioner that was found, and what signs for it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, ClassVar, NoReturn

import attrs

from adapters.keys.store import LocalKeyStore
from domain.errors import KeyMismatchError, UsageError, WrongPasswordError
from domain.formats.terminal_text import show_line
from domain.mint.cautions import list_cautions
from domain.provisioners.base import Provisioner, list_labels
from domain.provisioners.credential import Credential, IssuedToken
from domain.token.claims import TokenRequest
from domain.token.options import TokenOptions
from entrypoints.use_cases.mint import (
    choose_provisioner,
    combine_evidence,
    describe_issuer,
    make_token,
    open_credential,
)
from entrypoints.use_cases.mint_by_template import TemplateMinter
from step_ott.arguments import refuse_type
from step_ott.issuers.asked_ca import AskedCA
from step_ott.issuers.minting_ports import assemble_ports
from step_ott.keys import RememberedKeys
from step_ott.token import Token
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from domain.provisioners.authority import ListingAuthority
    from domain.provisioners.credential import Sources
    from domain.token.claims import Issuer as VouchingIssuer
    from domain.token.kind import Kind
    from entrypoints.use_cases.mint import Evidence
    from step_ott.issuers.given import Given


class Issuer:
    """Issues the tokens of one provisioner; to be used from any number of threads, and by processes forked off.

    Attributes:
        ca: The CA that they are for.
    """

    _asked: ClassVar[Kind]
    """The kind of request by which the provisioner is looked for."""

    _types: ClassVar[tuple[str, ...]]
    """The types of provisioner that it is for, in step-ca's spelling."""

    _opens_once: ClassVar[bool] = False
    """Whether what signs is the same for every request and for all time."""

    _vouching: VouchingIssuer | None = None
    """Who vouches for every token, where what signs is always the same."""

    _swift: TemplateMinter | None = None
    """What mints most of them then."""

    ca: AskedCA

    def _open(self, ca: AskedCA, given: Given) -> None:
        """Find the provisioner of what was `given`, and open its key."""
        if not isinstance(ca, AskedCA):
            raise refuse_type(ca, "ca", "give a step_ott.CA")
        self.ca = ca
        self._given = given
        self._locks: dict[int, threading.Lock] = {}
        self._keys = RememberedKeys(LocalKeyStore(given.files), given.own_key)
        with speaking_python(), self._ask(ca) as authority:
            self._options = TokenOptions(
                request=TokenRequest(kind=self._asked, subject=""),
                ca_url=authority.url(),
                settings=given.settings,
                **ca.bounds,
            )
            self._ports = assemble_ports(ca, given, self._keys, authority)
            listed = self._keep_own(authority.provisioners())
            self._fingerprint = authority.root_fingerprint()
            self._provisioner = choose_provisioner(listed, self._options, self._ports)
            self._credential = self._open_credential(self._options)
            self._warn(list_cautions(self._options, self._provisioner, self._credential, authority, consulted=True))
            if self._opens_once and isinstance(self._credential, Credential):
                self._vouching = self._describe_vouching(self._credential)
                clock, randomness = self._ports.clock, self._ports.randomness
                self._swift = TemplateMinter(self._vouching, self._credential, clock, randomness)

    def _ask(self, ca: AskedCA) -> AbstractContextManager[ListingAuthority]:
        """Return what lists the provisioner, for the time of a block."""
        return ca.asking()

    def _keep_own(self, listed: Sequence[Provisioner]) -> Sequence[Provisioner]:
        """Return those of the types that this issuer is for, and those whose entries cannot be read, to say so."""
        if listed and not any(one.type_name in self._types for one in listed):
            wanted = " or ".join(self._types)
            raise UsageError(f"the CA has no provisioner of type {wanted}", f"it has {list_labels(listed)}")
        return [one for one in listed if one.type_name in self._types or one.fault]

    def __repr__(self) -> str:
        return show_line(f"<step_ott.{type(self).__name__} {self._provisioner.label()} at {self.ca.url}>")

    def __reduce__(self) -> NoReturn:
        """Refuse to be copied or written out: it holds an open key."""
        raise TypeError(
            f"a {type(self).__name__} holds a key and cannot be pickled or copied; make one where it is used"
        )

    def _mint(self, request: TokenRequest) -> Token:
        """Return the token that grants the request."""
        with speaking_python():
            if self._swift is not None and self._swift.takes(request):
                return Token(self._swift.make_token(request))
            evidence = self._prove(request)
            if isinstance(evidence, IssuedToken):
                return Token(evidence.token)
            return Token(make_token(evidence, self._ports.clock, self._ports.randomness))

    def _prove(self, request: TokenRequest) -> Evidence | IssuedToken:
        """Return what the token for a request is made of, or the token that there is."""
        credential = self._credential if self._opens_once else self._read_credential(request)
        if isinstance(credential, IssuedToken):
            return credential
        return combine_evidence(request, self._vouching or self._describe_vouching(credential), credential)

    def _describe_vouching(self, credential: Credential) -> VouchingIssuer:
        """Return who vouches for the tokens of a credential."""
        return describe_issuer(self._provisioner, credential, self._ports.authority.url(), self._fingerprint)

    def _read_credential(self, request: TokenRequest) -> Credential | IssuedToken:
        """Return what signs, with the certificate that is in its file now; its key is opened anew only for another."""
        options = attrs.evolve(self._options, request=request)
        try:
            credential = self._open_credential(options)
        except KeyMismatchError:  # who renewed the certificate may have changed the key as well
            with self._locks.setdefault(os.getpid(), threading.Lock()):  # of this process: a fork has none that is held
                credential = self._reopen_credential(options)
        self._warn(credential.cautions)
        return credential

    def _reopen_credential(self, options: TokenOptions) -> Credential | IssuedToken:
        """Return what signs by the key that is in its file now, unless another thread has opened that meanwhile."""
        try:
            return self._open_credential(options)
        except KeyMismatchError:
            self._keys.forget()
            return self._open_credential(options)

    def _open_credential(self, options: TokenOptions) -> Credential | IssuedToken:
        """Return what signs."""
        try:
            return open_credential(self._provisioner, options, self._find_sources())
        except WrongPasswordError as error:
            raise self._given.password.explain(error) from error

    def _find_sources(self) -> Sources:
        """Return the ports that the credential is got from."""
        return self._ports

    def _warn(self, cautions: Iterable[str]) -> None:
        """Log cautions, each once."""
        for caution in cautions:
            self._ports.notices.warn(caution)
