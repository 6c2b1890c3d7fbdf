"""`inspect`: what a token says, in words and as JSON, whatever it holds."""

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.certificates.reader import CertificateReader
from domain.errors import InputError, StepOttError
from domain.formats import base64url, json_text
from domain.formats.duration import NANOSECONDS
from domain.inspect.inspection import inspect_token
from domain.inspect.outline import REQUESTS, HeaderCertificates
from domain.inspect.timeline import ASCII, LINES
from domain.report.worded_value import WordedValue
from domain.settings.print_form import JSON, TEXT
from domain.token.compact_jws import CompactJws, read_token
from domain.token.kind import Kind
from entrypoints.command_line.commands import INSPECT
from entrypoints.use_cases.inspect import describe_token
from entrypoints.use_cases.report import Canvas, fit_encoding, render
from tests.commands.test_cold_start import CORE, list_loaded, list_slow, list_third_party
from tests.support.memory_ports import FixedClock, MemoryFiles
from tests.support.provisioned_ca import ProvisionedCa
from tests.support.pseudo_terminal import run_on_terminal
from tests.support.running import Result, execute, invoke
from tests.support.token_parts import CLAIMS, HEADER, NOW
from tests.support.wild_tokens import PARTS

SSH = {"aud": "https://ca.test/1.0/ssh/sign", "step": {"ssh": {}}}
DIGEST = base64url.encode(bytes(32))
KUBERNETES = {"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:default:web", "exp": NOW + 9000}
PROJECTED = {
    "iss": "https://kubernetes.default.svc", "sub": "system:serviceaccount:prod:web", "aud": ["https://x", "y"],
    "iat": NOW, "exp": NOW + 86_400 * 365,
    "kubernetes.io": {"namespace": "prod", "pod": {"name": "web-1"}, "serviceaccount": {"name": "web"}},
}  # fmt: skip


def encode(part: Any) -> str:
    return base64url.encode(json_text.serialize(part).encode())


def inspect(claims: dict[str, Any], now: int = NOW, **header: Any) -> dict[str, Any]:
    """Return what is said of a token with `claims` beside the usual ones."""
    return inspect_alone(HEADER | header, CLAIMS | claims, now)


def inspect_alone(header: dict[str, Any], claims: dict[str, Any], now: int = NOW) -> dict[str, Any]:
    """Return what is said of a token with this header and these claims."""
    token = read_token(f"{encode(header)}.{encode(claims)}.{encode({})}")
    return inspect_token(token, HeaderCertificates(), now * NANOSECONDS)


def tell(facts: dict[str, Any], name: str) -> str:
    """Return the one line of a report about a fact."""
    (line,) = render({name: facts[name]}, TEXT).splitlines()
    return line


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_request_has_words(kind: Kind) -> None:
    """Whatever `token` mints a token for, `inspect` can name."""
    said = inspect({"aud": f"https://ca.test:9000{kind.path}#x5c/name"})
    assert said["request"] in REQUESTS.values()
    assert (said["ca"], said["path"], said["audience_fragment"]) == ("https://ca.test:9000", kind.path, "x5c/name")


@pytest.mark.parametrize(
    ("now", "remaining"),
    [
        (NOW + 48, "expires in 4m12s"),
        (NOW + 300, "expired 0s ago"),
        (NOW + 360, "expired 1m0s ago"),
        (NOW - 60, "begins in 1m0s"),
    ],
)
def test_what_is_left_of_its_time_is_said(now: int, remaining: str) -> None:
    """The time left, gone or still to come counts from now."""
    assert inspect({}, now)["remaining"] == remaining


@pytest.mark.parametrize(
    ("digits", "until"),
    [("1800000300.9", "2027-01-15T08:05:00Z"), ("18e8", "2027-01-15T08:00:00Z"), ("-0", "1970-01-01T00:00:00Z")],
)
def test_a_time_may_be_any_number(digits: str, until: str) -> None:
    """Fractions and exponents are cut off to whole seconds, as step-ca does."""
    said = inspect({"exp": json_text.Number(digits)})
    assert said["until"] == until


@pytest.mark.parametrize(
    ("claims", "header", "type_name"),
    [
        ({}, {}, "JWK"),
        ({"aud": "https://ca.test/sign#x5c/a"}, {}, "X5C"),
        ({"aud": "https://ca.test/1.0/ssh/renew#sshpop/a"}, {}, "SSHPOP"),
        ({"aud": "https://ca.test/1.0/sign#nebula/a"}, {}, "Nebula"),
        ({"aud": "https://ca.test/1.0/sign#gcp/a"}, {}, "GCP"),
        ({"aud": "https://ca.test/1.0/sign#aws/a"}, {}, "AWS"),
        ({"aud": "https://ca.test/1.0/sign#acme/a"}, {}, "ACME"),
        ({"aud": "https://ca.test/1.0/sign#wire/a"}, {}, "Wire"),
        ({"aud": "https://ca.test/1.0/sign#azure/a"}, {}, None),
        ({"aud": "https://ca.test/1.0/sign#X5C/a"}, {}, None),
        ({"aud": "https://ca.test/1.0/sign#strange/a"}, {}, None),
        ({"aud": "client-id", "iss": "https://accounts.example.com"}, {}, None),
        ({"aud": "https://ca.test/1.0/renew", "iss": "step-ca-client/1.0"}, {"x5cInsecure": []}, "renewal"),
        ({"aud": None, **KUBERNETES}, {}, "K8sSA"),
        (PROJECTED, {}, "K8sSA"),
    ],
)
def test_the_type_of_provisioner_is_told(claims: dict[str, Any], header: dict[str, Any], type_name: str | None) -> None:
    """It follows from the audience's fragment, the header or the issuer, as far as these show it."""
    told = inspect(claims, **header).get("provisioner_type")
    assert (told.value if isinstance(told, WordedValue) else told) == type_name


@pytest.mark.parametrize(
    ("claims", "header", "warning"),
    [
        ({"exp": NOW}, {}, "it has expired"),
        ({"nbf": NOW + 1}, {}, "it is not valid yet"),
        ({"exp": NOW + 3601}, {}, "it lasts for more than an hour"),
        ({"nbf": None, "iat": NOW - 3500}, {}, "it lasts for more than an hour"),
        ({"nbf": NOW + 301}, {}, "its exp is before its nbf"),
        ({"iat": NOW + 1}, {}, "its iat is in the future"),
        ({"exp": None}, {}, "it never expires: it has no exp"),
        ({"exp": "soon"}, {}, "its exp is not a time in the calendar"),
        ({"nbf": 10**20}, {}, "its nbf is not a time in the calendar"),
        ({"exp": json_text.Number("1e999")}, {}, "its exp is not a time in the calendar"),
        ({"jti": ""}, {}, "it has no jti, by which the CA recognises it"),
        ({"iss": None}, {}, "it has no iss"),
        ({"sub": ""}, {}, "its subject is empty"),
        ({"aud": []}, {}, "it has no audience"),
        ({"aud": "https://ca.test/1.0/roots"}, {}, "its audience is not a request of a step-ca"),
        ({"aud": [CLAIMS["aud"], "x"]}, {}, "its aud is a list of 2, of which the first is shown here"),
        ({"sans": []}, {}, "it has no sans: the CA takes the subject as the only name"),
        (SSH | {"step": {}}, {}, "it has no step.ssh, without which the CA signs no SSH certificate"),
        ({"cnf": {"jkt": "x"}}, {}, "its cnf holds no x5rt#S256 and binds it to nothing"),
        ({"cnf": {"x5rt#S256": "x"}}, {}, "its cnf is not a SHA-256 in base64url: nothing can match it"),
        ({}, {"kid": "/home/me/key.pem"}, "its kid is a path of the machine that it was made on"),
        ({}, {"kid": ""}, "it has no kid, by which the CA finds the provisioner"),
        ({}, {"alg": "none"}, "it has no signature algorithm"),
        ({}, {"alg": None}, "it has no signature algorithm"),
        ({}, {"alg": "HS256"}, "its algorithm 'HS256' needs a secret shared with the CA"),
        ({}, {"typ": "at+jwt"}, "its typ is 'at+jwt', not JWT"),
        ({}, {"crit": ["exp"]}, "its header has crit, which step-ca refuses"),
        ({"sha": "cafe"}, {}, "its sha is not the fingerprint of a root certificate"),
        ({"sha": 7}, {}, "its sha is not the fingerprint of a root certificate"),
        ({}, {"x5c": [], "x5cInsecure": []}, "it has both x5c and x5cInsecure"),
    ],
)
def test_what_is_odd_is_warned_of(claims: dict[str, Any], header: dict[str, Any], warning: str) -> None:
    """Each oddity has its sentence."""
    assert any(said.startswith(warning) for said in inspect(claims, **header)["warnings"])


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (HEADER, CLAIMS),
        ({"alg": "ES256", "kid": "k"}, CLAIMS),
        (HEADER, CLAIMS | {"aud": "https://ca.test/1.0/revoke", "sans": None}),
        (HEADER, CLAIMS | SSH | {"sans": None, "cnf": {"x5rt#S256": DIGEST}}),
        ({"alg": "RS256", "kid": "k"}, KUBERNETES),
        ({"alg": "HS256"}, CLAIMS | {"aud": "https://ca.test/1.0/sign#aws/a", "sans": None}),
        ({"alg": "RS256", "kid": "k"}, CLAIMS | {"aud": "https://ca.test/1.0/sign#gcp/a", "sans": None, "jti": None}),
    ],
)
def test_what_is_usual_is_not_warned_of(header: dict[str, Any], claims: dict[str, Any]) -> None:
    """Neither a minted token nor what is normal in Kubernetes' and the clouds' gets a warning."""
    assert inspect_alone(header, claims).get("warnings", []) == []


def test_a_service_account_is_named() -> None:
    """A token of Kubernetes tells its account; a projected one, that step-ca takes no such issuer."""
    said = inspect_alone(HEADER, PROJECTED)
    assert said["kubernetes"].value == {"namespace": "prod", "service_account": "web", "pod": "web-1"}
    assert tell(said, "kubernetes") == "kubernetes: namespace prod, service account web, pod web-1"
    assert said["warnings"] == ["step-ca takes Kubernetes tokens only of the issuer kubernetes/serviceaccount"]
    secret = {"kubernetes.io/serviceaccount/namespace": "a", "kubernetes.io/serviceaccount/service-account.name": "b"}
    for claims, names in ((KUBERNETES, ("default", "web")), (KUBERNETES | secret, ("a", "b"))):
        assert tuple(inspect_alone(HEADER, claims)["kubernetes"].value.values()) == names


@pytest.mark.parametrize(
    ("claims", "what", "words"),
    [
        ({}, "csr", f"bound to: the CSR with the SHA-256 {DIGEST}"),
        (
            SSH,
            "ssh_public_key",
            f"bound to: the SSH public key with the SHA-256 {DIGEST}, which step-ca 0.30.2 does not",
        ),
        (
            {"aud": "https://ca.test/1.0/revoke"},
            "unused",
            f"bound to: the SHA-256 {DIGEST}, which step-ca compares only",
        ),
    ],
)
def test_what_it_is_bound_to_is_told(claims: dict[str, Any], what: str, words: str) -> None:
    """A fingerprint is that of a CSR or of an SSH public key, by the kind of request."""
    said = inspect(claims | {"cnf": {"x5rt#S256": DIGEST}})
    assert said["bound_to"].value == {"what": what, "sha256": DIGEST}
    assert tell(said, "bound_to").startswith(words)


@pytest.mark.parametrize(
    ("options", "members", "words"),
    [
        (
            {"certType": "host", "keyID": "h", "principals": ["a", "b, c"], "validAfter": "", "validBefore": "8h0m0s"},
            {"certificate_type": "host", "key_id": "h", "principals": ["a", "b, c"], "until": "8h0m0s"},
            'a host certificate, key id h, principals a, "b, c", until 8h0m0s after the signing',
        ),
        ({}, {}, "a user certificate, key id the subject, principals the subject"),
        (
            {"validAfter": "2027-01-15T08:00:00Z", "strange": 1},
            {"from": "2027-01-15T08:00:00Z"},
            "a user certificate, key id the subject, principals the subject, from 2027-01-15T08:00:00Z, "
            "and what step-ca does not know: strange",
        ),
    ],
)
def test_ssh_options_are_told(options: dict[str, Any], members: dict[str, Any], words: str) -> None:
    """In words with what the CA fills in, and in JSON as the token has them."""
    said = inspect(SSH | {"step": {"ssh": options}})
    assert said["ssh"].value == members
    assert tell(said, "ssh") == f"ssh: {words}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it has 1"),
        ("a.b", "it has 2"),
        ("a.b.c.d.e", "encrypted JWE"),
        (f"!.{encode(CLAIMS)}.c2ln", "header cannot be read: not canonical"),
        (f"{encode(HEADER)}.{base64url.encode(b'{')}.c2ln", "payload cannot be read"),
        (f"{encode(HEADER)}.{encode([])}.c2ln", "payload cannot be read: it is not a JSON object"),
        (f"{encode(HEADER)}.{encode(CLAIMS)}.c2l=", "signature is not canonical"),
    ],
)
def test_garbage_is_told_which_part_is_wrong(text: str, said: str) -> None:
    """The error names the part of the token and the reason."""
    with pytest.raises(InputError, match=said):
        read_token(text)


# -- Whatever a token holds -------------------------------------------------------------------------


@given(PARTS, PARTS, st.integers(0, 4 * NOW), st.sampled_from([None, Canvas(40, LINES), Canvas(20, ASCII)]))
def test_whatever_a_token_holds_is_told(
    header: dict[str, Any], claims: dict[str, Any], now: int, canvas: Canvas | None
) -> None:
    """Text has printable characters and line breaks alone, JSON is JSON, and nothing is called valid."""
    files = MemoryFiles({"token": f"{encode(header)}.{encode(claims)}.{encode({})}".encode()})
    try:
        facts = describe_token("token", files, CertificateReader(), FixedClock(now * NANOSECONDS))
    except StepOttError as error:  # a text that is too long for what reads it
        pytest.fail(str(error))
    text = render(facts, TEXT, canvas=canvas)
    assert text.replace("\n", "").isprintable()
    assert "valid" not in text.replace("validBefore", "").replace("validAfter", "")
    assert sum(line.startswith("request: ") for line in text.splitlines()) == 1
    said = json.loads(render(facts, JSON))
    assert said["signature"] == "not checked" and "timeline" not in said


def test_nothing_in_a_token_reaches_the_terminal_raw(tmp_path: Path) -> None:
    """Control characters, wherever they stand, are shown as escapes, and lines cannot be forged."""
    hostile = "\x1b[2J\u202e\nrequest: forged"
    claims = dict.fromkeys(("aud", "sub", "iss", "jti", "sha"), hostile) | {
        "sans": [hostile], "user": {hostile: [hostile]}, "step": {"ssh": {hostile: hostile}},
        "cnf": {"x5rt#S256": hostile},
    }  # fmt: skip
    path = tmp_path / "token"
    path.write_text(f"{encode(HEADER | {'kid': hostile})}.{encode(claims)}.{encode({})}")
    result = invoke("inspect", str(path))
    assert result.status == 0, result.err
    assert all(character.isprintable() for character in result.out.replace("\n", ""))
    assert [line for line in result.out.splitlines() if line.startswith("request: ")] == [
        "request: unknown: the audience names no step-ca request"
    ]


@pytest.mark.parametrize(("form", "shown"), [(TEXT, "subject: b\\xfccher\\u2713\n"), (JSON, "b\\u00fccher\\u2713")])
def test_what_stdout_cannot_carry_is_escaped(form: str, shown: str) -> None:
    """On a stdout of ASCII alone, other letters are escapes; those of JSON in JSON."""
    facts = {"subject": "bücher✓"}
    assert shown in fit_encoding(render(facts, form), form, "ascii")
    token = f"{encode(HEADER)}.{encode(CLAIMS | facts | {'sub': 'bücher✓'})}.{encode({})}"
    result = execute("inspect", "-", "--format", form, environment={"PYTHONIOENCODING": "ascii"}, stdin=token.encode())
    assert (result.status, shown in result.out) == (0, True), result


# -- The command ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["a.test"], ["max", "--ssh", "--principal", "root"], ["7", "--revoke"]], ids=" ".join
)
def test_our_own_tokens_are_explained(words: list[str], sandbox: dict[str, str]) -> None:
    """A token as an argument, in JSON: what was asked for stands in it, and the word valid nowhere."""
    token = invoke("token", *words, "--offline", environment=sandbox).token
    said = json.loads(invoke("inspect", token, "--format", "json").out)
    assert (said["subject"], said["algorithm"], "warnings" in said) == (words[0], "ES256", False)
    text = invoke("inspect", "-", stdin=token.encode()).out
    assert "valid" not in text and "signature: not checked" in text


def test_certificates_in_the_header_are_named(provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The subject, end and fingerprint of each certificate of an X5C token are said."""
    held = provisioned_ca.hold(tmp_path)
    words = ["--x5c-cert", str(held.certificate), "--x5c-key", str(held.key), "--offline"]
    token = invoke("token", "a.test", *words, environment=provisioned_ca.environment).token
    said = json.loads(invoke("inspect", token, "--format", "json").out)
    (certificate,) = said["certificates"]
    assert (certificate["header"], certificate["subject"], said["provisioner_type"]) == ("x5c", "machine.test", "X5C")
    assert "warnings" not in said


def test_a_token_of_kubernetes_is_explained(provisioned_ca: ProvisionedCa) -> None:
    """The token that the CA's K8sSA provisioner takes is told without a warning."""
    said = json.loads(invoke("inspect", provisioned_ca.kubernetes_token(), "--format", "json").out)
    assert (said["provisioner_type"], said["kubernetes"]["service_account"]) == ("K8sSA", "web")
    assert "warnings" not in said


@pytest.mark.parametrize(
    ("words", "said"),
    [([], "takes one token"), (["a", "b"], "takes one token"), (["-", "--format", "xml"], "choose text or json")],
    ids=str,
)
def test_wrong_words_are_usage_errors(words: list[str], said: str) -> None:
    """Too few, too many, or an unknown format: exit status 2 and one line."""
    result = invoke("inspect", *words)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert said in result.err


def test_the_examples_of_the_help_run(sandbox: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every example works as written, what stands behind `<` being standard input."""
    monkeypatch.chdir(tmp_path)
    minted = invoke("token", "a.test", "--offline", "--output-file", "token.txt", environment=sandbox)
    assert minted.status == 0, minted.err
    for _, line in INSPECT.examples:
        words, _, source = line.partition(" < ")
        result = invoke(*shlex.split(words), stdin=Path(source).read_bytes() if source else b"")
        assert result.status == 0 and "a.test" in result.out, result


# -- On a terminal ----------------------------------------------------------------------------------

LASTING = f"{encode(HEADER)}.{encode(CLAIMS | {'nbf': 1, 'exp': 4_000_000_000})}.{encode({})}"


def show(*words: str, **environment: str) -> tuple[str, Result]:
    """Return what `inspect` of a token that lasts shows on a terminal of 60 columns, and how it ended."""
    program = [sys.executable, "-m", "entrypoints.cli", "inspect", LASTING, *words]
    command = ["/bin/sh", "-c", '"$@" > /dev/tty; status=$?; echo "|end|" > /dev/tty; exit $status', "sh", *program]
    with run_on_terminal(command, {"PYTHONUTF8": "1", **environment}, size=(24, 60)) as session:
        return session.wait_for("|end|"), session.finish()


@pytest.mark.parametrize(("encoding", "strokes"), [("utf-8", LINES), ("ascii", ASCII)])
def test_a_terminal_gets_colours_and_a_timeline(encoding: str, strokes: Any) -> None:
    """The bar is as wide as the terminal, of what the terminal's encoding has, with a mark at now."""
    shown, result = show(PYTHONIOENCODING=encoding)
    assert result.status == 0, result.err
    assert "\x1b[36mrequest:\x1b[0m to have" in shown and "\x1b[33mwarning: " in shown
    (bar,) = (line for line in shown.splitlines() if line.startswith(f"\x1b[36m{strokes.left}"))
    drawn = bar.removeprefix("\x1b[36m").removesuffix("\x1b[0m")
    assert len(drawn) == 60 and strokes.mark in drawn and drawn.endswith(strokes.right)


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_plain_text(environment: dict[str, str]) -> None:
    """What asks for no colours gets neither these nor a timeline."""
    shown, result = show(**environment)
    assert result.status == 0 and "request: to have" in shown
    assert "\x1b" not in shown and LINES.left not in shown and ASCII.gone * 3 not in shown


def test_a_pipe_gets_plain_text_and_never_a_timeline() -> None:
    """Colours can be forced upon a pipe, a picture cannot; JSON has neither even on a terminal."""
    plain = execute("inspect", LASTING)
    assert plain.status == 0 and "\x1b" not in plain.out and LINES.left not in plain.out
    forced = execute("inspect", LASTING, environment={"FORCE_COLOR": "1"})
    assert "\x1b[36mrequest:" in forced.out and LINES.left not in forced.out
    shown, _ = show("--format", "json")
    assert json.loads(shown.removesuffix("|end|"))["subject"] == "a.test"


def test_a_token_without_certificates_is_told_without_cryptography() -> None:
    """Nothing slow is loaded to read two parts of JSON; the library comes with the certificates."""
    modules = list_loaded(["inspect", LASTING], {})
    assert list_third_party(modules) <= CORE - {"cryptography"}
    assert list_slow(modules) == set()


def test_an_unread_token_is_never_evaluated() -> None:
    """The two parts are all that is looked at: the outcome is the same for any signature."""
    token = CompactJws(HEADER, CLAIMS)
    assert render(inspect_token(token, HeaderCertificates(), NOW * NANOSECONDS), TEXT) == render(inspect({}), TEXT)
