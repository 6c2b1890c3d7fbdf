"""Whatever is printed: JSON has nothing raw that a terminal acts upon, and no line for people is endless."""

import io
import json
from pathlib import Path

import pytest

from adapters.batch.progress import ProgressBar
from adapters.machine.terminal import Stderr
from domain.formats import base64url
from domain.formats.terminal_text import MAX_LINE_LENGTH
from tests.support.hostile_ca import answer, issue, root, serve
from tests.support.offline_place import OfflinePlace, prepare_place
from tests.support.running import Result, execute, invoke

HOSTILE = "a\x9b31mRED\u202e\x7f\u200b\u2028\u2029\ufeff\u2066\U000e0041z"
"""C1, DEL, bidi controls, what has no width, separators of lines and paragraphs, and a tag beyond U+FFFF."""

SPELLED = "a\\u009b31mRED\\u202e\\u007f\\u200b\\u2028\\u2029\\ufeff\\u2066\\udb40\\udc41z"  # RFC 8259, section 7


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> OfflinePlace:
    """A place to mint in without a CA."""
    return prepare_place(tmp_path_factory.mktemp("place"))


def write_token(path: Path, **claims: object) -> str:
    """Write a token with these claims, signed by nobody, and return its path."""
    said = {"aud": "https://127.0.0.1/1.0/sign", "iss": "x", "sub": "a", "iat": 1, "nbf": 1, "exp": 2} | claims
    parts = (json.dumps({"alg": "ES256", "kid": "k"}), json.dumps(said), "signature")
    (path / "token").write_text(".".join(base64url.encode(part.encode()) for part in parts))
    return str(path / "token")


def check_json(text: str) -> None:
    """Check that lines of JSON hold nothing raw, and the hostile text as it was."""
    assert text and text.replace("\n", "").isprintable()
    assert SPELLED in text
    assert all(HOSTILE in json.dumps(json.loads(line), ensure_ascii=False) for line in text.splitlines())


# -- JSON -------------------------------------------------------------------------------------------


def test_inspect_escapes_in_json(tmp_path: Path) -> None:
    """`inspect --format json`: the subject is spelled with escapes, and means what the token says."""
    token = write_token(tmp_path, sub=HOSTILE)
    result = invoke("inspect", token, "--format", "json")
    assert json.loads(result.out)["subject"] == HOSTILE
    check_json(result.out)


def test_verify_escapes_in_json(tmp_path: Path, place: OfflinePlace) -> None:
    """`verify --format json`: the provisioner that nobody knows is spelled with escapes."""
    config = {
        "root": str(place.path / "root.crt"), "dnsNames": ["127.0.0.1"],
        "authority": {"provisioners": [{"type": "X5C", "name": HOSTILE, "roots": ""}]},
    }  # fmt: skip
    (tmp_path / "ca.json").write_text(json.dumps(config))
    token = write_token(tmp_path, iss=HOSTILE)
    words = ("--for", "sign", "--offline", "--ca-config", str(tmp_path / "ca.json"), "--format", "json")
    result = invoke("verify", token, *words, environment={"STEPPATH": str(place.path / "step")})
    assert result.out and result.out.replace("\n", "").isprintable(), result
    assert SPELLED.replace("\\", "") not in result.out


def test_doctor_escapes_in_json(tmp_path: Path) -> None:
    """`doctor --format json`: a step path whose name is hostile."""
    step = tmp_path / HOSTILE
    step.mkdir()
    result = invoke("doctor", "--format", "json", environment={"STEPPATH": str(step)})
    check_json(result.out)


@pytest.mark.parametrize("into_files", [False, True], ids=["rows", "files"])
def test_rows_of_a_batch_are_escaped(place: OfflinePlace, tmp_path: Path, into_files: bool) -> None:
    """The subject in a row means what the line said; the token has it as it always had."""
    words = ["batch", *place.flags, *(["--output-dir", str(tmp_path / "tokens")] if into_files else [])]
    line = json.dumps({"subject": HOSTILE}) + "\n"
    result = execute(*words, environment={"STEPPATH": str(place.path / "step")}, stdin=line.encode())
    assert result.status == 0, result.err
    check_json(result.out)
    row = json.loads(result.out)
    token = (tmp_path / "tokens" / row["file"]).read_text() if into_files else row["token"]
    claims = base64url.decode(token.split(".")[1]).decode()
    assert row["subject"] == json.loads(claims)["sub"] == HOSTILE
    assert "\\u202e" not in claims


# -- Length -----------------------------------------------------------------------------------------


def check_error(result: Result, status: int, *said: str) -> None:
    """Check that a run failed with one line of at most a thousand characters that says all this."""
    assert (result.status, result.out) == (status, "")
    line = result.err.removesuffix("\n")
    assert "\n" not in line and len(line) <= MAX_LINE_LENGTH, len(line)
    for text in said:
        assert text in line, line


def test_a_redirect_to_a_long_address_is_told_in_short(tmp_path: Path) -> None:
    """A `Location` of 60 KB: the beginning, how much is left out, and what to do about it."""
    credential = issue("server", root(), names=("127.0.0.1",))
    (tmp_path / "root.crt").write_bytes(root().pem)
    with serve(lambda _: answer(b"", 302, Location="https://evil.test/" + "a" * 60_000), credential) as ca:
        words = ("token", "a", "--ca-url", ca.url, "--root", str(tmp_path / "root.crt"))
        result = invoke(*words, environment={"STEPPATH": str(tmp_path)})
    check_error(result, 1, "redirects /provisioners?limit=100 to https://evil.test/aaa", " characters left out ")
    assert result.err.endswith("aaa, which is refused: check --ca-url and the CA's log\n")


@pytest.mark.parametrize(
    "words",
    [
        ["token", "a", "x" * 100_000],
        ["token", "a", "--not-after", "9" * 100_000],
        ["token", "a", "--offline", "--ca-config", "x" * 100_000],
        ["token", "a", "--" + "x" * 100_000],
        ["y" * 100_000],
        ["\x1b" * 100_000],
    ],
    ids=["words", "a value", "a path", "a flag", "a command", "escapes"],
)
def test_an_error_is_one_short_line(words: list[str]) -> None:
    """Whatever is long in it: a thousand characters, the middle left out."""
    result = invoke(*words, environment={"STEPPATH": "/nonexistent"})
    check_error(result, result.status, " characters left out ")
    assert result.status in (1, 2)


def test_a_list_in_an_error_is_short(tmp_path: Path, place: OfflinePlace) -> None:
    """Ten thousand provisioners to choose from are not all listed."""
    provisioners = [{"type": "X5C", "name": f"provisioner {number}"} for number in range(10_000)]
    config = {
        "root": str(place.path / "root.crt"), "dnsNames": ["ca"], "authority": {"provisioners": provisioners}
    }  # fmt: skip
    (tmp_path / "ca.json").write_text(json.dumps(config))
    result = invoke("token", "a", "--offline", "--ca-config", str(tmp_path / "ca.json"), "--issuer", "nobody",
                    environment={"STEPPATH": str(tmp_path)})  # fmt: skip
    check_error(result, 2, "--issuer 'nobody'", "provisioner 1 ", " and 9,980 more")


def test_a_report_has_no_endless_line(tmp_path: Path) -> None:
    """A name of 60 KB and a list of 5,000: the text says how much is left out, the JSON has all."""
    names = [f"host-{number}.test" for number in range(5_000)]
    token = write_token(tmp_path, sub="s" * 60_000, sans=names, user={"k" * 9_000: ["v"] * 9_000})
    told = invoke("inspect", token)
    assert told.status == 0 and max(map(len, told.out.splitlines())) <= MAX_LINE_LENGTH
    assert told.out.count(" characters left out ") >= 3
    assert "host-0.test" in told.out and "host-4999.test" in told.out
    said = json.loads(invoke("inspect", token, "--format", "json").out)
    assert (said["names"], len(said["subject"])) == (names, 60_000)


def test_notices_and_refused_lines_are_short() -> None:
    """What stands beside the token on stderr is as short as an error."""
    stream = io.StringIO()
    Stderr(stream).inform("n" * 5_000)
    Stderr(stream).warn("w" * 5_000)
    ProgressBar(stream).say("r" * 5_000)
    lines = stream.getvalue().splitlines()
    assert [len(line) for line in lines] == [MAX_LINE_LENGTH] * 3
    assert lines[1].startswith("warning: www")
