"""The real `step ca bootstrap` and what else asks a CA about itself, beside ours: one real step-ca, two step paths."""

import json
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest

from tests.support.file_tree import read_tree
from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import serve_provisioned
from tests.support.pseudo_terminal import ENTER, run_cli_on_terminal
from tests.support.root_fingerprint import fingerprint_of
from tests.support.running import Result, invoke, run_step


@attrs.frozen
class Pair:
    """A step path by the real step CLI, and one by step-ott.

    Attributes:
        step: The real step CLI.
        ca: The CA that both ask.
        folders: The two step paths, whose paths are equally long.
    """

    step: str
    ca: RunningCa
    folders: tuple[Path, Path]

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the CA's root."""
        return fingerprint_of(self.ca)

    def run(self, *words: str, **environment: str) -> tuple[Result, Result]:
        """Put a command line to both, each with its own step path; what they say of that is made the same."""
        theirs, ours = ({"STEPPATH": str(folder), **environment} for folder in self.folders)
        results = run_step(self.step, "ca", *words, environment=theirs), invoke("ca", *words, environment=ours)
        said = [
            attrs.evolve(one, err=one.err.replace(str(folder), "FOLDER"), out=one.out.replace(str(folder), "FOLDER"))
            for one, folder in zip(results, self.folders, strict=True)
        ]
        return said[0], said[1]

    def bootstrap(self, words: str, **environment: str) -> tuple[Result, Result]:
        """Set both up for the CA."""
        given = shlex.split(words)
        url = [] if "--ca-url" in given else ["--ca-url", self.ca.url]
        return self.run("bootstrap", *url, "--fingerprint", self.fingerprint, *given, **environment)

    def trees(self) -> Sequence[Mapping[str, tuple[str, bytes]]]:
        """Return what is in both."""
        return [read_tree(folder) for folder in self.folders]


@pytest.fixture
def pair(step_program: str, running_ca: RunningCa, tmp_path: Path) -> Pair:
    """Two step paths that are not there yet."""
    return Pair(step_program, running_ca, (tmp_path / "go-path", tmp_path / "py-path"))


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Take other permission bits from new files."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


WAYS = {
    "an address": [""],
    "a host without a scheme": ["--ca-url 127.0.0.1:{port}"],
    "a redirect": ["--redirect-url 'https://app.example.com/a?b=1&c=<d>'"],
    "a context": ["--context production"],
    "a context with its folders": ["--context production --authority berlin --profile admin"],
    "an authority": ["--authority berlin"],
    "a profile": ["--profile admin"],
    "several contexts": ["--context zoo", "--context alpha --profile zoo", "--context Beta --authority b"],
    "contexts, and none named": ["--context production", "", "--ca-url https://localhost:{port}"],
    "a context that becomes another": ["--context production", "--context production --authority berlin"],
    "anew": ["--redirect-url https://example.com/a", "--force"],
    "a context anew": ["--context production --redirect-url https://example.com/a", "--context production --force"],
}


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o000], ids=oct)
@pytest.mark.parametrize("way", WAYS)
def test_both_write_the_same(way: str, mask: int, pair: Pair) -> None:
    """Files, their modes and folders, what is said, and the exit status."""
    port = pair.ca.url.rpartition(":")[2]
    with umask(mask):
        for words in WAYS[way]:
            theirs, ours = pair.bootstrap(words.format(port=port))
            assert ours == theirs
            assert ours.status == 0 and "The authority configuration has been saved in FOLDER/" in ours.err
    trees = pair.trees()
    assert trees[1] == trees[0]


@pytest.mark.parametrize("way", ["", "--context production --profile admin"], ids=["plain", "a context"])
def test_each_reads_what_the_other_wrote(way: str, pair: Pair) -> None:
    """Both find the CA and trust it, in the step path of the other."""
    pair.bootstrap(way)
    crossed = attrs.evolve(pair, folders=(pair.folders[1], pair.folders[0]))
    for words in (["health"], ["roots"], ["root"], ["provisioner", "list"]):
        theirs, ours = crossed.run(*words)
        assert ours == theirs and ours.status == 0 and ours.out
    doctor = invoke("doctor", environment={"STEPPATH": str(pair.folders[0])}).out
    assert "passed         fingerprint" in doctor and "passed         TLS" in doctor


@pytest.mark.parametrize("mark", ["-", ":"])
def test_a_fingerprint_is_written_in_one_spelling(mark: str, pair: Pair) -> None:
    """Dashes, colons and capitals are taken; step keeps dashes, which doctor takes, and fails at colons."""
    digits = pair.fingerprint
    spelled = mark.join(digits[begin : begin + 2] for begin in range(0, 64, 2)).upper()
    theirs, ours = pair.run("bootstrap", "--ca-url", pair.ca.url, "--fingerprint", f" {spelled} ")
    written = json.loads((pair.folders[1] / "config" / "defaults.json").read_text())
    assert ours.status == 0 and written["fingerprint"] == digits
    assert theirs.status == (0 if mark == "-" else 1)
    if mark == "-":
        environment = {"STEPPATH": str(pair.folders[0])}
        assert "passed         fingerprint" in invoke("doctor", environment=environment).out
        assert invoke("ca", "root", environment=environment).status == 0


@pytest.mark.parametrize("words", [["root"], ["roots"], ["federation"]], ids=" ".join)
def test_both_give_the_same_certificates(words: list[str], pair: Pair, tmp_path: Path) -> None:
    """On stdout, and in a file with its mode, with what is said of it."""
    pair.bootstrap("")
    theirs, ours = pair.run(*words)
    assert ours == theirs and ours.out.count("BEGIN CERTIFICATE") == 1
    files = [folder / "out.pem" for folder in pair.folders]
    told = [
        run_step(pair.step, "ca", *words, str(files[0]), environment={"STEPPATH": str(pair.folders[0])}),
        invoke("ca", *words, str(files[1]), environment={"STEPPATH": str(pair.folders[1])}),
    ]
    assert [one.status for one in told] == [0, 0]
    assert told[1].err.replace("py-path", "go-path") == told[0].err
    assert files[0].read_bytes() == files[1].read_bytes() and files[1].stat().st_mode & 0o777 == 0o600
    files[1].write_text("mine")
    (refused, there) = (
        run_step(pair.step, "ca", *words, str(files[0]), environment={"STEPPATH": str(pair.folders[0])}),
        invoke("ca", *words, str(files[1]), environment={"STEPPATH": str(pair.folders[1])}),
    )
    assert (refused.status, there.status) == (1, 1) and "exists: add --force to replace it" in there.err
    assert files[1].read_text() == "mine"
    assert invoke("ca", *words, str(files[1]), "-f", environment={"STEPPATH": str(pair.folders[1])}).status == 0
    assert files[0].read_bytes() == files[1].read_bytes()


def test_both_list_the_same_provisioners_of_clouds(pair: Pair, cloud_ca: RunningCa) -> None:
    """Byte by byte, with whatever members they have."""
    theirs, ours = attrs.evolve(pair, folders=(cloud_ca.path, cloud_ca.path)).run("provisioner", "list")
    assert ours == theirs and {"GCP", "AWS", "Azure"} <= {one["type"] for one in json.loads(ours.out)}


DATA = {"n": [1, -0.5, 12345678901234567890, 1e25, True, None, {}, []], "<&>": "\u0007\b\n\\"}
ODD = [
    {"type": "ACME", "name": "a<b>&\u2028é\u202e\x7f", "forceCN": True, "challenges": [], "termsOfService": "x"},
    {"type": "ACME", "name": "data", "options": {"x509": {"template": "{{ toJson . }}", "templateData": DATA}}},
    {"type": "X5C", "name": "claimed", "claims": {"minTLSCertDuration": "5m0s", "disableRenewal": True}},
]


def test_both_list_the_same_provisioners(step_ca_program: str, pair: Pair, tmp_path: Path) -> None:
    """Many pages of them, of each type; names that a terminal would act upon are escaped, and mean the same."""

    def adjust(config: dict[str, Any]) -> None:
        listed = config["authority"]["provisioners"]
        roots = next(one["roots"] for one in listed if one["type"] == "X5C")
        listed += [{**one, "roots": roots} if one["type"] == "X5C" else one for one in ODD]
        listed += [{"type": "ACME", "name": f"acme {number}"} for number in range(230)]

    with serve_provisioned(step_ca_program, tmp_path / "odd", adjust) as odd:
        folders = (odd.ca.path, odd.ca.path)
        theirs, ours = attrs.evolve(pair, folders=folders).run("provisioner", "list")
    assert json.loads(ours.out) == json.loads(theirs.out) and len(json.loads(ours.out)) == 238
    ours_lines, their_lines = ours.out.splitlines(), theirs.out.splitlines()
    differing = [line for line in ours_lines if line not in set(their_lines)]
    assert differing == ['      "name": "a\\u003cb\\u003e\\u0026\\u2028é\\u202e\\u007f",']


@pytest.mark.parametrize(("typed", "status"), [(b"y", 0), (b"YES", 0), (b"n", 1), (b"no", 1)], ids=repr)
def test_a_person_is_asked_before_a_file_is_replaced(typed: bytes, status: int, pair: Pair) -> None:
    """Whatever else is typed is asked about again; with no, nothing changes."""
    pair.bootstrap("--redirect-url https://example.com/old")
    before = pair.trees()[1]
    words = ["ca", "bootstrap", "--ca-url", pair.ca.url, "--fingerprint", pair.fingerprint]
    with run_cli_on_terminal(*words, environment={"STEPPATH": str(pair.folders[1])}) as session:
        session.wait_for(f"Would you like to overwrite {pair.folders[1]}/config/defaults.json? [y/n]: ")
        session.type(b"perhaps" + ENTER)
        session.wait_for("[y/n]: ")
        session.type(typed + ENTER)
        result = session.finish()
    assert (result.status, result.out) == (status, "")
    assert (pair.trees()[1] == before) is (status == 1)
    if status:
        assert result.err.endswith("exists, and stays as it is: name another file, or answer yes\n")


def test_the_same_again_is_no_question(pair: Pair) -> None:
    """Step asks, and fails where nobody is there, although nothing would change; here it is done."""
    pair.bootstrap("")
    before = pair.trees()[1]
    theirs, ours = pair.bootstrap("")
    assert theirs.status == 1 and "error allocating terminal" in theirs.err
    assert ours.status == 0 and pair.trees()[1] == before
