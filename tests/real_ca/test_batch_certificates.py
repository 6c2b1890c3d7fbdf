"""`batch --certificates` before a real step-ca."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.peer_programs import RunningCa
from tests.support.provisioned_ca import ProvisionedCa, serve_provisioned
from tests.support.running import Result, execute


def run(ca: RunningCa, folder: Path, lines: list[str], *words: str) -> Result:
    """Get certificates for lines."""
    stdin = "\n".join(lines).encode()
    return execute(
        "batch", "-", "--certificates", str(folder), *words, environment={"STEPPATH": str(ca.path)}, stdin=stdin
    )


def read_pair(folder: Path, row: dict[str, Any]) -> x509.Certificate:
    """Return the certificate of a row, which fits its key, both private files; it is what the row says."""
    certificate, key = folder / row["certificate"], folder / row["key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (certificate, key)} == {0o600}
    leaf, *issuers = x509.load_pem_x509_certificates(certificate.read_bytes())
    assert issuers
    assert leaf.public_key() == load_pem_private_key(key.read_bytes(), None).public_key()
    assert row["serial"] == str(leaf.serial_number)
    assert row["not_after"] == leaf.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    return leaf


def names_of(leaf: x509.Certificate) -> set[str]:
    """Return the names that a certificate is for."""
    return {str(name.value) for name in leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value}


def test_each_line_gets_a_certificate_of_its_own(running_ca: RunningCa, tmp_path: Path) -> None:
    """In the order of the lines, whatever they say of their names; the folder is its owner's alone."""
    folder = tmp_path / "certs"
    lines = [
        *(f"host-{number}.test" for number in range(10)),
        "# a comment",
        "",
        '{"subject": "db", "sans": ["db.test", "10.0.0.7"], "cert_not_after": "2h", "not_after": "9m"}',
    ]
    got = run(running_ca, folder, lines)
    assert got.status == 0, got.err
    assert got.err.endswith("11 issued, 1 comment\n")
    rows = [json.loads(line) for line in got.out.splitlines()]
    assert [row["line"] for row in rows] == [*range(1, 11), 13]
    leaves = [read_pair(folder, row) for row in rows]
    assert [names_of(leaf) for leaf in leaves[:-1]] == [{row["subject"]} for row in rows[:-1]]
    assert names_of(leaves[-1]) == {"db.test", "10.0.0.7"}
    lasts = leaves[-1].not_valid_after_utc - leaves[-1].not_valid_before_utc
    assert 7200 <= lasts.total_seconds() < 7400
    assert len(list(folder.iterdir())) == 2 * len(rows)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_lines_that_fail_are_told_and_the_rest_goes_on(running_ca: RunningCa, tmp_path: Path) -> None:
    """Each with its number and why; nothing is left of them."""
    folder = tmp_path / "certs"
    lines = ["a.test", '{"subject": "b", "cnf": "x"}', '{"subject": "c", "principals": ["c"]}',
             '{"subject": "d.test", "cert_not_after": "1000h"}', '{"subject": "ü"}', "two words", "z.test"]  # fmt: skip
    got = run(running_ca, folder, lines, "--requests=2")
    assert got.status == 1
    rows = [json.loads(line) for line in got.out.splitlines()]
    assert [row["line"] for row in rows] == [1, 7]
    told = [line for line in got.err.splitlines() if line.startswith("line ")]
    assert [line.split(":")[0] for line in told] == [f"line {number}" for number in range(2, 7)]
    assert '"cnf" does not go with --certificates' in told[0]
    assert '"principals" does not go with --certificates' in told[1]
    assert "the CA refuses the request with status 403" in told[2]
    assert got.err.endswith("2 issued, 5 refused\n")
    assert {path.name for path in folder.iterdir()} == {"a.test.crt", "a.test.key", "z.test.crt", "z.test.key"}


KINDS: list[tuple[list[str], type]] = [
    ([], ec.EllipticCurvePrivateKey),
    (["--curve=P-384"], ec.EllipticCurvePrivateKey),
    (["--kty=OKP"], ed25519.Ed25519PrivateKey),
    (["--kty=RSA", "--size=3072"], rsa.RSAPrivateKey),
]


@pytest.mark.parametrize(("words", "kind"), KINDS)
def test_keys_are_of_the_kind_that_is_asked_for(
    running_ca: RunningCa, tmp_path: Path, words: list[str], kind: type
) -> None:
    """With the curve or size of the flags, and each line a key of its own."""
    got = run(running_ca, tmp_path / "certs", ["a.test", "b.test"], *words)
    assert got.status == 0, got.err
    rows = [json.loads(line) for line in got.out.splitlines()]
    keys = [load_pem_private_key((tmp_path / "certs" / row["key"]).read_bytes(), None) for row in rows]
    assert all(isinstance(key, kind) for key in keys)
    assert keys[0].public_key() != keys[1].public_key()
    if words:
        assert getattr(keys[0], "key_size", 256) == {"--curve=P-384": 384, "--kty=OKP": 256}.get(words[0], 3072)


def test_names_that_meet_get_the_number_of_their_line(running_ca: RunningCa, tmp_path: Path) -> None:
    """Nothing is replaced; where one of both names is taken, both are others, and none leads out of the folder."""
    folder = tmp_path / "certs"
    long = "x" * 60 + "." + "y" * 60 + ".test"
    odd = ['{"subject": "../up", "sans": ["up.test"]}', '{"subject": "-f", "sans": ["f.test"]}',
           '{"subject": ".h", "sans": ["h.test"]}', f'{{"subject": "{long[:64]}", "sans": ["l.test"]}}']  # fmt: skip
    got = run(running_ca, folder, ["a.test", "a.test", "a.test-2", "a.test", *odd])
    assert got.status == 0, got.err
    rows = [json.loads(line) for line in got.out.splitlines()]
    for row in rows:
        read_pair(folder, row)
    names = [row["certificate"] for row in rows]
    assert names[:4] == ["a.test.crt", "a.test-2.crt", "a.test-2-3.crt", "a.test-4.crt"]
    assert names[4:7] == ["_.._up.crt", "_-f.crt", "_.h.crt"]
    assert len({path.name for path in folder.iterdir()}) == 2 * len(rows)
    assert [path.name for path in tmp_path.iterdir()] == ["certs"]


def test_a_batch_goes_on_where_it_ended(running_ca: RunningCa, tmp_path: Path) -> None:
    """From the line that is named, into the folder that is there; without it that has to be empty."""
    folder = tmp_path / "certs"
    lines = [f"host-{number}.test" for number in range(6)]
    first = run(running_ca, folder, lines[:3])
    again = run(running_ca, folder, lines)
    rest = run(running_ca, folder, lines, "--resume-from=4")
    assert (first.status, again.status, rest.status) == (0, 1, 0)
    assert "is not empty" in again.err and again.out == ""
    rows = [json.loads(line) for line in (first.out + rest.out).splitlines()]
    assert [(row["line"], row["subject"]) for row in rows] == list(enumerate(lines, 1))
    assert len({read_pair(folder, row).serial_number for row in rows}) == len(lines)


SENSELESS = [
    ["--ssh"], ["--revoke"], ["--cnf=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"], ["--cnf-file=x"], ["--offline"],
    ["--output-dir=x"], ["--workers=2"], ["--format=tokens"], ["--principal=x"], ["--ssh", "--host"], ["--requests=0"],
    ["--requests=65"], ["--kty=DSA"], ["--size=2048"], ["--curve=P-1"], ["--cert-not-after=-1h"], ["--ca-config=x"],
]  # fmt: skip


@pytest.mark.parametrize("words", SENSELESS, ids=lambda words: words[0])
def test_options_that_do_not_go_together_are_refused_by_name(
    running_ca: RunningCa, tmp_path: Path, words: list[str]
) -> None:
    """With status 2, before a folder is made."""
    got = run(running_ca, tmp_path / "certs", ["a.test"], *words)
    assert (got.status, got.out) == (2, "")
    assert words[0].partition("=")[0] in got.err
    assert not (tmp_path / "certs").exists()


@pytest.mark.parametrize("word", ["--requests=2", "--kty=RSA", "--curve=P-256", "--size=2048"])
def test_options_of_certificates_need_them(running_ca: RunningCa, word: str) -> None:
    """What is about certificates means nothing where tokens are printed."""
    got = execute("batch", "-", word, environment={"STEPPATH": str(running_ca.path)}, stdin=b"a.test\n")
    assert (got.status, got.out) == (2, "")
    assert f"{word.partition('=')[0]} needs --certificates" in got.err


def test_a_provisioner_with_a_certificate_signs_too(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The tokens of many threads are signed by one key, here an X5C provisioner's."""
    held = provisioned_ca.hold(tmp_path)
    got = run(provisioned_ca.ca, tmp_path / "certs", [f"{number}.test" for number in range(6)], *held.flags)
    assert got.status == 0, got.err
    assert [read_pair(tmp_path / "certs", row) is not None for row in map(json.loads, got.out.splitlines())] == [
        True
    ] * 6


TEMPLATE = (
    '{"subject": {"commonName": {{ toJson .Subject.CommonName }}, "organization": {{ toJson .Insecure.User.o }}}, '
)
TEMPLATE += '"sans": {{ toJson .SANs }}}'


def test_data_for_templates_is_that_of_the_line_over_that_of_all(step_ca_program: str, tmp_path: Path) -> None:
    """Of --set and "set"; the token's user claim has none of it."""

    def use_template(config: dict[str, Any]) -> None:
        config["authority"]["provisioners"][0]["options"] = {"x509": {"template": TEMPLATE}}

    lines = ["a.test", '{"subject": "b.test", "set": {"o": "line"}}', '{"subject": "c.test", "set": {"other": 1}}']
    with serve_provisioned(step_ca_program, tmp_path / "step", use_template) as served:
        got = run(served.ca, tmp_path / "certs", lines, "--set=o=all", "--provisioner=sandbox@example.com")
    assert got.status == 0, got.err
    leaves = [read_pair(tmp_path / "certs", row) for row in map(json.loads, got.out.splitlines())]
    subjects = [set(leaf.subject.rfc4514_string().split(",")) for leaf in leaves]
    assert subjects == [{"O=all", "CN=a.test"}, {"O=line", "CN=b.test"}, {"O=all", "CN=c.test"}]
