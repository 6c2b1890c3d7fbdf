"""Every pair of the flags of `ca certificate`: refused by name, or both with an effect that can be seen."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import combinations_with_replacement
from typing import Any

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from entrypoints.command_line.enroll_options import CERTIFICATE_OPTIONS
from tests.support.ca_client import general_name
from tests.support.running import Result, decode_part, invoke
from tests.support.signing_ca import LIFE, NAME, Asked, SigningCa, serve_signing_ca, sign_as_asked

OF_TYPES = {
    "x5c-cert",
    "x5c-key",
    "x5c-chain",
    "x5c-insecure",
    "nebula-cert",
    "nebula-key",
    "k8ssa-token-path",
    "console",
}
"""What says how a token is minted as it does for `token`, whose own pairs are walked too."""

NAMES = [option.name for option in CERTIFICATE_OPTIONS if option.name not in OF_TYPES]
MINTING = {"provisioner", "kid", "key", "kms", "provisioner-password-file"}


@attrs.frozen
class Outcome:
    """A run that got a certificate, and what can be seen of it."""

    ca: SigningCa
    flags: frozenset[str]
    result: Result
    asked: Asked

    @property
    def key(self) -> Any:
        """The key that was written."""
        data = (self.ca.folder / "web.key").read_bytes()
        return load_pem_private_key(data, b"of the key" if b"ENCRYPTED" in data else None)

    @property
    def is_encrypted(self) -> bool:
        return b"ENCRYPTED" in (self.ca.folder / "web.key").read_bytes()

    @property
    def sans(self) -> list[x509.GeneralName]:
        return list(self.asked.csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)

    def fails_with(self, flag: str, value: str) -> bool:
        """Return whether the same run fails where `flag` has this value."""
        return run(self.ca, self.flags | {"force"}, **{flag: value}).status != 0


EFFECTS: dict[str, Callable[[Outcome], bool]] = {
    "san": lambda o: o.sans == [general_name("10.0.0.7")],
    "not-before": lambda o: o.asked.members["notBefore"] == "1m0s",
    "not-after": lambda o: o.asked.members["notAfter"] == "2h0m0s",
    "set": lambda o: o.asked.members["templateData"]["a"] == 1,
    "set-file": lambda o: o.asked.members["templateData"]["b"] == 2,
    "kty": lambda o: isinstance(o.key, rsa.RSAPrivateKey),
    "size": lambda o: o.key.key_size == 3072,
    "curve": lambda o: isinstance(o.key, ec.EllipticCurvePrivateKey) and o.key.key_size == 384,
    "token": lambda o: o.asked.members["ott"] == (o.ca.folder / "token").read_text(),
    "provisioner": lambda o: o.fails_with("provisioner", "nobody"),
    "kid": lambda o: o.fails_with("kid", "none"),
    "key": lambda o: decode_part(o.asked.members["ott"], 1)["iss"] == "me",
    "provisioner-password-file": lambda o: "--provisioner-password-file is not used: the key is not" in o.result.err,
    "password-file": lambda o: o.is_encrypted != ("--password-file is not used: the key is not" in o.result.err),
    "ca-url": lambda o: o.fails_with("ca-url", "localhost:1"),
    "root": lambda o: o.fails_with("root", "/nonexistent"),
    "context": lambda o: o.fails_with("context", "nowhere"),
    "request-timeout": lambda o: o.fails_with("request-timeout", "1ns"),
    "timeout": lambda o: o.fails_with("timeout", "1ns"),
    "force": lambda o: "ERTIFICATE" in (o.ca.folder / "web.crt").read_text(),
}
"""What can be seen of each flag where it is honoured; --kms needs a device."""

REFUSED = {
    *(frozenset({"token", name}) for name in {*MINTING, "san"}),
    *(frozenset({"kms", name}) for name in NAMES),
    frozenset({"kty", "curve"}),
}
"""Pairs of which one leaves the other without meaning; --kms names a device where no key is in one."""


def sign_for_two_hours(ca: SigningCa, asked: Asked) -> bytes:
    """Sign, no longer than is asked for."""
    return sign_as_asked(ca, asked, end=timedelta(hours=2) if "notAfter" in asked.members else LIFE)


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SigningCa]:
    """A CA that signs, whose provisioner says what it lets certificates be."""
    claims = {"minTLSCertDuration": "1m", "maxTLSCertDuration": "24h", "defaultTLSCertDuration": "24h"}
    folder = tmp_path_factory.mktemp("place")
    with serve_signing_ca(folder, sign_for_two_hours, claims=claims) as ca:
        (folder / "own-password").write_text("of the key\n")
        (folder / "set.json").write_text('{"b": 2}')
        (folder / "step").mkdir()
        contexts = {name: {"authority": name, "profile": name} for name in ("one", "two")}
        (folder / "step" / "contexts.json").write_text(json.dumps(contexts))
        (folder / "step" / "current-context.json").write_text('{"context": "one"}')
        for place in ("authorities/one", "profiles/one", "authorities/two", "profiles/two"):
            (folder / "step" / place / "config").mkdir(parents=True)
            (folder / "step" / place / "config" / "defaults.json").write_text("{}")
        yield ca


def run(ca: SigningCa, flags: frozenset[str], **values: str) -> Result:
    """Run the command with flags, each with its sensible value or that of `values`."""
    folder = ca.folder
    sensible = {
        "san": "10.0.0.7", "not-before": "1m", "not-after": "2h", "set": "a=1", "set-file": str(folder / "set.json"),
        "kty": "RSA", "size": "3072", "curve": "P-384", "token": str(folder / "token"), "provisioner": "me",
        "kid": ca.provisioner["key"]["kid"], "key": str(folder / "provisioner.jwk"), "kms": "pkcs11:token=scene",
        "provisioner-password-file": str(folder / "own-password"), "password-file": str(folder / "own-password"),
        "ca-url": ca.server.url, "root": str(folder / "root.crt"), "context": "two", "request-timeout": "20s",
        "timeout": "20s",
    }  # fmt: skip
    given = flags | {"ca-url", "root"} | (set() if flags & {"token", "key"} else {"key"})
    words = [word for name in sorted(given - {"force"}) for word in (f"--{name}", values.get(name, sensible[name]))]
    files = [str(folder / "web.crt"), str(folder / "web.key")]
    words += ["--force"] if "force" in flags else []
    return invoke("ca", "certificate", NAME, *files, *words, environment={"STEPPATH": str(folder / "step")})


PAIRS = list(combinations_with_replacement(NAMES, 2))


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_no_flag_of_a_pair_is_silently_ignored(ca: SigningCa, pair: tuple[str, str]) -> None:
    """A pair is refused by the names of both, or each has its effect."""
    for name in ("web.crt", "web.key"):
        (ca.folder / name).unlink(missing_ok=True)
        if "force" in pair:
            (ca.folder / name).write_text("old")
    flags = frozenset(pair)
    if "size" in flags and "kty" not in flags:
        if "kms" not in flags:
            refused = run(ca, flags)
            assert refused.status == 2 and "--size is for RSA keys alone" in refused.err
        flags |= {"kty"}
    if "token" in flags:
        (ca.folder / "token").write_text(ca.mint())
    before = len(ca.asked)
    result = run(ca, flags)
    conflicts = [two for two in REFUSED if two <= flags] + [{"kms"}] * ("kms" in flags)
    if conflicts:
        assert (result.status, result.out, len(ca.asked)) == (2, "", before), result.err
        named = set(re.findall(r"--([a-z0-9-]+)", result.err))
        assert any(named & set(two) for two in conflicts) and len(named) >= 2, result.err
        return
    assert result.status == 0, result.err
    outcome = Outcome(ca, flags, result, ca.asked[-1])
    assert [name for name in sorted(flags) if not EFFECTS[name](outcome)] == []


def test_every_flag_has_an_effect_that_is_looked_for() -> None:
    """The walk covers the whole table of options."""
    assert {*EFFECTS, "kms"} == set(NAMES)
