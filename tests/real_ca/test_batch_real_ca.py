"""Batches at the real step-ca: a tenth of a run's tokens are spent, and each is good for once."""

import json

import pytest

from tests.support.ca_client import CaClient, connect, general_name, make_csr, make_ssh_key, names_of
from tests.support.peer_programs import RunningCa
from tests.support.running import execute

UNAUTHORISED = 401


@pytest.fixture(scope="module")
def client(running_ca: RunningCa) -> CaClient:
    """A client of the running CA."""
    return connect(running_ca)


def run(ca: RunningCa, lines: list[str], *words: str) -> list[tuple[str, str]]:
    """Run `batch` online; return subjects and tokens."""
    stdin = "\n".join(lines).encode()
    result = execute("batch", "-", *words, environment={"STEPPATH": str(ca.path)}, stdin=stdin)
    assert result.status == 0, result.err
    rows = [json.loads(row) for row in result.out.splitlines()]
    assert len(rows) == len(lines)
    return [(row["subject"], row["token"]) for row in rows]


def test_every_tenth_token_signs_once(running_ca: RunningCa, client: CaClient) -> None:
    """Subjects alone and with names of their own: the certificate has exactly these, and a second use is refused."""
    names = {f"host-{n}.test": [f"host-{n}.test"] if n % 2 else [f"www-{n}.test", "10.0.0.7"] for n in range(200)}
    lines = [name if sans == [name] else json.dumps({"subject": name, "sans": sans}) for name, sans in names.items()]
    minted = run(running_ca, lines, "--workers=2")
    assert [subject for subject, _ in minted] == list(names)
    for subject, token in [minted[index] for index in (*range(0, 200, 20), *range(11, 200, 20))]:
        wanted = [general_name(name) for name in names[subject]]
        csr = make_csr(subject, wanted)
        assert set(names_of(client.sign(csr, token).certificate)) == set(wanted)
        assert client.sign(csr, token).status == UNAUTHORISED


def test_ssh_hosts_sign_once(running_ca: RunningCa, client: CaClient) -> None:
    """SSH host tokens of a batch, each for its own principals."""
    lines = [json.dumps({"subject": f"host-{n}.test", "principals": [f"host-{n}.test", f"h{n}"]}) for n in range(30)]
    for number, (subject, token) in list(enumerate(run(running_ca, lines, "--ssh", "--host")))[::10]:
        certificate = client.sign_ssh(make_ssh_key(), token).ssh_certificate
        assert certificate.key_id == subject.encode()
        assert [name.decode() for name in certificate.valid_principals] == [subject, f"h{number}"]
        assert client.sign_ssh(make_ssh_key(), token).status == UNAUTHORISED
