"""`max-sessions` of a PKCS#11 URI: no command opens more sessions with the device than it allows."""

from pathlib import Path

import pytest

from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.running import Result, execute
from tests.support.softhsm import SoftHsm


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> OfflinePlace:
    """A place whose key is in no file."""
    return prepare_place(tmp_path_factory.mktemp("sessions"))


def run(command: str, subject: str, place: OfflinePlace, device: SoftHsm, sessions: int, *words: str) -> Result:
    """Run a command with a key in the device, and with so many sessions allowed."""
    flags = [word for word in place.flags if word not in ("--key", str(place.path / "key.pem"))]
    key = device.flags(device.make("P-256"))
    key[1] = key[1].replace("?", f";max-sessions={sessions}?")
    environment = {"STEPPATH": str(place.path / "step"), **device.environment}
    return execute(command, subject, *flags, *key, *words, environment=environment)


def test_a_token_takes_one_session(place: OfflinePlace, softhsm: SoftHsm) -> None:
    """Whatever the limit, one is enough."""
    assert run("token", "foo", place, softhsm, 1).token


@pytest.mark.parametrize("words", [(), ("--workers", "1")], ids=["as many as there may be", "one"])
def test_a_batch_has_as_many_workers_as_there_may_be_sessions(
    words: tuple[str, ...], place: OfflinePlace, softhsm: SoftHsm, tmp_path: Path
) -> None:
    """Two sessions are the first process's own and one worker's."""
    (tmp_path / "hosts").write_text("a.test\nb.test\n")
    result = run("batch", str(tmp_path / "hosts"), place, softhsm, 2, *words)
    assert result.status == 0, result.err
    assert result.out.count("\n") == 2


@pytest.mark.parametrize(("sessions", "words"), [(1, ()), (2, ("--workers", "2")), (3, ("--workers", "4"))])
def test_more_workers_than_sessions_are_refused(
    sessions: int, words: tuple[str, ...], place: OfflinePlace, softhsm: SoftHsm, tmp_path: Path
) -> None:
    """Before anything is minted, with both numbers."""
    (tmp_path / "hosts").write_text("a.test\n")
    result = run("batch", str(tmp_path / "hosts"), place, softhsm, sessions, *words)
    wanted = int(words[1]) if words else 1
    assert (result.status, result.out) == (2, "")
    assert (
        f"batch opens {wanted + 1} sessions with the device, and max-sessions of the key's URI is {sessions}"
        in result.err
    )
