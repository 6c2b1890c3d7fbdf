"""Asking the person at the terminal: passwords unseen, a choice by arrow keys or number, notices on stderr."""

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
    DOWN,
    ENTER,
    INTERRUPT,
    STOP,
    UP,
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


@contextmanager
def choosing(items: list[str], size: tuple[int, int] = (24, 80)) -> Iterator[TerminalSession]:
    """Run a choice among `items` and wait until the first of them is shown as chosen."""
    program = ASK.format(call=f"Terminal().choose('Which one?', {items!r})")
    with run_on_terminal([sys.executable, "-c", program], size=size) as session:
        session.wait_for("> 1. ")
        yield session


@contextmanager
def asking(question: str = "Password") -> Iterator[TerminalSession]:
    """Run a question for a password and wait until it is shown."""
    program = ASK.format(call=f"Terminal().password({question!r})")
    with run_on_terminal([sys.executable, "-c", program]) as session:
        session.wait_for(": ")
        yield session


def letters(count: int) -> list[str]:
    """Return so many items."""
    return [f"item-{number}" for number in range(1, count + 1)]


# -- Choosing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "keys", "index"),
    [
        (3, ENTER, 0),
        (3, DOWN + ENTER, 1),
        (3, DOWN + DOWN + DOWN + ENTER, 0),
        (3, UP + ENTER, 2),
        (3, DOWN + UP + b"\n", 0),
        (3, b"\x1bOB" + ENTER, 1),
        (3, b"jjk" + ENTER, 1),
        (3, b"2", 1),
        (3, b"0" + b"9" + b"3", 2),
        (3, b"\x1b[1;5C" + b"x" + b"\xc2\xb2" + DOWN + ENTER, 1),
        (9, b"9", 8),
        (12, b"2", 1),
        (12, b"1" + ENTER, 0),
        (12, b"12", 11),
        (12, b"1" + DOWN + DOWN + ENTER, 1),
        (120, b"7" + ENTER, 6),
        (120, b"115", 114),
        (120, UP + ENTER, 119),
    ],
)
def test_an_item_is_chosen_by_arrows_or_number(count: int, keys: bytes, index: int) -> None:
    """Arrow keys, j and k, Enter and numbers of any length choose, also where all keys come at once."""
    with choosing(letters(count)) as session:
        session.type(keys)
        assert session.finish() == Result(0, f"{index}\n", "")
        assert session.is_as_before()


@pytest.mark.parametrize("keys", [INTERRUPT, b"\x04", DOWN + INTERRUPT, b"1" + INTERRUPT, b"\x1b" + INTERRUPT])
def test_a_choice_is_interrupted_by_ctrl_c_or_ctrl_d(keys: bytes) -> None:
    """A person who does not want to choose leaves, in the middle of a number as well; the terminal is as it was."""
    with choosing(letters(12)) as session:
        session.type(keys)
        assert session.finish() == Result(130, "", "")
        assert session.is_as_before()


def test_a_choice_moves_with_the_arrow_keys() -> None:
    """The mark stands before the item that Enter would choose."""
    with choosing(letters(3)) as session:
        session.type(DOWN)
        session.wait_for("> 2. item-2\r\n")
        session.type(DOWN)
        session.wait_for("> 3. item-3\r\n")
        session.type(ENTER)
        assert session.finish().out == "2\n"


def test_a_long_list_fits_the_screen() -> None:
    """Of more items than lines, those around the chosen one are shown, none wider than the screen."""
    with choosing(["x" * 200] * 50, size=(10, 40)) as session:
        session.type(b"k")
        lines = session.wait_for("> 50. ").split("\r\n")
        session.type(ENTER)
        assert session.finish().out == "49\n"
    drawn = [line.rpartition("\x1b[K")[2] for line in lines if "x" in line]
    assert 0 < len(drawn) <= 2 * 8 and max(map(len, drawn)) == 39


def test_what_is_offered_cannot_repaint_the_screen() -> None:
    """Escape sequences, line breaks and bidi controls in an item are shown as escapes."""
    with choosing(["\x1b[2Jevil", "line\r\nbreak", "rtl\u202egpj"]) as session:
        session.wait_for("gpj")
        session.type(ENTER)
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
    """Likewise, where the terminal had to be told to write as it is written."""
    with choosing(letters(3)) as session:
        session.process.send_signal(number)
        assert session.finish() == Result(ENDED[number], "", "")
        assert session.is_as_before()


def test_a_signal_that_was_ignored_stays_so_at_a_password() -> None:
    """What a person has started with nohup outlives the terminal's SIGHUP."""
    program = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + ASK.format(
        call="Terminal().password('Password')"
    )
    with run_on_terminal([sys.executable, "-c", program]) as session:
        session.wait_for(": ")
        session.process.send_signal(signal.SIGHUP)
        session.type(b"secret\r")
        assert session.finish().out == "b'secret'\n"


def test_a_signal_that_the_program_answers_itself_is_answered_at_a_password() -> None:
    """A program that uses step-ott has its own say, and if it goes on the question is asked again."""
    program = "import signal; signal.signal(signal.SIGTERM, lambda *_: print('answered'))\n" + ASK.format(
        call="Terminal().password('Password')"
    )
    with run_on_terminal([sys.executable, "-c", program]) as session:
        session.wait_for(": ")
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
CHOICE = ("Terminal().choose('Which?', ['a', 'b'])", "> 1. a")
QUESTIONS = pytest.mark.parametrize(
    ("question", "answer", "result"),
    [(PASSWORD, b"secret\r", "b'secret'\r\n"), (CHOICE, DOWN + ENTER, "1\r\n")],
    ids=["password", "choice"],
)


@QUESTIONS
def test_a_question_is_asked_again_after_a_stop(question: tuple[str, str], answer: bytes, result: str) -> None:
    """Ctrl-Z gives the terminal back; with fg it is taken again, and what is typed then is not shown."""
    with asking_in_a_shell(*question) as session:
        for _ in range(2):
            assert not session.is_echoing()
            session.type(STOP)
            session.wait_for("Stopped")
            session.wait_for("$ ")
            assert session.is_as_before()
            session.type(b"fg\n")
            session.wait_for("-c")
            session.wait_for(question[1])
        assert not session.is_echoing()
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
        assert not session.is_echoing()
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
