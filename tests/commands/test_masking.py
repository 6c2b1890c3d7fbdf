"""No error shows credentials that stand in an address, whatever gave it and whichever command reads it."""

import json
from pathlib import Path

import pytest

from domain.errors import IdentityError, InputError, StepOttError
from domain.masking import mask_address, mask_text
from domain.sign_in.client import IdentityClient, parse_provider_url
from tests.support.running import invoke

ADDRESSES = {
    "https://admin:SECRET@ca.example.com": "https://***@ca.example.com",
    "u:SECRET@host": "***@host",
    "SECRET@host:9000/x": "***@host:9000/x",
    "https://u:SEC@RET@host": "https://***@host",
    "https://u:SEC/RET@host": "https://***@host",
    "https://u:SECRET?x#y@host": "https://***@host",
    "https://u:SEC RET'\"@host": "https://***@host",
    "https://u:SECRET@x://y": "https://***@x://y",
    "u:SECRET://x@host": "***@host",
    "http://u:SECRET@[::1]:1": "http://***@[::1]:1",
}
"""Addresses with credentials, and what an error shows of them."""

COMMANDS = {"token": ["web"], "doctor": [], "batch": ["-"], "verify": ["-"]}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("source", ["flag", "variable", "configuration"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_error_about_the_address_of_the_ca_masks_credentials(
    address: str, source: str, command: str, tmp_path: Path
) -> None:
    """Flag, variable or defaults.json; the host shows, so that the error can be acted upon."""
    environment, flags = {"STEPPATH": str(tmp_path)}, []
    if source == "flag":
        flags = ["--ca-url", address]
    elif source == "variable":
        environment["STEP_CA_URL"] = address
    else:
        (tmp_path / "config").mkdir()
        (tmp_path / "config" / "defaults.json").write_text(json.dumps({"ca-url": address}))
    result = invoke(command, *COMMANDS[command], *flags, environment=environment, stdin=b"e30.e30.AA")
    told = result.out + result.err
    assert result.status != 0 and repr(ADDRESSES[address]) in told, told
    assert "SEC" not in told and "RET" not in told


@pytest.mark.parametrize(
    "words",
    [
        ["token", "a", "https://u:SECRET@host"], ["https://u:SECRET@host"], ["token", "--offline=https://u:SECRET@host"],
        ["token", "a", "--ca-url", "ca", "--root", "https://u:SECRET@host/ca.crt"],
        ["token", "a", "--not-after", "u:SECRET@host"],
        ["sandbox", "x", "--address", "u:SECRET@host"], ["doctor", "https://u:SECRET@host"],
        ["batch", "https://u:SECRET@host", "--ca-url", "ca"],
    ],
)  # fmt: skip
def test_an_address_in_the_wrong_place_is_masked_too(words: list[str], tmp_path: Path) -> None:
    """What stands as a subject, a command, a switch, a file or a time by mistake is still an address."""
    result = invoke(*words, environment={"STEPPATH": str(tmp_path)})
    assert result.status != 0 and "SECRET" not in result.out + result.err
    assert "***@host" in result.err, result.err


@pytest.mark.parametrize("address", [*ADDRESSES, f"https://u:SECRET{'x' * 600}@host"])
def test_an_identity_providers_address_is_masked(address: str) -> None:
    """That of the provisioner's configurationEndpoint, however long; and where its browser comes back to."""
    with pytest.raises(IdentityError, match=r"\*\*\*@|x://y") as caught:
        parse_provider_url(address, "the provisioner's configurationEndpoint")
    assert "SEC" not in str(caught.value) and "RET" not in str(caught.value)
    with pytest.raises(IdentityError) as caught:
        IdentityClient(client_id="", configuration_endpoint="", listen_address=address).listen_at()
    assert "SEC" not in str(caught.value) and "RET" not in str(caught.value)


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_masked_stays_as_it_is(address: str) -> None:
    """Masking again changes nothing, nor does it change what has no credentials."""
    assert mask_address(address) == ADDRESSES[address] == mask_address(ADDRESSES[address])
    assert mask_address("https://ca.example.com:9000/x") == "https://ca.example.com:9000/x"


def test_a_text_keeps_what_is_no_credential() -> None:
    """Mail addresses and ordinary addresses stay in errors, and so does a program's own view of them."""
    for text in ("subjects: 'alice@example.com', 'b'", "https://ca cannot be used: 'a@b'", "no address"):
        assert mask_text(text) == text == StepOttError(text).what
    error = InputError("at https://u:SECRET@host/x", "ask pkcs11:?pin-value=SECRET")
    assert "SECRET" not in repr(error) + str(error) + error.what + error.fix
