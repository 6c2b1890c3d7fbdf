"""Rows of `batch` where a token is wanted: its token is taken, and nothing is guessed at."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.batch import row as batch_row
from domain.batch.portion import MintedLine
from domain.batch.row import extract_token
from domain.errors import InputError
from tests.support.running import Result, decode_part, execute, invoke


def write_row(number: int = 1, token: str = "a.b.c") -> str:
    signing_input, _, signature = token.rpartition(".")
    return batch_row.write_row(MintedLine(number, '"web"', signing_input, "ab" * 32, "2026-01-01T00:00:00Z", signature))


FILE_ROW = '{"line":1,"subject":"web","file":"web.token","jti":"ab","expires_at":"2026-01-01T00:00:00Z"}'


@pytest.mark.parametrize("form", ["{}", "{}\n", " {}\r\n", "\n{}\n\n"])
def test_a_row_gives_its_token(form: str) -> None:
    """With or without its end, and blank lines about it."""
    assert extract_token(form.format(write_row())) == "a.b.c"


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "a.b.c\n", "a.b.c", "a.b\n.c", "a.\nb.\nc", "{", "{}", '{"payload":"e30","signature":"a"}',
        '{"token":"a"}',
        '{"line":1,"token":"a.b.c"', "[]", '{"line":1,"line":1,"token":"a"}', "a.b.c.d.e",
    ],
)  # fmt: skip
def test_anything_else_is_left_to_whoever_reads_tokens(text: str) -> None:
    """Another form of a token, one that is wrapped over lines, or none."""
    assert extract_token(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{write_row(1)}\n{write_row(2)}\n", "there are 2 rows of batch: give one of them: sed -n 2p prints"),
        (f"{FILE_ROW}\n" * 3, "there are 3 rows of batch"), (f"{write_row()}\n{{", "there are 2 rows of batch"),
        ("a.b.c\nd.e.f\n", "there are 2 tokens: give one of them"),
        (FILE_ROW, "a row of batch --output-dir holds no token: give the file that it names: web.token"),
        (FILE_ROW.replace('"web.token"', "7"), "--output-dir holds no token: give the file that it names$"),
    ],
)  # fmt: skip
def test_what_is_not_one_token_is_refused(text: str, said: str) -> None:
    """None of several is taken, and no file is opened that nobody named on the command line."""
    with pytest.raises(InputError, match=said):
        extract_token(text)


@given(st.text())
def test_any_text_gives_a_text_or_an_error(text: str) -> None:
    """Whatever is given."""
    for whole in (text, f'{{"line":1,"token":{json.dumps(text)}}}', f"{write_row()}{text}"):
        try:
            assert isinstance(extract_token(whole), str)
        except InputError:
            continue


@pytest.fixture
def rows(sandbox: dict[str, str]) -> str:
    """Two rows of a real batch."""
    result = execute("batch", "--offline", environment=sandbox, stdin=b"a.test\nb.test\n")
    assert result.status == 0, result.err
    return result.out


@pytest.mark.parametrize("command", ["inspect", "verify"])
@pytest.mark.parametrize("way", ["word", "file", "stdin"])
def test_a_row_is_explained_and_judged_as_its_token_is(
    command: str, way: str, rows: str, sandbox: dict[str, str], tmp_path: Path
) -> None:
    """As head and sed cut it out, given in any way."""
    words = [command, "--format=json", *(["--for=sign", "--offline"] if command == "verify" else [])]

    def ask(text: str) -> Result:
        (tmp_path / "given").write_text(text)
        source = {"word": text.strip(), "file": str(tmp_path / "given"), "stdin": "-"}[way]
        return invoke(*words, source, environment=sandbox, stdin=text.encode())

    second = rows.splitlines(keepends=True)[1]
    token = json.loads(second)["token"]
    assert decode_part(token, 1)["sub"] == "b.test"
    told, wanted = ask(second), invoke(*words, token, environment=sandbox)
    assert (told.status, told.err) == (wanted.status, "") and told.status == 0
    told_facts, wanted_facts = json.loads(told.out), json.loads(wanted.out)
    assert told_facts.keys() == wanted_facts.keys()
    assert told_facts.get("subject") == wanted_facts.get("subject")
    several = ask(rows)
    assert (several.status, several.out) == (1, "")
    assert several.err.endswith("there are 2 rows of batch: give one of them: sed -n 2p prints the second\n")
