"""What every issuer has in common: a provisioner that was found, and what signs for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import attrs

from adapters.certificates.reader import CertificateReader
from adapters.keys.store import LocalKeyStore
from adapters.machine.clock import SystemClock, SystemRandomness
from domain.errors import UsageError
from domain.mint.cautions import list_cautions
from domain.provisioners.base import Provisioner, list_labels
from domain.provisioners.credential import Credential, IssuedToken, Ports
from domain.token.claims import TokenRequest
from domain.token.options import TokenOptions
from entrypoints.use_cases.mint import (
    choose_provisioner,
    combine_evidence,
    describe_issuer,
    make_token,
    open_credential,
)
from entrypoints.use_cases.mint_subjects import SubjectMinter
from entrypoints.wiring.late_adapters import LateMetadata, SilentIdentityProvider
from step_ott.arguments import check_text, setting_of, speaking_python
from step_ott.keys import RememberedKeys
from step_ott.ports import GivenFiles, GivenPassword, LogNotices, NobodyToAsk, NowhereToDeliver
from step_ott.token import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from domain.keys.ports import Signer as OpenedKey
    from domain.provisioners.authority import ListingAuthority
    from domain.token.claims import Issuer as VouchingIssuer
    from domain.token.kind import Kind
    from step_ott.ca import AnyCA


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

    _swift: SubjectMinter | None = None
    """What mints most of them then."""

    ca: AnyCA

    def _open(
        self,
        ca: AnyCA,
        options: Mapping[str, str | tuple[str, ...]],
        files: GivenFiles,
        password: bytes | Callable[[], bytes] | None = None,
        own_key: OpenedKey | None = None,
    ) -> None:
        """Find the provisioner, and open its key.

        Args:
            ca: Whose it is.
            options: What says which provisioner and key, by the option of the command line that says the same.
            files: Where the files are that they name.
            password: Of the key.
            own_key: The key that signs, None for that in a file or at the CA.
        """
        self.ca = ca
        settings = {option: setting_of(option, value) for option, value in options.items()}
        with speaking_python(), self._ask(ca) as authority:
            self._options = TokenOptions(
                request=TokenRequest(kind=self._asked, subject=""),
                ca_url=authority.url(),
                settings=settings,
                **ca.bounds,
            )
            self._ports = Ports(
                clock=SystemClock(),
                randomness=SystemRandomness(),
                files=files,
                keys=RememberedKeys(LocalKeyStore(files), own_key),
                certificates=CertificateReader(),
                passwords=GivenPassword(password),
                authority=authority,
                metadata=LateMetadata(ca.environ),
                identity_provider=SilentIdentityProvider(),
                prompter=NobodyToAsk(),
                notices=LogNotices(),
                sink=NowhereToDeliver(),
            )
            listed = self._keep_own(authority.provisioners())
            self._fingerprint = authority.root_fingerprint()
            self._provisioner = choose_provisioner(listed, self._options, self._ports)
            self._credential = open_credential(self._provisioner, self._options, self._ports)
            cautions = list_cautions(self._options, self._provisioner, self._credential, authority, consulted=True)
            for caution in cautions:
                self._ports.notices.warn(caution)
            if self._opens_once and isinstance(self._credential, Credential):
                self._vouching = self._describe_vouching(self._credential)
                clock, randomness = self._ports.clock, self._ports.randomness
                self._swift = SubjectMinter(self._vouching, self._credential, clock, randomness)

    def _ask(self, ca: AnyCA) -> AbstractContextManager[ListingAuthority]:
        """Return what lists the provisioner, for the time of a block."""
        return ca.asking()

    def _keep_own(self, listed: Sequence[Provisioner]) -> Sequence[Provisioner]:
        """Return those of the types that this issuer is for."""
        own = [one for one in listed if one.type_name in self._types]
        if listed and not own:
            wanted = " or ".join(self._types)
            raise UsageError(f"the CA has no provisioner of type {wanted}", f"it has {list_labels(listed)}")
        return own

    def __repr__(self) -> str:
        return f"<step_ott.{type(self).__name__} {self._provisioner.label()} at {self.ca.url}>"

    def _mint(self, request: TokenRequest) -> Token:
        """Return the token that grants the request."""
        with speaking_python():
            credential = self._credential
            if not self._opens_once:
                options = attrs.evolve(self._options, request=request)
                credential = open_credential(self._provisioner, options, self._ports)
            if isinstance(credential, IssuedToken):
                return Token(credential.token)
            if self._swift is not None and self._swift.takes(request):
                return Token(self._swift.make_token(request.subject))
            evidence = combine_evidence(request, self._vouching or self._describe_vouching(credential), credential)
            return Token(make_token(evidence, self._ports.clock, self._ports.randomness))

    def _describe_vouching(self, credential: Credential) -> VouchingIssuer:
        """Return who vouches for the tokens of a credential."""
        return describe_issuer(self._provisioner, credential, self._ports.authority.url(), self._fingerprint)


def name_provisioner(name: object, key_id: object = None) -> dict[str, str]:
    """Return what a provisioner is looked for by, as options of the command line."""
    given = {"provisioner": (name, "name"), "kid": (key_id, "key_id")}
    return {option: check_text(value, argument) for option, (value, argument) in given.items() if value is not None}
