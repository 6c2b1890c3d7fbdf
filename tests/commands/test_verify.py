"""`verify` on the command line: what is asked, what is said, and with which exit status."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from domain.ca_rules.endpoint import Endpoint
from domain.formats import base64url, json_text
from domain.report.worded_value import WordedValue
from domain.verify.forecast import Forecast
from entrypoints.command_line.commands import VERIFY
from entrypoints.use_cases.verify import describe_forecast
from tests.support.ca_client import connect, general_name, make_csr
from tests.support.peer_programs import RunningCa, choose_port
from tests.support.running import Result, invoke

pytestmark = pytest.mark.usefixtures("undisturbed")

NAME = "web.example.com"
SERIAL = "146103349666685108195655980390445292315"
HOSTILE = "\x1b[2J\u202e\nverdict: accepted"


@pytest.fixture
def token(sandbox: dict[str, str]) -> str:
    """A token to sign by, for the sandbox that nobody serves."""
    return invoke("token", NAME, "--offline", environment=sandbox).token


def verify(sandbox: dict[str, str], *words: str, stdin: bytes = b"", **variables: str) -> Result:
    """Ask of the sandbox, offline."""
    return invoke("verify", *words, "--offline", environment=sandbox | variables, stdin=stdin)


def write_part(value: Any) -> str:
    return base64url.encode(json_text.serialize(value).encode())


def forge(claims: dict[str, Any], **header: Any) -> str:
    """Return a token that nobody signed."""
    return f"{write_part({'alg': 'ES256', 'kid': 'k', 'typ': 'JWT'} | header)}.{write_part(claims)}.{write_part({})}"


def tell_findings(result: Result) -> dict[str, str]:
    """Return what `--format json` says: rules and how they came out."""
    return {rule["rule"]: rule["outcome"] for rule in json.loads(result.out)["rules"]}


# -- What is said, and the exit status --------------------------------------------------------------


def test_a_token_that_the_ca_would_accept_is_a_success(token: str, sandbox: dict[str, str]) -> None:
    """Exit status 0, every rule on a line, the verdict at the end, nothing on stderr."""
    result = verify(sandbox, token, "--for", "sign")
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0] == "request: sign"
    assert lines[-2:] == ["verdict: accepted", "summary: the CA would accept it, unless it has been used"]
    assert "may have been used: yes; only the CA knows" in lines
    assert any(line.startswith("passed         signature: ") for line in lines)
    assert any(line.startswith("not checkable  use: ") for line in lines)


def test_a_token_that_the_ca_would_refuse_is_none(token: str, sandbox: dict[str, str]) -> None:
    """Exit status 1, and each rule that fails says why and what to do."""
    result = verify(sandbox, token, "--for", "revoke")
    assert (result.status, result.err) == (1, "")
    assert "failed         audience: it is https://127.0.0.1/1.0/sign, and not for revoke: mint it" in result.out
    assert "\nfailed: 2\n" in result.out and "\nverdict: refused\n" in result.out


def test_a_token_that_may_be_used_twice_has_not_been_used_up() -> None:
    """What the CA does not spend is told in a word, and to programs as false."""
    assert describe_forecast(Forecast([]), Endpoint.RENEW)["may_have_been_used"] == WordedValue(False, "no")


def test_json_has_the_same_for_programs(token: str, sandbox: dict[str, str]) -> None:
    """One object: the rules in order, with a remedy where there is one, how many failed, and the verdict."""
    result = verify(sandbox, token, "--for", "revoke", "--format", "json")
    said = json.loads(result.out)
    assert (result.status, result.out.count("\n")) == (1, 1)
    assert set(said) == {
        "request", "rules", "failed", "not_checkable", "may_have_been_used", "verdict", "summary"
    }  # fmt: skip
    assert said["may_have_been_used"] is True
    assert (said["request"], said["verdict"]) == ("revoke", "refused")
    outcomes = [rule["outcome"] for rule in said["rules"]]
    assert said["failed"] == outcomes.count("failed") and said["not_checkable"] == outcomes.count("not checkable")
    for rule in said["rules"]:
        assert {"rule", "outcome", "reason"} <= set(rule) <= {"rule", "outcome", "reason", "remedy"}
        assert rule["outcome"] != "failed" or rule["remedy"]


@pytest.mark.parametrize("way", ["argument", "file", "standard input"])
def test_a_token_is_given_in_any_of_three_ways(way: str, token: str, sandbox: dict[str, str], tmp_path: Path) -> None:
    """As it is, in a file, or on standard input, with a line break at its end or without."""
    (tmp_path / "token").write_text(f"{token}\n")
    word = {"argument": token, "file": str(tmp_path / "token"), "standard input": "-"}[way]
    result = verify(sandbox, word, "--for", "sign", stdin=f"{token}\n".encode())
    assert result.status == 0, result.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a.b", "it is not a token: three parts separated by dots are expected, it has 2"),
        (f"{write_part({})}.e30x.c2ln", "the token's payload cannot be read"),
        ("e30.e30.c2=ln", "the token's signature cannot be read"),
        ("e30.WzFd.c2ln", "it is a list, not an object"),
        ("eyJhIjoxLCJhIjoyfQ.e30.c2ln", "a member appears twice"),
        ("e3s.e30.c2ln", "the token's header cannot be read"),
        ("e30.e30.e30.e30.e30", "it has five parts: an encrypted JWE"),
        (f"{HOSTILE}.e30.e30", "the token's header cannot be read"),
    ],
)
def test_what_is_no_token_is_told_in_one_line(text: str, said: str, sandbox: dict[str, str]) -> None:
    """The error names the part that is wrong; exit status 1, nothing on stdout."""
    result = verify(sandbox, "-", "--for", "sign", stdin=text.encode())
    assert (result.status, result.out, result.err.count("\n")) == (1, "", 1)
    assert said in result.err and result.err[:-1].isprintable()


@pytest.mark.parametrize("command", ["inspect", "verify"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", " is empty: give the whole token"), (" \r\n", " is empty: give the whole token"),
        ("a.test\nb.c.test\nc.test.e\n", ": it is not a token: three parts separated by dots are expected, it has 6:"),
        ("a", ": it is not a token: three parts separated by dots are expected, it has 1:"),
        ("e30.W10.c2ln", ": the token's payload cannot be read: "),
        ("e30.e30.e30.e30.e30", ": it has five parts: an encrypted JWE, not a token"),
    ],
)  # fmt: skip
def test_what_is_no_token_is_told_with_its_source(
    command: str, text: str, said: str, sandbox: dict[str, str], tmp_path: Path
) -> None:
    """The file's name, or standard input; a token on the command line has no name."""
    words = ["--for", "sign", "--offline"] if command == "verify" else []
    (tmp_path / "hosts.txt").write_text(text)
    for source, whose in ((str(tmp_path / "hosts.txt"), f"{tmp_path}/hosts.txt"), ("-", "standard input")):
        result = invoke(command, source, *words, environment=sandbox, stdin=text.encode())
        assert (result.status, result.out, result.err.count("\n")) == (1, "", 1)
        assert f"{whose}{said}" in result.err
    result = invoke(command, f"{write_part({'a': 'b' * 80})}.W10.c2ln", *words, environment=sandbox)
    assert "step-ott: the token's payload cannot be read: " in result.err


@pytest.mark.parametrize("command", ["inspect", "verify"])
def test_an_empty_token_is_a_usage_error(command: str, sandbox: dict[str, str]) -> None:
    """As a variable gives it that is not set."""
    for word in ("", " \n"):
        result = invoke(command, word, *(["--for", "sign"] if command == "verify" else []), environment=sandbox)
        assert (result.status, result.out) == (2, "")
        assert "the token is empty: " in result.err


@pytest.mark.parametrize("sha", ["00" * 32, 7])
def test_a_root_of_another_ca_is_warned_of(sha: Any, sandbox: dict[str, str], tmp_path: Path) -> None:
    """The CA does not look at it, and step does: a warning with a remedy, that is not counted as a failure."""
    result = verify(sandbox, "-", "--for", "sign", "--format", "json", stdin=forge({"sha": sha}).encode())
    said = json.loads(result.out)
    root = said["rules"][-1]
    assert (root["rule"], root["outcome"], root["remedy"]) == ("root", "warning", "mint it with this CA's --root")
    assert said["failed"] == [rule["outcome"] for rule in said["rules"]].count("failed")


# -- The CSR ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_csr_that_suits_the_token_passes(
    encoding: Encoding, token: str, sandbox: dict[str, str], tmp_path: Path
) -> None:
    """Its rules are judged too, in PEM and in DER."""
    (tmp_path / "web.csr").write_bytes(make_csr(NAME, [general_name(NAME)]).public_bytes(encoding))
    result = verify(sandbox, token, "--for", "sign", "--csr", str(tmp_path / "web.csr"), "--format", "json")
    assert result.status == 0, result.out
    assert {tell_findings(result)[f"csr {rule}"] for rule in ("signature", "key", "binding", "name", "names")} == {
        "passed"
    }


def test_a_csr_for_another_name_fails(token: str, sandbox: dict[str, str], tmp_path: Path) -> None:
    """Both names stand in the reason."""
    csr = make_csr("evil.example.com", [general_name("evil.example.com")])
    (tmp_path / "web.csr").write_bytes(csr.public_bytes(Encoding.PEM))
    result = verify(sandbox, token, "--for", "sign", "--csr", str(tmp_path / "web.csr"))
    assert result.status == 1
    assert f"csr name: its common name is evil.example.com, and may only be {NAME}: make the CSR" in result.out


@pytest.mark.parametrize("content", [None, b"", b"no CSR\n", b"\x30\x82\x01\x00"])
def test_a_csr_that_cannot_be_read_is_an_error(
    content: bytes | None, token: str, sandbox: dict[str, str], tmp_path: Path
) -> None:
    """The error names the option and the file."""
    if content is not None:
        (tmp_path / "web.csr").write_bytes(content)
    result = verify(sandbox, token, "--for", "sign", "--csr", str(tmp_path / "web.csr"))
    assert (result.status, result.out, result.err.count("\n")) == (1, "", 1)
    assert f"{tmp_path / 'web.csr'}" in result.err
    if content is not None:
        fix = "give one CSR in PEM or DER"
        assert result.err.endswith(f"/web.csr: it holds no certificate signing request that can be read: {fix}\n")


# -- What cannot be asked ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--for is missing: say what the token will be used for: sign, revoke, renew, ssh-sign,"),
        (["--for", "rekey"], "--for 'rekey' is not known: choose one of sign, revoke"),
        (["--for", "revoke", "--csr", "a"], "--csr does not apply to revoke: use it with --for sign"),
        (["--for", "sign", "--principal", "a"], "--principal does not apply to sign: use it with --for ssh-sign"),
        (["--for", "ssh-renew", "--cert-type", "host"], "--cert-type does not apply to ssh-renew"),
        (["--for", "ssh-sign", "--cert-type", "robot"], "--cert-type 'robot' is not known: write user or host"),
        (["--for", "sign", "--timeout", "5s"], "--offline and --timeout cannot be used together"),
        (["--for", "sign", "--csr", "-"], "the token and another input both read standard input"),
        (["--for", "sign", "--format", "yaml"], "--format 'yaml' is not known"),
        (["--for", "sign", "second"], "verify takes one token"),
        (["--for", "sign", "--nonsense"], "--nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], said: str, sandbox: dict[str, str]) -> None:
    """Exit status 2 and one line that names the option, before anything is read."""
    result = verify(sandbox, "-", *words)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err


def test_a_variable_is_named_as_it_is_written(token: str, sandbox: dict[str, str]) -> None:
    """What describes a request counts from the environment too, and is refused by its own name."""
    result = verify(sandbox, token, "--for", "sign", STEP_PRINCIPAL="me")
    assert (result.status, result.out) == (2, "")
    assert "STEP_PRINCIPAL does not apply to sign" in result.err


def test_what_describes_a_place_may_stay_in_the_environment(token: str, sandbox: dict[str, str]) -> None:
    """A variable for another command, or for asking the CA, stops nothing offline."""
    variables = {"STEP_TIMEOUT": "5s", "STEP_PROVISIONER": "me", "STEP_SSH": "true", "STEP_FOR": "sign"}
    assert verify(sandbox, token, **variables).status == 0


def test_the_configuration_of_the_ca_may_stand_anywhere(token: str, sandbox: dict[str, str], tmp_path: Path) -> None:
    """--offline reads --ca-config; with neither that nor a ca.json in the step path, the error names the file."""
    config = Path(sandbox["STEPPATH"]) / "config" / "ca.json"
    nowhere = {"STEPPATH": str(tmp_path)}
    result = verify(nowhere, token, "--for", "sign", "--ca-config", str(config))
    assert result.status == 0, result.err
    result = verify(nowhere, token, "--for", "sign")
    assert (result.status, result.out) == (2, "")
    assert (
        f"there is no {tmp_path}/config/ca.json, which --offline reads: name a ca.json with --ca-config" in result.err
    )


def test_a_ca_that_cannot_be_reached_is_told_in_one_line(token: str, sandbox: dict[str, str]) -> None:
    """Without the CA's settings there is no verdict: exit status 1, nothing on stdout."""
    words = ["--for", "sign", "--ca-url", f"127.0.0.1:{choose_port()}"]
    result = invoke("verify", token, *words, environment=sandbox)
    assert (result.status, result.out, result.err.count("\n")) == (1, "", 1)
    assert "cannot be reached" in result.err


# -- What a CA and a token may hold -----------------------------------------------------------------


def adjust(sandbox: dict[str, str], folder: Path, **members: Any) -> str:
    """Return the sandbox's ca.json with one provisioner more, in a file of its own."""
    config = json.loads((Path(sandbox["STEPPATH"]) / "config" / "ca.json").read_text())
    config["authority"]["provisioners"].append(members)
    (folder / "ca.json").write_text(json.dumps(config))
    return str(folder / "ca.json")


SIGN = "https://127.0.0.1/1.0/sign"


@pytest.mark.parametrize(
    ("members", "claims"),
    [
        ({"type": "GCP", "name": "n"}, {"aud": f"{SIGN}#gcp/n", "iss": "https://accounts.google.com"}),
        ({"type": "OIDC", "name": "n", "clientID": "client"}, {"aud": "client", "iss": "https://accounts.test"}),
        ({"type": "Azure", "name": "n", "tenantID": "tenant"}, {"aud": "https://azure.test", "tid": "tenant"}),
        ({"type": "Tomorrow", "name": "n"}, {"aud": f"{SIGN}#tomorrow/n", "iss": "n"}),
    ],
)  # fmt: skip
def test_a_type_that_is_not_judged_has_no_verdict(
    members: dict[str, Any], claims: dict[str, Any], sandbox: dict[str, str], tmp_path: Path
) -> None:
    """The provisioner is named, the verdict unknown, and the exit status 1."""
    config = adjust(sandbox, tmp_path, **members)
    result = verify(sandbox, "-", "--for", "sign", "--ca-config", config, stdin=forge(claims).encode())
    assert (result.status, result.err) == (1, "")
    assert f"passed         provisioner: it is n ({members['type']})" in result.out
    assert f"not checkable  signature: step-ott does not judge tokens of n ({members['type']})" in result.out
    assert result.out.endswith("verdict: unknown\nsummary: what the CA would say cannot be predicted from here\n")


@pytest.mark.parametrize("endpoint", ["sign", "revoke", "renew", "ssh-sign", "ssh-revoke", "ssh-renew", "ssh-rekey"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_in_a_token_reaches_the_terminal_raw(endpoint: str, form: str, sandbox: dict[str, str]) -> None:
    """Control characters, wherever they stand, are shown as escapes, and lines cannot be forged."""
    aud = f"https://127.0.0.1/1.0/{endpoint.replace('-', '/')}"
    told = []
    for audience in (HOSTILE, aud, f"{aud}#{HOSTILE}", f"{aud}#x5c/{HOSTILE}"):
        claims = dict.fromkeys(("sub", "iss", "jti", "azp", "tid"), HOSTILE) | {
            "aud": audience, "sans": [HOSTILE], "cnf": {"x5rt#S256": HOSTILE}, "exp": 4_000_000_000,
            "step": {"ssh": {"certType": HOSTILE, "principals": [HOSTILE]}},
        }  # fmt: skip
        token = forge(claims, kid=HOSTILE, alg=HOSTILE, x5cInsecure=[HOSTILE], sshpop=HOSTILE)
        told.append(verify(sandbox, "-", "--for", endpoint, "--format", form, stdin=token.encode()))
    for result in told:
        assert (result.status, result.err) == (1, "")
        lines = result.out.split("\n")
        assert "\x1b" not in result.out and (form == "json" or all(map(str.isprintable, lines)))
        assert len(lines) == 2 or form == "text"
        assert sum(line.startswith("verdict: ") for line in lines) == (form == "text")


def test_a_provisioners_name_does_not_reach_the_terminal_raw(sandbox: dict[str, str], tmp_path: Path) -> None:
    """What the CA's own list holds is escaped like all else."""
    config = adjust(sandbox, tmp_path, type="OIDC", name=HOSTILE, clientID="client")
    result = verify(sandbox, "-", "--for", "sign", "--ca-config", config, stdin=forge({"aud": "client"}).encode())
    assert (result.status, result.err) == (1, "")
    assert all(line.isprintable() for line in result.out.splitlines())
    assert "\\x1b" in result.out


# -- At the real CA ---------------------------------------------------------------------------------


@pytest.fixture
def environment(running_ca: RunningCa) -> dict[str, str]:
    """The environment in which the running CA's folder is the step path."""
    return {"STEPPATH": str(running_ca.path)}


def test_verifying_spends_nothing(running_ca: RunningCa, environment: dict[str, str]) -> None:
    """After any number of questions, online and offline, the CA still signs for the token, once."""
    token = invoke("token", NAME, environment=environment).token
    for words in ([], [], ["--offline"]):
        assert invoke("verify", token, "--for", "sign", *words, environment=environment).status == 0
    csr = make_csr(NAME, [general_name(NAME)])
    assert [connect(running_ca).sign(csr, token).status for _ in range(2)] == [201, 401]


def test_the_token_of_another_ca_is_refused(token: str, environment: dict[str, str]) -> None:
    """A CA of the same name with another provisioner: the reason names what the token asks for."""
    result = invoke("verify", token, "--for", "sign", environment=environment)
    assert result.status == 1
    assert "failed         provisioner: the CA has none of this name and key identifier, sandbox@example.com:" in (
        result.out
    )


def test_the_token_for_another_name_is_refused(environment: dict[str, str]) -> None:
    """The audience is compared with the names in the CA's own certificate, and both stand in the reason."""
    token = invoke("token", NAME, "--offline", "--ca-url", "ca.other.test", environment=environment).token
    result = invoke("verify", token, "--for", "sign", environment=environment)
    assert result.status == 1
    said = "failed         provisioner: its audience is https://ca.other.test/1.0/sign, and the CA's names are "
    assert said in result.out and "127.0.0.1" in result.out.partition(said)[2].splitlines()[0]


@pytest.mark.parametrize("example", [words for _, words in VERIFY.examples])
def test_an_example_of_the_help_runs(
    example: str, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each has a token and a CSR in the folder, and is told that the CA would accept the token."""
    monkeypatch.chdir(tmp_path)
    for words in (["token", NAME, "--output-file", "token.txt"],
                  ["token", "--revoke", SERIAL, "--output-file", "revoke.txt"]):  # fmt: skip
        assert invoke(*words, environment=environment).status == 0
    Path("web.csr").write_bytes(make_csr(NAME, [general_name(NAME)]).public_bytes(Encoding.PEM))
    line, _, source = example.partition(" < ")
    stdin = Path(source).read_bytes() if source else b""
    result = invoke(*shlex.split(line), environment=environment, stdin=stdin)
    assert (result.status, result.err) == (0, "")
