"""What the real `step ca token` takes for the provisioners of certificates and of Kubernetes, and step-ott refuses."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.ca_client import connect, general_name, make_csr
from tests.support.provisioned_ca import K8SSA, ProvisionedCa, serve_provisioned
from tests.support.running import Result, invoke, run_step
from tests.support.ssh_hosts import get_certificate

NAME, CNF = "machine.test", "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
HOUR = timedelta(hours=1)

LEAVES = {
    "expired": {"begin": -2 * HOUR, "end": -HOUR},
    "not valid yet": {"begin": HOUR, "end": 2 * HOUR},
    "for no client": {"usages": [ExtendedKeyUsageOID.SERVER_AUTH]},
    "for no signature": {"digital_signature": False},
}
BOTH_REFUSE = {("x5c", "for no signature")}
TAKEN_BY_BOTH = {("renew", "expired")}


def ask_both(step: str, ca: ProvisionedCa, *words: str) -> tuple[Result, Result]:
    """Return the answers of the real step and of step-ott."""
    surroundings = {**ca.environment, "HOME": str(ca.ca.path)}
    return run_step(step, "ca", "token", *words, environment=surroundings), invoke(
        "token", *words, environment=surroundings
    )


def check_refusal(pair: tuple[Result, Result]) -> None:
    """Check that step mints and step-ott refuses in one line."""
    theirs, ours = pair
    assert theirs.status == 0, f"step refuses it too: {theirs.err}"
    assert (ours.status > 0, ours.out, ours.err.count("\n")) == (True, "", 1), ours


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize("kind", ["x5c", "renew"])
def test_a_certificate_that_cannot_sign_such_a_token(
    kind: str, leaf: str, step_program: str, provisioned_ca: ProvisionedCa, tmp_path: Path
) -> None:
    """Out of its time, or not for it: step makes the token all the same, but where the key usage is an X5C leaf's."""
    held = provisioned_ca.hold(tmp_path, **LEAVES[leaf])
    pair = ask_both(step_program, provisioned_ca, NAME, *held.flags, *(["--renew"] if kind == "renew" else []))
    if (kind, leaf) in BOTH_REFUSE | TAKEN_BY_BOTH:
        assert {result.status == 0 for result in pair} == {(kind, leaf) in TAKEN_BY_BOTH}
    else:
        check_refusal(pair)


def test_a_renewal_by_another_key(step_program: str, provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """The CA would refuse what another certificate's key has signed."""
    (tmp_path / "other").mkdir()
    held, other = provisioned_ca.hold(tmp_path), provisioned_ca.hold(tmp_path / "other")
    words = ["--renew", "--x5c-cert", str(held.certificate), "--x5c-key", str(other.key)]
    check_refusal(ask_both(step_program, provisioned_ca, NAME, *words))


FOR_KUBERNETES = ["--san a", "--ssh", "--not-after 30m", "--password-file /etc/hostname", f"--cnf {CNF}", "--set a=b"]


@pytest.mark.parametrize("words", [*FOR_KUBERNETES, "--revoke"])
def test_what_kubernetes_token_does_not_show(
    words: str, step_program: str, provisioned_ca: ProvisionedCa, tmp_path: Path
) -> None:
    """Nothing can be added to it."""
    (tmp_path / "token").write_text(provisioned_ca.kubernetes_token())
    flags = ["--provisioner", K8SSA, "--k8ssa-token-path", str(tmp_path / "token")]
    check_refusal(ask_both(step_program, provisioned_ca, "17", *flags, *words.split()))


def test_an_expired_kubernetes_token(step_program: str, provisioned_ca: ProvisionedCa, tmp_path: Path) -> None:
    """It is not handed on."""
    (tmp_path / "token").write_text(provisioned_ca.kubernetes_token(exp=1))
    flags = ["--provisioner", K8SSA, "--k8ssa-token-path", str(tmp_path / "token")]
    check_refusal(ask_both(step_program, provisioned_ca, NAME, *flags))


def test_an_ssh_certificate_that_is_to_revoke_another(
    step_program: str, provisioned_ca: ProvisionedCa, tmp_path: Path
) -> None:
    """It can revoke itself alone, and the error has its serial number."""
    host = get_certificate(provisioned_ca, tmp_path)
    pair = ask_both(step_program, provisioned_ca, "17", "--ssh", "--revoke", *host.flags)
    check_refusal(pair)
    assert f"write {host.serial} for the subject" in pair[1].err


def test_a_renewal_token_has_an_identifier_and_its_window(
    step_program: str, provisioned_ca: ProvisionedCa, tmp_path: Path
) -> None:
    """Step gives it no jti, and five minutes whatever is asked for."""
    held = provisioned_ca.hold(tmp_path)
    theirs, ours = ask_both(step_program, provisioned_ca, NAME, "--renew", *held.flags, "--not-after", "10m")
    assert "jti" not in theirs.claims and len(ours.claims["jti"]) == 64
    assert [made.claims["exp"] - made.claims["nbf"] for made in (theirs, ours)] == [300, 600]


NAMES = ("x5c[a]", "x5c%41", "x5c'q", "x5c a", "x5c/a")
FOUND_BY_STEP_TOO = {"x5c a", "x5c/a"}


def test_names_of_x5c_provisioners_are_escaped(step_program: str, step_ca_program: str, tmp_path: Path) -> None:
    """The real CA finds every provisioner by step-ott's token, and only some by step's."""

    def adjust(config: dict[str, object]) -> None:
        listed = config["authority"]["provisioners"]  # type: ignore[index]
        listed += [next(one for one in listed if one["type"] == "X5C") | {"name": name} for name in NAMES]

    with serve_provisioned(step_ca_program, tmp_path / "step", adjust) as ca:
        held = ca.hold(tmp_path)
        for name in NAMES:
            pair = ask_both(step_program, ca, NAME, "--provisioner", name, *held.flags)
            csr = make_csr("", [general_name(NAME)])
            statuses = [connect(ca.ca).sign(csr, result.out.strip()).status for result in pair]
            assert statuses == [201 if name in FOUND_BY_STEP_TOO else 401, 201], name
