"""docs/verify.md: its example is real output, its rules are those in the code, its tables what is judged."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from domain.verify.forecast import ESSENTIAL
from tests.support.ca_client import general_name, make_csr
from tests.support.peer_programs import REPOSITORY, RunningCa
from tests.support.running import invoke
from tests.support.verdict_table import PAGE, insert

TEXT = PAGE.read_text()
EXAMPLE = re.search(r"```console\n\$ step-ott ([^\n]*)\n(.*?)```", TEXT, re.DOTALL)
CELLS = re.findall(r"^\| `([a-z0-9 ]+)` \| .* \| .* \| (.*) \| .* \|$", TEXT, re.MULTILINE)
ROWS = dict(CELLS)
"""When each rule is not checkable, by its name."""

VOLATILE = {
    r"\b[0-9a-f]{64}\b": "JTI",
    r"kid: [\w-]{43}": "KID",
    r"another [0-9]+m[0-9]+s": "another TIME",
    r"(https://127\.0\.0\.1):[0-9]+": r"\1:PORT",
}
"""What is different each time, and what stands for it in the comparison."""

SOURCES = [
    *(path for wing in ("ca_rules", "verify") for path in sorted((REPOSITORY / "domain" / wing).glob("*.py"))),
    REPOSITORY / "domain" / "provisioners" / "base.py",
]
OUTCOMES = {"passed", "failed", "unchecked"}


def normalize(text: str) -> str:
    for pattern, sign in VOLATILE.items():
        text = re.sub(pattern, sign, text)
    return text


def test_the_example_is_what_is_printed(running_ca: RunningCa, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's command, run beside a token and a CSR for another name, prints what the page shows."""
    assert EXAMPLE is not None
    monkeypatch.chdir(tmp_path)
    environment = {"STEPPATH": str(running_ca.path)}
    assert invoke("token", "web.example.com", "--output-file", "token.txt", environment=environment).status == 0
    csr = make_csr("www.example.com", [general_name("www.example.com")])
    Path("web.csr").write_bytes(csr.public_bytes(Encoding.PEM))
    result = invoke(*EXAMPLE[1].split(), environment=environment)
    assert (result.status, result.err) == (1, "")
    assert normalize(result.out) == normalize(EXAMPLE[2])


def list_findings() -> Iterator[tuple[str, str]]:
    """Give the name of every rule in the code, each with an outcome that it can have."""
    for path in SOURCES:
        tree = ast.parse(path.read_text())
        named = dict(list_names(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OUTCOMES | {"_tell"}:
                rule = node.args[0]
                if isinstance(rule, ast.Constant):
                    yield str(rule.value), node.func.id
                elif isinstance(rule, ast.Name) and rule.id in named:
                    yield named[rule.id], node.func.id


def list_names(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Give the names that stand for a text."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            pairs = zip(target.elts, value.elts, strict=False) if (
                isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            ) else [(target, value)]  # fmt: skip
            for name, text in pairs:
                if isinstance(name, ast.Name) and isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield name.id, text.value


def test_the_table_names_every_rule() -> None:
    """A rule that is added, renamed or dropped shows in the page, once."""
    assert sorted(name for name, _ in CELLS) == sorted({rule for rule, _ in list_findings()})


@pytest.mark.parametrize("rule", ROWS)
def test_a_rule_is_called_checkable_where_it_is(rule: str) -> None:
    """What the page says is never open is never left open by the code, and the essential ones are marked."""
    never = ROWS[rule] == "never"
    is_left_open = (rule, "unchecked") in set(list_findings()) or rule.startswith("csr ")
    assert never is not is_left_open
    assert ("essential" in ROWS[rule]) is (rule in ESSENTIAL)


def test_the_tables_are_what_is_judged() -> None:
    """The page's verdicts have not drifted; `python -m tests.support.verdict_table` writes them anew."""
    assert insert(TEXT) == TEXT
