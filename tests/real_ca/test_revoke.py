"""`ca revoke` before a real step-ca."""

from pathlib import Path

import pytest

from tests.support.enrolled import Enrolled, enroll
from tests.support.peer_programs import RunningCa
from tests.support.running import run_step


def told(enrolled: Enrolled) -> str:
    """Return what stderr says of the revocation at last, as step does."""
    return f"Certificate with Serial Number {enrolled.serial} has been revoked.\n"


@pytest.mark.parametrize("form", ["decimal", "0x", "colons", "file"])
def test_a_certificate_is_revoked_by_its_serial_number(form: str, enrolled: Enrolled) -> None:
    """Whatever way the number is written, stderr says it in decimal, and the CA renews the certificate no more."""
    digits = f"{enrolled.serial:032x}"
    colons = ":".join(digits[place : place + 2] for place in range(0, 32, 2))
    words = {"decimal": str(enrolled.serial), "0x": f"0x{digits}", "colons": colons, "file": str(enrolled.certificate)}
    got = enrolled.run("ca", "revoke", words[form], "--reason", "lost", "--reasonCode", "key Compromise")
    assert (got.status, got.out) == (0, "") and got.err.endswith(told(enrolled)), got.err
    before = enrolled.certificate.read_bytes()
    for way in ((), ("--mtls=false",)):
        refused = enrolled.run("ca", "renew", *enrolled.files(), "--force", *way)
        assert refused.status == 1 and "whether the certificate has been revoked" in refused.err
    assert enrolled.certificate.read_bytes() == before


def test_a_certificate_revokes_itself(enrolled: Enrolled) -> None:
    """By TLS, without a provisioner; a second time the CA says that it is revoked already."""
    words = ("ca", "revoke", "--cert", str(enrolled.certificate), "--key", str(enrolled.key))
    got = enrolled.run(*words)
    assert (got.status, got.out, got.err) == (0, "", told(enrolled))
    for again in (words, ("ca", "revoke", str(enrolled.serial))):
        refused = enrolled.run(*again)
        assert (refused.status, refused.out) == (1, "")
        assert f"certificate with serial number '{enrolled.serial}' is already revoked" in refused.err


def test_a_token_that_is_there_revokes(enrolled: Enrolled) -> None:
    """`token --revoke` takes the certificate's file too; the token is for this very certificate."""
    token = enrolled.run("token", "--revoke", str(enrolled.certificate))
    assert token.claims["sub"] == str(enrolled.serial)
    other = enrolled.run("ca", "revoke", "5", "--token", token.token)
    assert (other.status, other.out) == (2, "") and f"'{enrolled.serial}', not 5" in other.err
    got = enrolled.run("ca", "revoke", hex(enrolled.serial), "--token", token.token)
    assert (got.status, got.err) == (0, told(enrolled))


def test_a_token_for_something_else_is_not_spent(enrolled: Enrolled) -> None:
    """It is judged before it is sent, so that the CA takes it afterwards for what it is for."""
    token = enrolled.run("token", str(enrolled.serial)).token
    refused = enrolled.run("ca", "revoke", str(enrolled.serial), "--token", token)
    assert refused.status == 1 and "would refuse the request, so it was not sent" in refused.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((), "serial number is missing"),
        (("5", "6"), "one serial number"),
        (("nothing",), "'nothing' is not a serial number"),
        (("010",), "two ways"),
        (("5", "--reasonCode", "11"), "--reasonCode '11'"),
        (("5", "--reasonCode", "stolen"), "--reasonCode 'stolen'"),
        (("--cert", "a.crt"), "--cert needs --key"),
        (("5", "--cert", "a.crt", "--key", "k"), "--cert names the certificate already"),
        (("--cert", "a.crt", "--key", "k", "--token", "t"), "--cert and --token"),
        (("--cert", "a.crt", "--key", "k", "--provisioner", "p"), "--cert and --provisioner"),
        (("5", "--token", "t", "--kid", "k"), "--token and --kid"),
    ],
)
def test_what_does_not_go_together_is_refused(words: tuple[str, ...], named: str, enrolled: Enrolled) -> None:
    """The error names the flag."""
    got = enrolled.run("ca", "revoke", *words)
    assert (got.status, got.out) == (2, "") and named in got.err, got.err


@pytest.mark.parametrize("ssh", [(), ("--ssh",)])
@pytest.mark.parametrize("form", ["0x1F", "0X1f", "1f", "00:1f"])
def test_a_token_has_the_number_in_decimal(form: str, ssh: tuple[str, ...], enrolled: Enrolled) -> None:
    """For the CA compares it in decimal, where step's token has it as it was written."""
    assert enrolled.run("token", form, "--revoke", *ssh).claims["sub"] == "31"


# -- Beside the real step ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["itself", "token", "token, 0x"])
@pytest.mark.parametrize("reason", [(), ("--reason", "lost", "--reasonCode", "Key Compromise")], ids=["", "reason"])
def test_step_does_the_same(
    way: str, reason: tuple[str, ...], step_program: str, running_ca: RunningCa, tmp_path: Path
) -> None:
    """Status, stdout and the sentence on stderr; and a second time neither succeeds.

    By a serial number alone step asks the terminal for the provisioner's password.
    """
    seen = []
    for name in ("step", "ours"):
        held = enroll(running_ca.path, tmp_path / name)
        token = ("--token", held.run("token", str(held.serial), "--revoke").token)
        words = {
            "itself": ("--cert", str(held.certificate), "--key", str(held.key)),
            "token": (str(held.serial), *token),
            "token, 0x": (hex(held.serial), *token),
        }[way]
        for _ in range(2):
            command = ("ca", "revoke", *words, *reason)
            if name == "step":
                got = run_step(step_program, *command, environment=held.environment)
            else:
                got = held.run(*command)
            told = [line for line in got.err.splitlines() if line.startswith("Certificate with")]
            seen.append((name, got.status == 0, got.out, [line.replace(str(held.serial), "N") for line in told]))
    assert [one[1:] for one in seen if one[0] == "step"] == [one[1:] for one in seen if one[0] == "ours"]
    assert seen[0][1] and not seen[1][1]
