"""A user's program with each call of the API, for type checkers alone; it is never run.

What is wrong on purpose is marked: a checker that does not complain of it complains of the mark.
"""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import step_ott
from step_ott import CA, AnyCA, Endpoint, OfflineCA, Outcome, StepOttError, Verdict, inspect, verify

logging.getLogger("step_ott").setLevel(logging.WARNING)

ca = step_ott.CA("https://ca.example.com", root="root_ca.crt")
CA("https://ca.example.com", Path("root_ca.crt"), timeout=timedelta(seconds=5), environ=os.environ)
CA("https://ca.example.com", root=b"-----BEGIN CERTIFICATE-----\n...", request_timeout=timedelta(seconds=1))
found: CA = CA.from_fingerprint("https://ca.example.com", "0d" * 32, timeout=timedelta(seconds=5))
found = CA.from_step_path()
found = CA.from_step_path(Path("/home/me/.step"), context="lab", environ={"HTTPS_PROXY": "http://proxy:3128"})
offline = OfflineCA("ca.json", url="https://ca.example.com", root="root_ca.crt")
offline = OfflineCA(json.loads("{}"))


def describe(ca: AnyCA) -> Mapping[str, str]:
    for one in ca.provisioners():
        longest: timedelta | None = one.claims.x509.longest
        is_open: bool | None = one.claims.ssh_enabled
        print(one.type, one.name, one.key_id, longest, is_open)
    return {"url": ca.url, "fingerprint": ca.fingerprint, "roots": "".join(ca.roots())}


describe(ca)
describe(offline)
health: str = ca.health()
issuer = ca.issuer("you@example.com", password=b"secret")
token: step_ott.Token = issuer.token("web.example.com", sans=["10.0.0.7"], not_after=timedelta(minutes=5))
text: str = token
expires: datetime | None = token.expires_at

issued = issuer.certificate("web.example.com", sans=["10.0.0.7"], not_after=timedelta(hours=8), key_kind="Ed25519")
key: str = issued.key
number: int = issued.serial
dns: tuple[str, ...] = issued.names
issued.save(Path("web.crt"), "web.key", replace=True, password=b"secret")
renewed: step_ott.SignedCertificate = ca.renew(issued.chain, issued.key)
renewed.save("web.crt", replace=True)
signed = issuer.sign(Path("web.csr"), not_before=datetime.now(UTC), template_data={"team": "payments"})
issued = ca.certificate(token, key_kind="RSA-3072")
signed = ca.sign(b"-----BEGIN CERTIFICATE REQUEST-----\n...", token)
issuer.revoke(signed.serial, reason="key lost", reason_code="keyCompromise")
issuer.revoke(Path("web.crt"), reason_code=4)
signed = step_ott.RenewalIssuer(ca, "web.crt", "web.key").renew()
host: step_ott.SignedSshCertificate = issuer.ssh_host_certificate(Path("host.pub"), "web.example.com")
host.save("host-cert.pub", replace=True)
line: str = issuer.ssh_user_certificate(
    "ssh-ed25519 AAAA", "ada", principals=["ada"], not_after=timedelta(hours=8)
).line

inspection = inspect(token, at=datetime.now(UTC))
names: tuple[str, ...] = inspection.names
subject: str | None = inspection.subject
json.dumps(inspection.members())

verification = verify(token, offline, Endpoint.SIGN, csr=Path("web.csr"), at=timedelta(minutes=1))
verify(token, ca, Endpoint.SSH_SIGN, cert_type="host", key_id="web", principals=("web.example.com",))
if verification.verdict is Verdict.REFUSED:
    for finding in verification.failures:
        print(finding.rule, finding.outcome is Outcome.FAILED, finding.reason, finding.remedy)
accepted: bool = verification.accepted
version: str = step_ott.__version__

try:
    ca.roots()
except (step_ott.NetworkError, step_ott.AuthorityError) as error:
    what: str = error.what
except StepOttError as error:
    fix: str = error.fix

CA("https://ca.example.com")  # type: ignore[call-arg]
CA("https://ca.example.com", root=5)  # type: ignore[arg-type]
CA("https://ca.example.com", root="root_ca.crt", timeout=5)  # type: ignore[arg-type]
CA.from_fingerprint("https://ca.example.com", b"0d")  # type: ignore[arg-type]
offline.health()  # type: ignore[attr-defined]
verify(token, ca)  # type: ignore[call-arg]
verify(token, ca, "sign")  # type: ignore[arg-type]
verify(token, "ca", Endpoint.SIGN)  # type: ignore[arg-type]
verify(token, ca, Endpoint.SSH_SIGN, cert_type="both")  # type: ignore[arg-type]
inspect(b"token")  # type: ignore[arg-type]
inspection.warnings = ()  # type: ignore[misc]
step_ott.verifi()  # type: ignore[attr-defined]
issuer.certificate()  # type: ignore[call-arg]
issuer.certificate("web.example.com", key_kind="P-257")  # type: ignore[arg-type]
issuer.certificate("web.example.com", not_after="8h")  # type: ignore[arg-type]
issuer.revoke(5.0)  # type: ignore[arg-type]
issued.key = ""  # type: ignore[misc]
print(signed.key)  # type: ignore[attr-defined]
issued.save("web.crt")  # type: ignore[call-arg]
signed.save("web.crt", key_path="web.key")  # type: ignore[call-arg]
issuer.ssh_host_certificate("host.pub")  # type: ignore[call-arg]
