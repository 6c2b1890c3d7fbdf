"""The plugin for pytest: the same tests pass by a real step-ca and by the rules alone, and it costs nothing unused."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest
import step_ott
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_ssh_public_identity


def test_tokens_are_taken_once(step_ott_sandbox):
    token = step_ott_sandbox.issuer.token("web.example.com", sans=["web.example.com", "10.0.0.7"])
    taken = step_ott_sandbox.take(token)
    assert {finding.rule for finding in taken.findings} >= {"signature", "audience", "root"}
    assert bool(taken.certificate) is step_ott_sandbox.is_served
    if taken.certificate:
        names = x509.load_pem_x509_certificate(taken.certificate.encode()).extensions
        assert len(list(names.get_extension_for_class(x509.SubjectAlternativeName).value)) == 2
    with pytest.raises(step_ott.TokenRefusedError, match="it has been used") as caught:
        step_ott_sandbox.take(token)
    assert isinstance(caught.value, AssertionError)
    assert caught.value.answer.startswith("401") is step_ott_sandbox.is_served


def test_tokens_for_ssh_and_revocation_are_taken(step_ott_sandbox):
    issuer = step_ott_sandbox.issuer
    for token in (issuer.ssh_user_token("max", principals=["max"]), issuer.ssh_host_token("web.example.com")):
        taken = step_ott_sandbox.take(token)
        assert not taken.certificate or load_ssh_public_identity(taken.certificate.encode())
    assert step_ott_sandbox.take(issuer.revocation_token(12345)).certificate == ""


def test_a_token_for_something_else_is_refused(step_ott_sandbox):
    token = step_ott_sandbox.issuer.token("web.example.com")
    with pytest.raises(step_ott.TokenRefusedError, match="not for SSH") as caught:
        step_ott_sandbox.take(token, endpoint=step_ott.Endpoint.SSH_SIGN)
    assert [one.rule for one in caught.value.findings if one.outcome.value == "failed"] == ["ssh options"]


def test_a_bound_token_is_taken_with_its_csr_alone(step_ott_sandbox):
    from adapters.keys.new_key import LocalNewKeys
    from domain.enroll.key_kind import USUAL_KIND
    keys = [LocalNewKeys().make(USUAL_KIND) for _ in range(2)]
    csr, other = (key.request("web.example.com", ["web.example.com"]) for key in keys)
    token = step_ott_sandbox.issuer.token("web.example.com", csr=csr)
    with pytest.raises(step_ott.UsageError, match="give csr="):
        step_ott_sandbox.take(token)
    step_ott_sandbox.take(token, csr=csr)
    token = step_ott_sandbox.issuer.token("web.example.com", csr=csr)
    with pytest.raises(step_ott.TokenRefusedError):
        step_ott_sandbox.take(token, csr=other)


def test_the_ssh_key_that_is_given_is_shown(step_ott_sandbox):
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    line = key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    tokens = [step_ott_sandbox.issuer.ssh_user_token("max", public_key=line) for _ in range(2)]
    taken = step_ott_sandbox.take(tokens[0], public_key=line)
    if taken.certificate:
        assert load_ssh_public_identity(taken.certificate.encode()).public_key() == key
    with pytest.raises(step_ott.InputError):
        step_ott_sandbox.take(tokens[1], public_key=b"no key")


def test_what_it_is(step_ott_sandbox, request):
    word = "served" if step_ott_sandbox.is_served else "judged in process"
    assert word in repr(step_ott_sandbox) and step_ott_sandbox.url in repr(step_ott_sandbox)
    assert step_ott_sandbox.password.decode() not in repr(step_ott_sandbox)
    assert [one.name for one in step_ott_sandbox.ca.provisioners()] == [step_ott_sandbox.provisioner]
    with pytest.raises(step_ott.UsageError, match="endpoint= is of type str"):
        step_ott_sandbox.take(step_ott_sandbox.issuer.token("a"), endpoint="sign")
    print("judged:", word)
"""


@pytest.fixture
def no_step_ca(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEP_CA", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")


def test_a_real_step_ca_takes_the_tokens(
    pytester: pytest.Pytester, step_ca_program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a step-ca named by STEP_CA, it is served, and its word counts."""
    monkeypatch.setenv("STEP_CA", step_ca_program)
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-rP")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["judged: served"])


@pytest.mark.usefixtures("no_step_ca")
def test_without_one_the_rules_judge(pytester: pytest.Pytester) -> None:
    """The same tests pass where there is no step-ca."""
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-rP")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["judged: judged in process"])


def test_the_rules_judge_where_they_are_asked_to(
    pytester: pytest.Pytester, step_ca_program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`step_ott_sandbox = in-process` starts no step-ca."""
    monkeypatch.setenv("STEP_CA", step_ca_program)
    pytester.makeini("[pytest]\nstep_ott_sandbox = in-process\n")
    pytester.makepyfile("def test_it(step_ott_sandbox):\n    assert not step_ott_sandbox.is_served")
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.usefixtures("no_step_ca")
@pytest.mark.parametrize(
    ("way", "words"),
    [("served", "*no step-ca is here: install it, or name it by STEP_CA*"), ("real", "*= real is not known*")],
)
def test_a_way_that_cannot_be_had_is_an_error(pytester: pytest.Pytester, way: str, words: str) -> None:
    """Whoever wants a real one gets no other; a way that is none is refused."""
    pytester.makeini(f"[pytest]\nstep_ott_sandbox = {way}\n")
    pytester.makepyfile("def test_it(step_ott_sandbox):\n    pass")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([words])


def test_a_step_ca_that_does_not_come_up_says_why(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it wrote is in the error."""
    program = pytester.path / "broken"
    program.write_text("#!/bin/sh\necho no such thing >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("STEP_CA", str(program))
    pytester.makepyfile("def test_it(step_ott_sandbox):\n    pass")
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*step-ca did not come up: no such thing*"])


def test_the_plugin_loads_nothing_that_no_test_asks_for(pytester: pytest.Pytester) -> None:
    """Whoever has step-ott installed, and does not use the fixture, loads two modules of it and no library."""
    pytester.makepyfile(
        """
        import sys

        def test_it():
            tops = ("domain", "adapters", "entrypoints", "step_ott")
            ours = {name for name in sys.modules if name.partition(".")[0] in tops}
            assert ours == {"step_ott", "step_ott.pytest_plugin"}
            assert not {"attrs", "cryptography", "urllib3", "cattrs"} & set(sys.modules)
        """
    )
    pytester.runpytest_subprocess("-p", "no:hypothesispytest").assert_outcomes(passed=1)
