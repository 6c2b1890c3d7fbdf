"""Passwords: from a file as step reads it, or from a person who may mistype twice."""

from pathlib import Path

import pytest

from adapters.keys.passwords import MAX_PASSWORD_BYTES, FilePassword, TypedPassword
from adapters.machine.input_files import LocalFiles
from domain.errors import InputError
from tests.support.memory_ports import MemoryFiles, ScriptedPrompter
from tests.support.pseudo_terminal import run_cli_on_terminal
from tests.support.running import execute, invoke, run_step

OPTION = "--password-file"


def read(content: bytes) -> list[bytes]:
    """Return the passwords that a file of that content gives."""
    return list(FilePassword(MemoryFiles({"file": content}), "file", f"{OPTION} file").candidates("the password of x"))


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"secret", b"secret"),
        (b"secret\n", b"secret"),
        (b"secret\r\n", b"secret"),
        (b"secret \t\n\v\f\r\n\n", b"secret"),
        (b"  secret", b"  secret"),
        (b"two words\n", b"two words"),
        (b"first\nsecond\n", b"first\nsecond"),
        ("secret\u0085\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000".encode(), b"secret"),
        ("secret\u200b".encode(), "secret\u200b".encode()),
        ("secret\ufeff".encode(), "secret\ufeff".encode()),
        (b"secret\x1c\x1d\x1e\x1f", b"secret\x1c\x1d\x1e\x1f"),
        (b"secret\x00", b"secret\x00"),
        (b"p\xe4ss\xff\n", b"p\xe4ss\xff"),
        (b"secret\x85", b"secret\x85"),
        (b"secret\xa0\n", b"secret\xa0"),
        (b"\xef\xbb\xbfsecret\r\n", b"secret"),
        (b"\xef\xbb\xbf\xef\xbb\xbfsecret", b"\xef\xbb\xbfsecret"),
        (b"\xff\xfes\0\n\0", b"s\0\n\0"),
        (b"\xfe\xff\0s", b"\0s"),
        (b"\xff\xfe\0\0s\0\0\0", b"s\0\0\0"),
        (b"\0\0\xfe\xff\0\0\0s", b"\0\0\0s"),
        (b"\xefsecret", b"\xefsecret"),
    ],
)
def test_white_space_at_the_end_is_dropped_as_go_does(content: bytes, password: bytes) -> None:
    """What Go's unicode.IsSpace calls space is dropped from the end alone, one byte order mark from the beginning."""
    assert read(content) == [password]


@pytest.mark.parametrize("content", [b"", b"\n", b" \t\r\n", "\u3000\u0085".encode(), b"\xef\xbb\xbf\n"])
def test_an_empty_password_file_is_an_error(content: bytes) -> None:
    """Nothing, or white space alone, is not a password; the error names option, file and what it should hold."""
    with pytest.raises(InputError, match=r"--password-file file holds no password: write into it the password of x"):
        read(content)


def test_a_password_file_is_bounded() -> None:
    """A file that is not a password file is not read to its end."""
    with pytest.raises(InputError, match="over"):
        read(b"x" * (MAX_PASSWORD_BYTES + 1))


def test_a_password_file_is_not_read_before_it_is_wanted(tmp_path: Path) -> None:
    """A key that is not encrypted needs no password file, so that a missing one does no harm."""
    candidates = FilePassword(LocalFiles(), str(tmp_path / "missing"), f"{OPTION} {tmp_path}/missing").candidates("x")
    with pytest.raises(InputError, match=f"{tmp_path}/missing cannot be read: No such file"):
        next(candidates)


def test_a_password_is_in_no_representation() -> None:
    """What a traceback or a log would show of the adapter holds no password."""
    password = FilePassword(LocalFiles(), "file", OPTION)
    assert "secret" not in repr(password)


def test_a_person_is_asked_three_times() -> None:
    """The question says what for, and from the second time on that the last answer was wrong."""
    prompter = ScriptedPrompter(typed=[b"a", b"b", b"c", b"d"])
    assert list(TypedPassword(prompter).candidates("the password of x")) == [b"a", b"b", b"c"]
    asked = "Please enter the password of x"
    again = "Wrong password, try again. The password of x"
    assert prompter.questions == [asked, again, again]


@pytest.fixture
def asking_sandbox(sandbox_path: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of a step path with the sandbox's CA, whose configuration names no password file."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "ca.json").symlink_to(sandbox_path / "config" / "ca.json")
    return {"STEPPATH": str(tmp_path)}


def test_three_wrong_passwords_are_one_error(asking_sandbox: dict[str, str]) -> None:
    """The third wrong answer ends it: no token, a plain error, and no fourth question."""
    file = f"{asking_sandbox['STEPPATH']}/config/ca.json"
    with run_cli_on_terminal("token", "a.test", "--offline", environment=asking_sandbox) as session:
        for begin in ("Please enter the", "Wrong password, try again. The", "Wrong password, try again. The"):
            session.wait_for(f"{begin} password of the key of provisioner sandbox@example.com in {file}: ")
            session.type(b"mistyped\r")
        result = session.finish()
        assert session.is_as_before()
    assert (result.status, result.out) == (1, "")
    whose = f"the key of provisioner sandbox@example.com in {file}"
    assert result.err.endswith(f"step-ott: the password does not open {whose}: check the password\n")
    assert session.shown.count("Please enter") == 1 and session.shown.count("Wrong password, try again. The ") == 2
    assert "mistyped" not in session.shown + result.err


def test_the_right_password_at_last_mints(asking_sandbox: dict[str, str], sandbox_path: Path) -> None:
    """A person who mistypes twice still gets the token, on stdout alone."""
    password = (sandbox_path / "secrets" / "password").read_bytes().strip()
    with run_cli_on_terminal("token", "a.test", "--offline", environment=asking_sandbox) as session:
        for typed in (b"wrong", b"", password):
            session.wait_for(": ")
            session.type(typed + b"\r")
        result = session.finish()
    assert result.claims["sub"] == "a.test"
    assert password.decode() not in session.shown + result.err


def test_without_a_terminal_the_flag_is_named_at_once(asking_sandbox: dict[str, str]) -> None:
    """A script gets an error that names the flag, and what stands on its stdin is not taken for a password."""
    result = execute("token", "a.test", "--offline", environment=asking_sandbox, stdin=b"secret\n")
    assert (result.status, result.out) == (2, "")
    assert "name its file with --password-file" in result.err


def test_a_wrong_password_file_is_tried_once(asking_sandbox: dict[str, str], tmp_path: Path) -> None:
    """There is nobody to correct a file, so that its password is tried once and the error follows."""
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    result = invoke("token", "a.test", "--offline", OPTION, str(wrong), environment=asking_sandbox)
    assert (result.status, result.out) == (1, "")
    assert f"the password from {OPTION} {wrong} does not open the key of provisioner" in result.err


@pytest.mark.parametrize("tail", [b"", b"\n", b" \r\n\t", "\u3000\u0085".encode(), b"\x1c", "\u200b".encode()])
def test_step_trims_a_password_file_alike(
    tail: bytes, step_program: str, asking_sandbox: dict[str, str], sandbox_path: Path, tmp_path: Path
) -> None:
    """The real step opens a key with a password file exactly where we do."""
    file = tmp_path / "password"
    file.write_bytes((sandbox_path / "secrets" / "password").read_bytes().strip() + tail)
    jwe = tmp_path / "key.jwe"
    config = (sandbox_path / "config" / "ca.json").read_text()
    jwe.write_text(config.partition('"encryptedKey": "')[2].partition('"')[0])
    theirs = run_step(
        step_program, "crypto", "jwe", "decrypt", OPTION, str(file), environment={}, stdin=jwe.read_bytes()
    )
    ours = invoke("token", "a.test", "--offline", OPTION, str(file), environment=asking_sandbox)
    assert (ours.status == 0) == (theirs.status == 0)


@pytest.mark.parametrize(
    "head", [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0", b"\xef\xbb\xbf\xef\xbb\xbf", b"\xef"]
)
def test_step_takes_a_byte_order_mark_alike(head: bytes, step_program: str, sandbox_path: Path, tmp_path: Path) -> None:
    """`step ca token` opens a key with a password file exactly where we do."""
    file, jwe = tmp_path / "password", tmp_path / "key.jwe"
    file.write_bytes(head + (sandbox_path / "secrets" / "password").read_bytes())
    config = (sandbox_path / "config" / "ca.json").read_text()
    jwe.write_text(config.partition('"encryptedKey": "')[2].partition('"')[0])
    words = ["ca", "token", "a.test", "--offline", "--issuer", "x", "--key", str(jwe), OPTION, str(file)]
    words += ["--ca-url", "https://ca.test", "--root", str(sandbox_path / "certs" / "root_ca.crt")]
    environment = {"STEPPATH": str(tmp_path)}
    theirs, ours = run_step(step_program, *words, environment=environment), invoke(*words, environment=environment)
    assert (ours.status, theirs.status) == ((0, 0) if head in MARKS else (1, 1)), (ours.err, theirs.err)


MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xff\xfe\0\0")
