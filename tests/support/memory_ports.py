"""The ports in memory: what minting needs from outside, without an outside."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs

from domain.batch.portion import Goods, Lines, LooseEnd
from domain.batch.ports import BatchSink, Work
from domain.ca.url import CaUrl
from domain.cloud.metadata import MetadataAnswer, MetadataRequest, MetadataService
from domain.errors import AuthorityError, InputError, NetworkError, OutputError, UsageError, WrongPasswordError
from domain.keys.ports import Passwords, Signer
from domain.keys.source import DeviceKey, KeyFile, SealedKey
from domain.provisioners.base import Provisioner


@attrs.frozen
class FixedClock:
    """A clock that stands still, at nanoseconds since the epoch."""

    moment: int

    def now(self) -> int:
        """Return the moment."""
        return self.moment


@attrs.define
class CountedRandomness:
    """Identifiers that never repeat and can be foreseen."""

    count: int = 0

    def token_id(self) -> str:
        """Return the next number in 64 hex characters."""
        self.count += 1
        return f"{self.count:064x}"

    def token_ids(self, count: int) -> Sequence[str]:
        """Return the next numbers."""
        return [self.token_id() for _ in range(count)]


@attrs.define
class MemoryLines:
    """The lines of a batch, given at once."""

    texts: Sequence[bytes]

    def count(self) -> int:
        """Return how many there are."""
        return len(self.texts)

    def read(self, begin: int) -> Iterator[Lines | None]:
        """Give those from number `begin` on."""
        if begin > len(self.texts) + 1:
            raise UsageError("the list has fewer lines")
        if texts := self.texts[begin - 1 :]:
            yield Lines(begin, texts)


@attrs.define
class MemoryRows:
    """Rows of a batch, for some of which there is room.

    Attributes:
        room: How many are taken and counted.
        loose: What is known of the next ones.
        rows: Those that were taken.
    """

    room: int = 1_000_000
    loose: LooseEnd = attrs.field(factory=LooseEnd)
    rows: list[bytes] = attrs.field(factory=list)

    def take(self, goods: Goods, ending: int) -> None:
        """Take rows as long as there is room."""
        rows = b"".join(goods.rows).splitlines(keepends=True)
        self.rows += rows[: self.room - len(self.rows)]

    def count(self) -> int:
        """Return how many were taken."""
        return len(self.rows)

    def loose_end(self) -> LooseEnd:
        """Return what is known of the others."""
        return self.loose

    def settle(self, process: int) -> None:
        """Do nothing: nobody is killed at a row."""


@attrs.define
class MemoryWorkforce:
    """Works in this process, and fails at the end where there is a fault."""

    fault: BaseException | None = None

    def run(self, work: Work, sink: BatchSink, pieces: Iterable[Lines | None]) -> None:
        """Make something of each piece, hand it over, and note it."""
        ending, going_on = os.pipe()
        with open(ending, "rb"), open(going_on, "wb"):
            for piece in pieces:
                if piece is not None:
                    portion, goods = work.make(piece)
                    sink.take(goods, ending)
                    work.note(portion)
        if self.fault is not None:
            raise self.fault


@attrs.define
class RecordedProgress:
    """Keeps what is told and how far it went."""

    texts: list[str] = attrs.field(factory=list)
    advanced: int = 0

    @contextmanager
    def watching(self, count: Callable[[], int | None], done: int) -> Iterator[None]:
        """Show nothing."""
        yield

    def advance(self, count: int) -> None:
        """Count the lines."""
        self.advanced += count

    def say(self, text: str) -> None:
        """Keep it."""
        self.texts.append(text)


@attrs.define
class MemoryFiles:
    """Files by their path; `-` is standard input, which can be read once.

    Attributes:
        contents: Path to content.
        reads: What was read, in order.
    """

    contents: Mapping[str, bytes]
    reads: list[str] = attrs.field(factory=list)

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path`."""
        content = self.contents.get(path)
        if content is None:
            raise InputError(f"{path} cannot be read: No such file or directory", "check the path")
        if path == "-" and "-" in self.reads:
            content = b""
        self.reads.append(path)
        if len(content) > limit:
            raise InputError(f"{path} is over {limit} bytes", "give a smaller one")
        return content


@attrs.define
class MemoryAuthority:
    """A CA that is asked nothing over a network.

    Attributes:
        listed: Its provisioners.
        sealed: Encrypted keys by `kid`.
    """

    ca_url: CaUrl
    fingerprint: str
    listed: Sequence[Provisioner] = ()
    sealed: Mapping[str, str] = attrs.field(factory=dict)

    def url(self) -> CaUrl:
        """Return the address."""
        return self.ca_url

    def names(self) -> Sequence[str]:
        """Return that its names are not known."""
        return ()

    def root_fingerprint(self) -> str:
        """Return the fingerprint."""
        return self.fingerprint

    def source(self) -> tuple[str, str]:
        """Return that there is no file."""
        return "", ""

    def provisioners(self) -> Sequence[Provisioner]:
        """Return the list."""
        return self.listed

    def encrypted_key(self, kid: str) -> str:
        """Return the JWE of `kid`."""
        try:
            return self.sealed[kid]
        except KeyError as error:
            raise AuthorityError(f"there is no key for kid {kid}") from error


@attrs.define
class MemoryKeyStore:
    """Keys by the path or JWE that they are in.

    Attributes:
        signers: Path or JWE to the signer, and the password that opens it or None.
    """

    signers: Mapping[str, tuple[Signer, bytes | None]]

    def open(self, source: KeyFile | SealedKey | DeviceKey, passwords: Passwords) -> Signer:
        """Return the signer in `source`."""
        if isinstance(source, DeviceKey):
            place = source.uri.shown()
        else:
            place = source.path if isinstance(source, KeyFile) else source.jwe
        if place not in self.signers:
            raise InputError(f"{place} cannot be read: No such file or directory", "check the path")
        signer, wanted = self.signers[place]
        if wanted is None or wanted in passwords.candidates("the password of the key"):
            return signer
        raise WrongPasswordError("the password does not open the key", "check the password")


@attrs.frozen
class MemoryPasswords:
    """Passwords known beforehand; without any, there is nobody to ask."""

    known: Sequence[bytes] = ()
    whose: str = ""

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give the passwords."""
        if not self.known:
            raise UsageError(f"there is no password for {purpose}", "give one")
        yield from self.known


@attrs.define
class ScriptedPrompter:
    """A person whose answers are known; one without answers has no terminal.

    Attributes:
        typed: Passwords, in order.
        choices: Indices, in order.
        questions: What was asked.
    """

    typed: list[bytes] = attrs.field(factory=list)
    choices: list[int] = attrs.field(factory=list)
    questions: list[str] = attrs.field(factory=list)

    def password(self, question: str) -> bytes:
        """Return the next password."""
        self.questions.append(question)
        if not self.typed:
            raise UsageError("the password is needed", "name its file with --password-file")
        return self.typed.pop(0)

    def choose(self, question: str, items: Sequence[str]) -> int:
        """Return the next choice."""
        self.questions.append(question)
        if not self.choices:
            raise UsageError(question, f"choose one with --provisioner or --kid: {'; '.join(items)}")
        return self.choices.pop(0)


@attrs.define
class RecordedNotices:
    """Notices, kept."""

    informed: list[str] = attrs.field(factory=list)
    warned: list[str] = attrs.field(factory=list)

    def inform(self, text: str) -> None:
        """Keep what was chosen or done."""
        self.informed.append(text)

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self.warned.append(text)


@attrs.define
class MemorySink:
    """A token, kept.

    Attributes:
        is_full: Whether there is no room for one.
    """

    is_full: bool = False
    delivered: list[str] = attrs.field(factory=list)

    def check(self) -> None:
        """Refuse where there is no room."""
        if self.is_full:
            raise OutputError("the token cannot be written: there is no room", "make room")

    def deliver(self, token: str) -> None:
        """Keep the token."""
        self.check()
        self.delivered.append(token)


@attrs.define
class MemoryMetadata:
    """The metadata services of a machine in one cloud, or in none.

    Attributes:
        service: The cloud's, None for a machine in none.
        answers: Path to status and body; any other has the status 404.
        requests: What was asked.
    """

    service: MetadataService | None = None
    answers: Mapping[str, tuple[int, bytes]] = attrs.field(factory=dict)
    requests: list[MetadataRequest] = attrs.field(factory=list)

    def ask(self, service: MetadataService, request: MetadataRequest) -> MetadataAnswer:
        """Return what there is for the path."""
        self.requests.append(request)
        if service is not self.service:
            raise NetworkError(f"this does not seem to be {service.machine}", "mint on such a machine")
        status, body = self.answers.get(request.path, (404, b""))
        if len(body) > 65_536:
            raise InputError(f"the answer to {request.path} is too long", "try again")
        return MetadataAnswer("http://memory", status, body)
