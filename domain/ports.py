"""What minting a token needs from outside: each port is a Protocol, implemented in `adapters`.

Times are nanoseconds since the epoch, UTC. Errors are those of `domain.errors`; an adapter translates
its library's own at its edge.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from domain.batch.portion import Goods, Lines, LooseEnd, Portion
from domain.ca.settings import AuthoritySettings
from domain.ca.url import CaUrl
from domain.certificates.nebula import NebulaCertificate
from domain.certificates.x509_and_ssh import Certificate, CertificateRequest, SshCertificate
from domain.cloud.metadata import MetadataAnswer, MetadataRequest, MetadataService
from domain.doctor.ca_visit import Encounter
from domain.doctor.file_facts import FileFacts
from domain.keys.jwk import PublicJwk
from domain.keys.source import DeviceKey, KeyFile, SealedKey
from domain.provisioners.base import Provisioner
from domain.sign_in.client import IdentityClient


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> int:
        """Return nanoseconds since the epoch, UTC."""
        ...


class Randomness(Protocol):
    """Gives what must never repeat."""

    def token_id(self) -> str:
        """Return a fresh `jti`: 64 lower-case hex characters, 256 random bits."""
        ...


class Signer(Protocol):
    """A private key that signs; it may be in this process, in a vault or in a device."""

    @property
    def public(self) -> PublicJwk:
        """The key's public half, with the algorithm that its signatures have."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the JWS signature of `message` (RFC 7515, 5.1), checked with the public half.

        ECDSA signatures are r and s, each at the curve's full width (RFC 7518, 3.4).
        """
        ...


class SwiftSigner(Signer, Protocol):
    """A signer that can leave out the check of its signatures."""

    def sign_unchecked(self, message: bytes) -> bytes:
        """Return the JWS signature of `message`, not checked: one of many by a key of which others are."""
        ...


class Passwords(Protocol):
    """Where the password of an encrypted key comes from."""

    @property
    def whose(self) -> str:
        """The file that has it, with what gave that, as the user wrote it; empty where a person is asked."""
        ...

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the passwords to try, one after the other; `purpose` says to a person what for.

        Raises:
            UsageError: there is no password and nobody to ask.
            InputError: the password file cannot be read or is empty.
        """
        ...


class KeyStore(Protocol):
    """Opens private keys."""

    def open(self, source: KeyFile | SealedKey | DeviceKey, passwords: Passwords) -> Signer:
        """Return the signer of the key in `source`; asks `passwords` only where it is encrypted or a PIN is missing.

        Raises:
            InputError: the file cannot be read, or the device has no such key.
            KeyFormatError: an unknown container, an unfit key, or JOSE parameters out of bounds.
            WrongPasswordError: no password opens it.
        """
        ...


class Authority(Protocol):
    """A certificate authority as a token needs to know it: discovery of what it publishes."""

    def url(self) -> CaUrl:
        """Return the address that audiences name."""
        ...

    def names(self) -> Sequence[str]:
        """Return the names that the CA takes audiences for; none where they are not known, or not yet.

        Over HTTPS those in the certificate of its last answer, IP addresses in their canonical form.
        """
        ...

    def root_fingerprint(self) -> str:
        """Return the SHA-256 of the root certificate's DER in lower-case hex, empty where no token needs it."""
        ...

    def source(self) -> tuple[str, str]:
        """Return the file that all of this is read from, empty where the CA itself or the user is asked.

        Beside it, what to think of where a provisioner is sought in vain, empty for nothing.
        """
        ...

    def provisioners(self) -> Sequence[Provisioner]:
        """Return what the CA lists, unknown types included.

        Raises:
            InputError, AuthorityError, NetworkError: the list cannot be had or read.
        """
        ...

    def encrypted_key(self, kid: str) -> str:
        """Return the JWE of the JWK provisioner with that key identifier.

        Raises:
            AuthorityError: the CA holds none.
        """
        ...


class InputFiles(Protocol):
    """Reads the user's files; `-` is standard input."""

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path`.

        Raises:
            InputError: it cannot be read, or is over `limit` bytes.
        """
        ...


class Prompter(Protocol):
    """Asks the person at the terminal."""

    def password(self, question: str) -> bytes:
        """Return what was typed, unseen.

        Raises:
            UsageError: there is no terminal.
        """
        ...

    def choose(self, question: str, items: Sequence[str]) -> int:
        """Return the index of the item that was chosen.

        Raises:
            UsageError: there is no terminal.
        """
        ...


class Notices(Protocol):
    """Tells the user what goes on, beside the token itself."""

    def inform(self, text: str) -> None:
        """Say what was chosen or done."""
        ...

    def warn(self, text: str) -> None:
        """Say what will probably not do what the user hopes."""
        ...


class Certificates(Protocol):
    """Reads certificates."""

    def read_chain(self, data: bytes) -> Sequence[Certificate]:
        """Return the X.509 certificates in `data`, PEM or one in DER, in their order, at least one.

        Raises:
            InputError: there are none, or one cannot be read.
        """
        ...

    def read_ssh(self, data: bytes) -> SshCertificate:
        """Return the SSH certificate in `data`, a line such as "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAA…".

        Standard base64 of the wire bytes alone, as a token's header carries it, does as well.

        Raises:
            InputError: it is neither.
        """
        ...

    def read_request(self, data: bytes) -> CertificateRequest:
        """Return the certificate signing request in `data`, PEM or DER.

        Raises:
            InputError: there is none, or it cannot be read.
        """
        ...

    def read_public_keys(self, data: bytes) -> Sequence[PublicJwk]:
        """Return the public keys in `data`, PEM.

        Raises:
            InputError: one cannot be read, or is of a type that signs no tokens.
        """
        ...

    def read_nebula(self, data: bytes) -> NebulaCertificate:
        """Return the Nebula certificate in `data`, PEM, or its body alone, as a token's header carries it.

        Raises:
            InputError: there is none or several, or it cannot be read.
        """
        ...


class Signatures(Protocol):
    """Checks signatures."""

    def hold(self, public: PublicJwk, algorithm: str, message: bytes, signature: bytes) -> bool:
        """Return whether step-ca would take `signature` as one of `message` by the key `public` under `algorithm`.

        It takes any algorithm of the key's type: RS256 to PS512 for RSA, and ES256 to ES512 for EC whatever the
        curve (go-jose, asymmetric.go), where RFC 7518 has one for each curve.
        """
        ...


class PublishedAuthority(Protocol):
    """A certificate authority that says by what it judges tokens."""

    def settings(self) -> AuthoritySettings:
        """Return what the CA goes by, as far as it can be known.

        Raises:
            InputError, AuthorityError, NetworkError: the settings cannot be had or read.
        """
        ...


class InstanceMetadata(Protocol):
    """Asks the metadata services of the clouds that this machine may be in."""

    def ask(self, service: MetadataService, request: MetadataRequest) -> MetadataAnswer:
        """Return the answer, whatever its status; the time for all of them together is short, and wall-clock.

        Raises:
            UsageError: a setting of the environment's names no address.
            NetworkError: no answer, or not in time: this is no such machine.
            InputError: the body is too long.
        """
        ...


class IdentityProvider(Protocol):
    """Has a person sign in (OpenID Connect Core 1.0)."""

    def sign_in(self, client: IdentityClient, by_device: bool) -> str:
        """Return the ID token that the person gets who signs in, its signature and claims checked.

        Args:
            client: For whom.
            by_device: Whether with any browser, by a code that is typed there, instead of with one on this machine.

        Raises:
            IdentityError: nobody signed in, or the answer cannot be used.
            NetworkError: the identity provider cannot be reached.
        """
        ...


class Sources(Protocol):
    """The ports that a provisioner gets its credential from."""

    @property
    def clock(self) -> Clock:
        """The time."""
        ...

    @property
    def certificates(self) -> Certificates:
        """Certificates."""
        ...

    @property
    def files(self) -> InputFiles:
        """The user's files."""
        ...

    @property
    def keys(self) -> KeyStore:
        """Private keys."""
        ...

    @property
    def passwords(self) -> Passwords:
        """Their passwords."""
        ...

    @property
    def authority(self) -> Authority:
        """The CA."""
        ...

    @property
    def metadata(self) -> InstanceMetadata:
        """What the cloud says of this machine."""
        ...

    @property
    def identity_provider(self) -> IdentityProvider:
        """Where a person signs in."""
        ...


class TokenSink(Protocol):
    """Where a token goes."""

    def check(self) -> None:
        """Refuse, before there is a token, what can be seen to stand in its way already.

        Raises:
            OutputError: it could not be delivered.
        """
        ...

    def deliver(self, token: str) -> None:
        """Hand over the whole token, or raise and leave nothing half written.

        Raises:
            OutputError: it could not be delivered.
        """
        ...


class Configuration(Protocol):
    """The step path: the folder that step keeps its configuration in, seen through a context."""

    @property
    def base(self) -> str:
        """The folder."""
        ...

    def context_name(self) -> str | None:
        """Return the context to use, None where contexts are not used.

        Raises:
            InputError: the file that names it cannot be used.
        """
        ...

    def authority_path(self) -> str:
        """Return the folder of the CA's own files.

        Raises:
            InputError, UsageError: the context cannot be used.
        """
        ...

    def defaults(self) -> Mapping[str, tuple[Any, str]]:
        """Return the configured values by key, each with the file that it stands in.

        Raises:
            InputError, UsageError: a file or the context cannot be used.
        """
        ...


class FileSystem(Protocol):
    """Looks at files from outside, without reading them."""

    def look(self, path: str, follows: bool = True) -> FileFacts | None:
        """Return what stands at `path`, or where it leads if it is a symbolic link and `follows`; None for nothing.

        Raises:
            InputError: it cannot be told.
        """
        ...

    def list_names(self, folder: str) -> Sequence[str]:
        """Return the names in `folder` in their order, none where there is no such folder.

        Raises:
            InputError: they cannot be read, or are too many.
        """
        ...


class CaVisitor(Protocol):
    """Goes to a CA and looks, as far as it gets."""

    def visit(self) -> Encounter:
        """Return what was seen, failures included."""
        ...


class LineReader(Protocol):
    """Gives the lines of a batch."""

    def count(self) -> int | None:
        """Return how many there are, None where that shows only at the end.

        Raises:
            InputError: they cannot be read.
        """
        ...

    def read(self, begin: int) -> Iterator[Lines | None]:
        """Give the lines from number `begin` on, as they come, and None where the next may be long in coming.

        Raises:
            InputError: they cannot be read, or are not UTF-8.
            UsageError: there are fewer lines than are to be left out.
        """
        ...


class BatchSink(Protocol):
    """Where the tokens of a batch go, from whichever of its processes has its turn."""

    def take(self, goods: Goods, ending: int) -> None:
        """Hand over the tokens in their order, each whole, and count them.

        Args:
            goods: The tokens.
            ending: A descriptor; once it can be read no more tokens are wanted.

        Raises:
            OutputError: one could not be handed over; nothing of it is left.
        """
        ...

    def count(self) -> int:
        """Return how many tokens all processes together have handed over."""
        ...

    def loose_end(self) -> LooseEnd:
        """Return what is not known, or not whole, of the tokens behind those."""
        ...

    def settle(self, process: int) -> None:
        """Find out what has become of the token that a process was at, which has ended, and make it whole or none.

        Args:
            process: A child of this process that is not waited for yet.
        """
        ...


class Workforce(Protocol):
    """Works on many things at once."""

    def run(
        self,
        make: Callable[[Lines], tuple[Portion, Goods]],
        hand_over: Callable[[Goods, int], None],
        pieces: Iterable[Lines | None],
        note: Callable[[Portion], None],
        settle: Callable[[int], None],
    ) -> None:
        """Make something of each piece, and hand that over in the order of the pieces.

        Args:
            make: Called in any process, for several pieces at once.
            hand_over: Called where the piece was made, for one after the other, with a descriptor that can be read
                once nothing more is to be handed over.
            pieces: Taken as those before are handed over; None says that the next may be long in coming, and all is
                handed over before it is waited for.
            note: Called in this process for each piece of which something may have been handed over, also where there
                is an error or an interrupt. No signal comes in between.
            settle: Called in this process for each that has worked, when it has ended, perhaps killed at its work,
                and before the last `note`.

        Raises:
            OutputError: the work cannot be shared out, or one who works has died.
            StepOttError: what `make`, `hand_over` or `pieces` raised, after what was before it has been handed over.
            KeyboardInterrupt: somebody wants it to end.
        """
        ...


class Progress(Protocol):
    """Tells the user how far a long work is."""

    def watching(self, count: Callable[[], int | None], done: int) -> AbstractContextManager[None]:
        """Show the progress while the block runs.

        Args:
            count: Gives the number of all lines, None where that is not known; called where it is shown.
            done: How many of them were before.
        """
        ...

    def advance(self, count: int) -> None:
        """Say that so many more lines are done."""
        ...

    def say(self, text: str) -> None:
        """Tell something beside it."""
        ...
