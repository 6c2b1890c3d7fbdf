"""Asking the person at the terminal: passwords unseen, a choice by number or name, notices on stderr."""

import errno
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from adapters.machine.terminal import Stderr
from tests.support.peer_programs import REPOSITORY
from tests.support.pseudo_terminal import (
    ENTER,
    INTERRUPT,
    STOP,
    TerminalSession,
    run_on_terminal,
    run_shell_on_terminal,
)
from tests.support.running import Result, list_children

ASK = """
import sys
from adapters.machine.terminal import Terminal
from domain.errors import StepOttError
try:
    print(repr({call}))
except StepOttError as error:
    sys.exit(f"{{type(error).__name__}}: {{error}}")
except KeyboardInterrupt:
    sys.exit(130)
"""


PROMPT = "Which one? Number or beginning of the name: "


@contextmanager
def choosing(items: list[str]) -> Iterator[TerminalSession]:
    """Run a choice among `items` and wait until it is asked for."""
    program = ASK.format(call=f"Terminal().choose('Which one?', {items!r})")
    with run_on_terminal([sys.executable, "-c", program]) as session:
        session.wait_for(PROMPT)
        yield session


@contextmanager
def asking(question: str = "Password", before: str = "") -> Iterator[TerminalSession]:
    """Run a question for a password, in a program that does something before, and wait until it is shown."""
    program = f"{before}\n" + ASK.format(call=f"Terminal().password({question!r})")
    with run_on_terminal([sys.executable, "-c", program]) as session:
        session.wait_for(": ")
        yield session


def letters(count: int) -> list[str]:
    """Return so many items."""
    return [f"item-{number}" for number in range(1, count + 1)]


# -- Choosing ---------------------------------------------------------------------------------------


NAMES = ["alpha (JWK)", "beta (JWK)", "beta-2 (X5C)", "Gämma (OIDC)", "2024 (JWK)", "\x1b[1m (JWK)"]


@pytest.mark.parametrize(
    ("items", "keys", "index"),
    [
        (letters(3), b"1", 0),
        (letters(3), b"2", 1),
        (letters(3), b" 3 ", 2),
        (letters(3), b"03", 2),
        (letters(9), b"9", 8),
        (letters(12), b"2", 1),
        (letters(12), b"12", 11),
        (letters(12), b"13\x7f", 0),
        (letters(12), b"13\x152", 1),
        (letters(120), b"7", 6),
        (letters(120), b"115", 114),
        (letters(120), b"item-115", 114),
        (NAMES, b"a", 0),
        (NAMES, b"beta (", 1),
        (NAMES, b"beta-", 2),
        (NAMES, "gÄ".encode(), 3),
        (NAMES, b"20", 4),
        (NAMES, b"2", 1),
        (NAMES, b"\\x1b[", 5),
        (NAMES, b"beta-2 (X5C)", 2),
    ],
)
def test_an_item_is_chosen_by_number_or_by_the_beginning_of_its_name(items: list[str], keys: bytes, index: int) -> None:
    """A number goes before a name, a name is as it is shown, capitals count for nothing, a line can be corrected."""
    with choosing(items) as session:
        session.type(keys + ENTER)
        assert session.finish() == Result(0, f"{index}\n", "")
        assert session.is_as_before()


@pytest.mark.parametrize(
    "keys", [b"", b"0", b"7", b"-1", b"1.5", b"\xc2\xb2", b"\xff", b"x", b"eta", b"\x1b[B", b"9" * 4000]
)
def test_what_means_no_item_is_asked_again(keys: bytes) -> None:
    """Enter alone chooses nothing, and neither does a number that is not there."""
    with choosing(NAMES) as session:
        session.type(keys + ENTER)
        session.wait_for("That is neither a number from 1 to 6 nor the beginning of a name.\r\n" + PROMPT)
        session.type(b"x" + ENTER + b"6" + ENTER)
        assert session.finish() == Result(0, "5\n", "")
        assert session.is_as_before()


@pytest.mark.parametrize(("typed", "index"), [("beta", 1), ("BETA (jwk)", 1), ("beta-2", 2)])
def test_a_name_typed_in_full_is_chosen(typed: str, index: int) -> None:
    """Also where other names begin with it; what stands in parentheses behind a name need not be typed."""
    with choosing(NAMES) as session:
        session.type(typed.encode() + ENTER)
        assert session.finish().out == f"{index}\n"


def test_of_several_that_are_meant_one_is_chosen_by_its_number() -> None:
    """The beginning of several names lists them, so that a long list becomes a short one."""
    with choosing([f"{item}/x" for item in letters(120)]) as session:
        session.type(b"item-11" + ENTER)
        shown = session.wait_for(PROMPT).split("\r\n")
        session.type(b"111" + ENTER)
        assert session.finish().out == "110\n"
    assert shown[1:-1] == ["Several begin with that:", "11. item-11/x", *(f"{n}. item-{n}/x" for n in range(110, 120))]


@pytest.mark.parametrize("keys", [INTERRUPT, b"\x04", b"item" + INTERRUPT, b"1" + INTERRUPT, b"1\x04\x04"])
def test_a_choice_is_interrupted_by_ctrl_c_or_ctrl_d(keys: bytes) -> None:
    """A person who does not want to choose leaves, in the middle of a number as well; the terminal is as it was."""
    with choosing(letters(12)) as session:
        session.type(keys)
        assert session.finish() == Result(130, "", "")
        assert session.is_as_before()
        session.wait_for("\r\n")


def test_a_choice_is_typed_as_any_line() -> None:
    """What is typed is shown, and the question stands behind the list, where it is seen of a long one as well."""
    with choosing(letters(3)) as session:
        assert session.shown == f"1. item-1\r\n2. item-2\r\n3. item-3\r\n{PROMPT}"
        assert session.is_as_before() and session.is_echoing()
        session.type(b"item-3" + ENTER)
        session.wait_for("item-3\r\n")
        assert session.finish().out == "2\n"


def test_a_long_name_is_short() -> None:
    """Of a name that would fill the screen the middle is left out."""
    with choosing(["x" * 5_000, f"y{'x' * 5_000}"]) as session:
        lines = session.shown.split("\r\n")
        session.type(b"yxx" + ENTER)
        assert session.finish().out == "1\n"
    assert [len(line) for line in lines[:2]] == [203, 203] and "characters left out" in lines[0]


def test_what_is_offered_cannot_repaint_the_screen() -> None:
    """Escape sequences, line breaks and bidi controls in an item are shown as escapes."""
    with choosing(["\x1b[2Jevil", "line\r\nbreak", "rtl\u202egpj"]) as session:
        session.type(b"1" + ENTER)
        session.finish()
        shown = session.shown
    assert "\\x1b[2Jevil" in shown and "line\\x0d\\x0abreak" in shown and "rtl\\u202egpj" in shown
    assert "\x1b[2J" not in shown and "\u202e" not in shown


# -- Passwords --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["secret", "", " with spaces ", "pässwörd", "tab\there"])
def test_a_password_is_what_was_typed(typed: str) -> None:
    """Nothing is added, trimmed or shown."""
    with asking() as session:
        session.type(typed.encode() + b"\r")
        assert session.finish() == Result(0, f"{typed.encode()!r}\n", "")
        assert session.is_as_before()
    assert typed == "" or typed not in session.shown


def test_a_password_need_not_be_utf_8() -> None:
    """The bytes that a terminal of another encoding sends are the password."""
    with asking() as session:
        session.type(b"p\xe4ss\r")
        assert session.finish().out == "b'p\\xe4ss'\n"


def test_a_password_can_be_corrected() -> None:
    """The terminal's own line editing works."""
    with asking() as session:
        session.type(b"wrong\x15secrex\x7ft\r")
        assert session.finish().out == "b'secret'\n"


def test_echo_is_off_while_a_password_is_typed() -> None:
    """Nobody sees the password, and afterwards the terminal shows what is typed again."""
    with asking() as session:
        assert not session.is_echoing()
        session.type(b"secret\r")
        session.finish()
        assert session.is_echoing()


@pytest.mark.parametrize("keys", [INTERRUPT, b"\x04", b"half" + INTERRUPT])
def test_a_password_is_interrupted_by_ctrl_c_or_ctrl_d(keys: bytes) -> None:
    """A person who has no password leaves, and echo is restored."""
    with asking() as session:
        session.type(keys)
        assert session.finish() == Result(130, "", "")
        assert session.is_as_before()


def test_a_question_cannot_repaint_the_screen() -> None:
    """A provisioner's name in a question is escaped."""
    with asking("the password of \x1b]0;evil\x07") as session:
        session.type(b"\r")
        session.finish()
    assert "the password of \\x1b]0;evil\\x07: " in session.shown


# -- Signals ----------------------------------------------------------------------------------------

ENDING = pytest.mark.parametrize(
    "number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM], ids=lambda number: number.name
)
ENDED = {number: 130 if number is signal.SIGINT else -number for number in signal.Signals}
"""How a program that answers Ctrl-C by the exit status 130 ends by each signal."""


@ENDING
def test_a_signal_at_a_password_gives_the_terminal_back(number: signal.Signals) -> None:
    """The terminal is as it was, and the process ends by the very signal."""
    with asking() as session:
        session.process.send_signal(number)
        assert session.finish() == Result(ENDED[number], "", "")
        assert session.is_as_before()


@ENDING
def test_a_signal_at_a_choice_gives_the_terminal_back(number: signal.Signals) -> None:
    """Likewise, where what is typed is shown."""
    with choosing(letters(3)) as session:
        session.process.send_signal(number)
        assert session.finish() == Result(ENDED[number], "", "")
        assert session.is_as_before()


def test_a_signal_that_was_ignored_stays_so_at_a_password() -> None:
    """What a person has started with nohup outlives the terminal's SIGHUP."""
    with asking(before="import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)") as session:
        session.process.send_signal(signal.SIGHUP)
        session.type(b"secret\r")
        assert session.finish().out == "b'secret'\n"


def test_a_signal_that_the_program_answers_itself_is_answered_at_a_password() -> None:
    """A program that uses step-ott has its own say, and if it goes on the question is asked again."""
    with asking(before="import signal; signal.signal(signal.SIGTERM, lambda *_: print('answered'))") as session:
        session.process.send_signal(signal.SIGTERM)
        session.wait_for("Password: ")
        assert not session.is_echoing()
        session.type(b"secret\r")
        assert session.finish().out == "answered\nb'secret'\n"
        assert session.is_as_before()


@contextmanager
def asking_in_a_shell(call: str, shown: str) -> Iterator[TerminalSession]:
    """Ask in the foreground of a shell with job control, and wait until the question is shown."""
    with run_shell_on_terminal({"PROGRAM": ASK.format(call=call)}) as session:
        session.type(b'"$PYTHON" -c "$PROGRAM"\n')
        session.wait_for("\n")
        session.wait_for(shown)
        yield session


PASSWORD = ("Terminal().password('Password')", "Password: ")
CHOICE = ("Terminal().choose('Which?', ['a', 'b'])", "of the name: ")
QUESTIONS = pytest.mark.parametrize(
    ("question", "answer", "result"),
    [(PASSWORD, b"secret\r", "b'secret'\r\n"), (CHOICE, b"2" + ENTER, "1\r\n")],
    ids=["password", "choice"],
)


@QUESTIONS
def test_a_question_is_asked_again_after_a_stop(question: tuple[str, str], answer: bytes, result: str) -> None:
    """Ctrl-Z gives the terminal back; with fg it is taken again, and a password that is typed then is not shown."""
    with asking_in_a_shell(*question) as session:
        for _ in range(2):
            assert session.is_echoing() == (question == CHOICE)
            session.type(STOP)
            session.wait_for("Stopped")
            session.wait_for("$ ")
            assert session.is_as_before()
            session.type(b"fg\n")
            session.wait_for("-c")
            session.wait_for(question[1])
        assert session.is_echoing() == (question == CHOICE)
        session.type(answer)
        session.wait_for(result)
        session.wait_for("$ ")
        assert session.is_as_before() and "secret" not in session.shown.replace(result, "")


@QUESTIONS
def test_a_question_waits_in_the_background(question: tuple[str, str], answer: bytes, result: str) -> None:
    """With bg it leaves the terminal to the shell, and takes it when it is brought back."""
    with asking_in_a_shell(*question) as session:
        session.type(STOP)
        session.wait_for("Stopped")
        session.type(b"bg\n")
        session.wait_for("&")
        session.type(b"wait; echo waited\n")
        session.wait_for("\nwaited")
        assert session.is_as_before()
        session.type(b"fg\n")
        session.wait_for("-c")
        session.wait_for(question[1])
        assert session.is_echoing() == (question == CHOICE)
        session.type(answer)
        session.wait_for(result)


def test_a_stop_that_cannot_be_answered_leaves_the_password_unseen() -> None:
    """After SIGSTOP and fg the terminal is as the question needs it, whatever the shell has made of it."""
    with asking_in_a_shell(*PASSWORD) as session:
        session.type(b"")
        (job,) = list_children(session.process.pid)
        os.kill(job, signal.SIGSTOP)
        session.wait_for("Stopped")
        session.type(b"stty echo\n")
        session.wait_until(session.is_echoing)
        session.type(b"fg\n")
        session.wait_for("Password: ")
        assert not session.is_echoing()
        session.type(b"secret\r")
        session.wait_for("b'secret'")


def test_a_stopped_question_that_is_ended_leaves_the_terminal_to_the_shell() -> None:
    """The shell's own settings are not overwritten from the background."""
    with asking_in_a_shell(*PASSWORD) as session:
        session.type(STOP)
        session.wait_for("Stopped")
        session.type(b"stty -onlcr; kill %1; wait; echo done\n")
        session.wait_for("\ndone")
        assert session.is_echoing()
        session.type(b"stty\n")
        session.wait_for("-onlcr")


# -- No terminal ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("Terminal().password('x')", "--password-file"),
        ("Terminal().choose('Which?', ['a (JWK) [kid: \\x1b1]', 'b'])", "--provisioner or --kid: a (JWK)"),
    ],
    ids=["password", "choose"],
)
def test_without_a_terminal_the_flag_is_named(call: str, said: str) -> None:
    """A script is not asked: stdin is left alone, and the error names the flags that answer the question."""
    done = subprocess.run(
        [sys.executable, "-c", ASK.format(call=call)], input=b"secret\n", capture_output=True, cwd=REPOSITORY,
        start_new_session=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"UsageError: ") and said in done.stderr.decode()


# -- Notices ----------------------------------------------------------------------------------------


def test_notices_are_escaped_lines() -> None:
    """A notice is one line, whatever a CA writes into it."""
    stream = io.StringIO()
    notices = Stderr(stream)
    notices.inform("✔ Provisioner: a\x1b[1m\nb")
    notices.warn("c\u202ed")
    assert stream.getvalue() == "✔ Provisioner: a\\x1b[1m\\x0ab\nwarning: c\\u202ed\n"


def test_notices_without_stderr_do_not_land_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """A closed stderr means that nobody wants notices; stdout is the token's."""
    Stderr(None).inform("chosen")
    assert capsys.readouterr() == ("", "")


def test_notices_that_cannot_be_written_fail_nothing() -> None:
    """A full stderr is not a reason to withhold a token."""

    class FullStream(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Stderr(FullStream()).warn("nobody hears this")
