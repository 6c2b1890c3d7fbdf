"""One contract for each port, kept by every adapter of it, the real ones and those in memory."""

import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest

from adapters.jose.jws import make_signer
from adapters.jose.key_objects import generate_jwk
from adapters.keys.jwk import load_jwk_key
from adapters.keys.passwords import FilePassword, TypedPassword
from adapters.machine.clock import SystemClock, SystemRandomness
from adapters.machine.input_files import LocalFiles, RememberedFiles
from adapters.machine.terminal import Stderr
from adapters.output.streams import StandardOutput
from adapters.output.token_file import TokenFile
from domain.batch.ports import Identifiers
from domain.cloud.metadata import MetadataRequest, MetadataService
from domain.cloud.ports import InstanceMetadata
from domain.errors import InputError, NetworkError, OutputError, UsageError, WrongPasswordError
from domain.keys.ports import Passwords
from domain.keys.source import KeyFile, SealedKey
from domain.ports import Clock, InputFiles, Notices, Prompter, Randomness, TokenSink
from entrypoints.wiring.late_adapters import LateMetadata
from tests.support.memory_ports import (
    CountedRandomness,
    FixedClock,
    MemoryFiles,
    MemoryKeyStore,
    MemoryMetadata,
    MemoryPasswords,
    MemorySink,
    RecordedNotices,
    ScriptedPrompter,
)
from tests.support.metadata_service import VARIABLES, Asked, serve_metadata, tell
from tests.support.pseudo_terminal import ENTER, run_on_terminal

TOKEN = "e30.e30.c2lnbmF0dXJl"
YEAR_2020, YEAR_2262 = 1_577_836_800_000_000_000, 1 << 63


# -- Clock and Randomness ---------------------------------------------------------------------------


@pytest.mark.parametrize("clock", [SystemClock(), FixedClock(1_800_000_000_123_456_789)], ids=["system", "fixed"])
def test_a_clock_tells_nanoseconds_since_the_epoch(clock: Clock) -> None:
    """The time is an integer of nanoseconds of our days, and does not run backwards."""
    earlier, later = clock.now(), clock.now()
    assert type(earlier) is int and YEAR_2020 < earlier <= later < YEAR_2262


@pytest.mark.parametrize("randomness", [SystemRandomness(), CountedRandomness()], ids=["system", "counted"])
def test_an_identifier_is_64_hex_characters_and_never_repeats(randomness: Randomness) -> None:
    """Each `jti` is 256 bits in lower-case hex, and no two are alike."""
    drawn = [randomness.token_id() for _ in range(1_000)]
    assert len(set(drawn)) == 1_000
    assert all(re.fullmatch("[0-9a-f]{64}", identifier) for identifier in drawn)


@pytest.mark.parametrize("identifiers", [SystemRandomness(), CountedRandomness()], ids=["system", "counted"])
def test_identifiers_drawn_at_once_are_as_those_drawn_alone(identifiers: Identifiers) -> None:
    """As many as are asked for, each 64 hex characters, and no two are alike, of one draw or of several."""
    drawn = [one for count in (0, 1, 64, 500) for one in identifiers.token_ids(count)]
    assert len(set(drawn)) == len(drawn) == 565
    assert all(re.fullmatch("[0-9a-f]{64}", identifier) for identifier in drawn)
    if isinstance(identifiers, SystemRandomness):
        assert all(len(set(column)) == 16 for column in zip(*drawn, strict=True))


def test_identifiers_of_the_machine_have_no_constant_part() -> None:
    """Every position of a `jti` varies, so that no counter or clock is in it."""
    drawn = [SystemRandomness().token_id() for _ in range(1_000)]
    assert all(len(set(column)) == 16 for column in zip(*drawn, strict=True))


# -- InputFiles -------------------------------------------------------------------------------------


@pytest.fixture(params=["local", "memory"])
def files(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InputFiles:
    """Files named `file` and `empty` in the current folder, and standard input."""
    contents = {"file": b"content\r\n\0\xff", "empty": b"", "-": b"from stdin\xff"}
    if request.param == "memory":
        return MemoryFiles(contents)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(contents.pop("-"))))
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return LocalFiles()


@pytest.mark.parametrize(
    ("path", "content"), [("file", b"content\r\n\0\xff"), ("empty", b""), ("-", b"from stdin\xff")]
)
def test_a_file_is_read_as_it_is(path: str, content: bytes, files: InputFiles) -> None:
    """Every byte counts, up to and including the bound."""
    assert files.read(path, max(len(content), 1)) == content


def test_a_file_over_the_bound_is_refused(files: InputFiles) -> None:
    """One byte too many is an error that names the file and the bound."""
    with pytest.raises(InputError, match="file is over 10 bytes"):
        files.read("file", 10)


@pytest.mark.parametrize("path", ["missing", "missing/file", ""])
def test_a_file_that_is_not_there_is_an_error(path: str, files: InputFiles) -> None:
    """The error names the file and what the matter is."""
    with pytest.raises(InputError, match=f"^{path} cannot be read: No such file or directory"):
        files.read(path, 100)


def test_standard_input_gives_its_content_once(files: InputFiles) -> None:
    """What was read from `-` is gone, which is why two options cannot both name it."""
    assert files.read("-", 100) == b"from stdin\xff"
    assert files.read("-", 100) == b""


def test_a_remembered_file_keeps_the_limit_of_each_reader(files: InputFiles) -> None:
    """What one reader took, another with a smaller bound does not get."""
    remembered = RememberedFiles(files)
    for path, name in (("file", "file"), ("-", "(-|standard input)")):
        content = remembered.read(path, 100)
        assert remembered.read(path, len(content)) == content
        with pytest.raises(InputError, match=rf"^{name} is over {len(content) - 1} bytes"):
            remembered.read(path, len(content) - 1)
        assert remembered.read(path, 100) == content


def test_standard_input_that_was_too_long_is_not_taken_for_its_rest(files: InputFiles) -> None:
    """A part of it is gone by then; a file can be read again."""
    remembered = RememberedFiles(files)
    for _ in range(2):
        with pytest.raises(InputError, match="is over 3 bytes"):
            remembered.read("-", 3)
    with pytest.raises(InputError, match="is over 3 bytes"):
        remembered.read("-", 100)
    with pytest.raises(InputError, match="is over 3 bytes"):
        remembered.read("file", 3)
    assert remembered.read("file", 100) == b"content\r\n\0\xff"


@pytest.mark.parametrize(("path", "said"), [(".", "Is a directory"), ("a\0b", "not a path")])
def test_what_is_no_file_is_an_error(path: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder and a name that no file can have are told in plain words."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=said):
        LocalFiles().read(path, 100)


def test_a_device_without_end_is_not_read_to_it() -> None:
    """The bound holds for what has no length."""
    with pytest.raises(InputError, match="over 1000 bytes"):
        LocalFiles().read("/dev/zero", 1_000)


# -- Passwords --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("passwords", "given"),
    [
        (FilePassword(MemoryFiles({"f": b"one\n"}), "f", "--password-file"), [b"one"]),
        (TypedPassword(ScriptedPrompter(typed=[b"one", b"two", b"three"])), [b"one", b"two", b"three"]),
        (MemoryPasswords([b"one", b"two"]), [b"one", b"two"]),
    ],
    ids=["file", "typed", "memory"],
)
def test_passwords_come_one_after_the_other(passwords: Passwords, given: list[bytes]) -> None:
    """Candidates are bytes, and their number is bounded."""
    assert list(passwords.candidates("the password of x")) == given


@pytest.mark.parametrize(
    ("passwords", "error"),
    [
        (FilePassword(MemoryFiles({}), "f", "--password-file"), InputError),
        (FilePassword(MemoryFiles({"f": b""}), "f", "--password-file"), InputError),
        (TypedPassword(ScriptedPrompter()), UsageError),
        (MemoryPasswords(), UsageError),
    ],
    ids=["missing file", "empty file", "nobody to ask", "memory"],
)
def test_no_password_is_an_error(passwords: Passwords, error: type[Exception]) -> None:
    """Where there is no password, asking for the first one says so."""
    candidates = passwords.candidates("the password of x")
    with pytest.raises(error):
        next(candidates)


# -- Prompter ---------------------------------------------------------------------------------------

ANSWER = """
from adapters.machine.terminal import Terminal
terminal = Terminal()
print(terminal.choose("Which one?", ["a", "b", "c"]), terminal.password("Password"))
"""


def test_a_scripted_person_answers_as_a_real_one_does() -> None:
    """The prompter in memory and the one on a terminal give the same answers to the same questions."""
    scripted = ScriptedPrompter(typed=[b"secret"], choices=[1])
    expected = f"{scripted.choose('Which one?', ['a', 'b', 'c'])} {scripted.password('Password')!r}\n"
    with run_on_terminal([sys.executable, "-c", ANSWER]) as session:
        session.wait_for("3. c\r\n")
        session.type(b"2" + ENTER)
        session.wait_for("Password: ")
        session.type(b"secret\r")
        assert session.finish().out == expected
    assert scripted.questions == ["Which one?", "Password"]


def test_nobody_at_the_terminal_is_a_usage_error() -> None:
    """A prompter with nobody to ask names the flags, and the items to choose among."""
    nobody: Prompter = ScriptedPrompter()
    with pytest.raises(UsageError, match="--password-file"):
        nobody.password("Password")
    with pytest.raises(UsageError, match="--provisioner or --kid: a; b"):
        nobody.choose("Which one?", ["a", "b"])


# -- Notices ----------------------------------------------------------------------------------------


@attrs.frozen
class Listener:
    """Notices, and what came of them."""

    notices: Notices
    heard: Callable[[], list[str]]


def listen_to_stderr() -> Listener:
    """Return the notices on stderr."""
    stream = io.StringIO()
    return Listener(Stderr(stream), lambda: stream.getvalue().splitlines())


def listen_to_memory() -> Listener:
    """Return the notices in memory."""
    notices = RecordedNotices()
    return Listener(notices, lambda: [*notices.informed, *(f"warning: {text}" for text in notices.warned)])


@pytest.mark.parametrize("listen", [listen_to_stderr, listen_to_memory])
def test_notices_are_heard_in_order(listen: Callable[[], Listener]) -> None:
    """What is informed and what is warned of can be told apart."""
    listener = listen()
    listener.notices.inform("chosen")
    listener.notices.inform("done")
    listener.notices.warn("in vain")
    assert listener.heard() == ["chosen", "done", "warning: in vain"]


# -- TokenSink --------------------------------------------------------------------------------------


@attrs.frozen
class Destination:
    """A sink, a sink of the same kind that takes nothing, and what arrived in the first."""

    sink: TokenSink
    refusing: TokenSink
    arrived: Callable[[], str]


@contextmanager
def on_stdout(_: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Destination]:
    """Give standard output, and one that is closed."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)

    class Closed(StandardOutput):
        def deliver(self, token: str) -> None:
            with monkeypatch.context() as patch:
                patch.setattr(sys, "stdout", None)
                super().deliver(token)

    yield Destination(StandardOutput(), Closed(), lambda: stream.getvalue().removesuffix("\n"))


@contextmanager
def in_a_file(folder: Path, _: pytest.MonkeyPatch) -> Iterator[Destination]:
    """Give a file, and one in a folder that is not there."""
    path = folder / "token"
    read = lambda: path.read_text() if path.exists() else ""  # noqa: E731
    yield Destination(TokenFile(str(path)), TokenFile(str(folder / "missing" / "token")), read)


@contextmanager
def in_memory(_: Path, __: pytest.MonkeyPatch) -> Iterator[Destination]:
    """Give memory, and memory that is full."""
    sink = MemorySink()
    yield Destination(sink, MemorySink(is_full=True), lambda: "".join(sink.delivered))


@pytest.mark.parametrize("place", [on_stdout, in_a_file, in_memory])
def test_a_token_arrives_whole_or_not_at_all(
    place: Callable[[Path, pytest.MonkeyPatch], object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sink hands over the very token; one that cannot says so."""
    with place(tmp_path, monkeypatch) as destination:  # type: ignore[attr-defined]
        with pytest.raises(OutputError):
            destination.refusing.deliver(TOKEN)
        assert destination.arrived() == ""
        destination.sink.deliver(TOKEN)
        assert destination.arrived() == TOKEN


# -- KeyStore ---------------------------------------------------------------------------------------


def test_the_key_store_in_memory_keeps_the_port_s_promises() -> None:
    """It asks for a password only where there is one, and fails as the real one does."""
    signer = make_signer(load_jwk_key(generate_jwk()))
    store = MemoryKeyStore({"plain.pem": (signer, None), "jwe": (signer, b"secret")})
    assert store.open(KeyFile("plain.pem", "key"), MemoryPasswords()) is signer
    assert store.open(SealedKey("jwe", "provisioner x"), MemoryPasswords([b"wrong", b"secret"])) is signer
    with pytest.raises(WrongPasswordError):
        store.open(SealedKey("jwe", "provisioner x"), MemoryPasswords([b"wrong"]))
    with pytest.raises(UsageError):
        store.open(SealedKey("jwe", "provisioner x"), MemoryPasswords())
    with pytest.raises(InputError):
        store.open(KeyFile("missing.pem", "key"), MemoryPasswords())


# -- InstanceMetadata -------------------------------------------------------------------------------

ANSWERS = {"/here": (200, b"content\r\n\0\xff"), "/refused": (403, b"why"), "/full": (200, bytes(65_536))}


@pytest.fixture(params=["local", "memory"])
def metadata(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[InstanceMetadata]:
    """The metadata service of Google's on a machine that has no other."""
    answers = {**ANSWERS, "/too-long": (200, bytes(65_537))}
    if request.param == "memory":
        yield MemoryMetadata(MetadataService.GOOGLE, answers)
        return

    def behave(asked: Asked) -> bytes:
        status, body = answers.get(asked.path, (404, b""))
        return tell(body, status)

    with serve_metadata(behave) as nobody:
        monkeypatch.setenv(VARIABLES["AWS"], nobody.url)
    with serve_metadata(behave) as host:
        monkeypatch.setenv(VARIABLES["GCP"], host.url)
        yield LateMetadata(os.environ)


@pytest.mark.parametrize("path", [*ANSWERS, "/not-there"])
def test_a_metadata_service_is_answered_for_as_it_is(metadata: InstanceMetadata, path: str) -> None:
    """Status and body come as they were, whatever the status, and say whose they are."""
    answer = metadata.ask(MetadataService.GOOGLE, MetadataRequest(path=path, query={"a": "b c"}))
    assert (answer.status, answer.body) == ANSWERS.get(path, (404, b""))
    assert answer.succeeds is (answer.status == 200)
    assert answer.address.startswith("http://")


def test_a_metadata_service_that_is_not_there_or_says_too_much_is_an_error(metadata: InstanceMetadata) -> None:
    """Neither is an answer; the error names the machine that this is not, or the path."""
    with pytest.raises(NetworkError, match="this does not seem to be an Amazon EC2 instance"):
        metadata.ask(MetadataService.AMAZON, MetadataRequest(path="/here"))
    with pytest.raises(InputError, match="/too-long"):
        metadata.ask(MetadataService.GOOGLE, MetadataRequest(path="/too-long"))
