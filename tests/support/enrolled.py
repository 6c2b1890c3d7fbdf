"""A certificate that a running CA has signed, in files, as commands that renew and revoke take it."""

import stat
from pathlib import Path

import attrs
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.running import Result, invoke


@attrs.frozen
class Enrolled:
    """A certificate with its key, and the step path of the CA that signed it."""

    certificate: Path
    key: Path
    step_path: Path

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate as it is now."""
        return x509.load_pem_x509_certificates(self.certificate.read_bytes())[0]

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which the CA is the usual one."""
        return {"STEPPATH": str(self.step_path), "HOME": str(self.step_path)}

    @property
    def serial(self) -> int:
        """Its serial number."""
        return self.leaf.serial_number

    def files(self) -> tuple[str, str]:
        """Return both files, as words of a command line."""
        return str(self.certificate), str(self.key)

    def run(self, *words: str, **environment: str) -> Result:
        """Run a command against its CA."""
        return invoke(*words, environment=self.environment | environment)

    def fits(self) -> bool:
        """Return whether the key is the certificate's."""
        return load_pem_private_key(self.key.read_bytes(), None).public_key() == self.leaf.public_key()

    def mode(self) -> int:
        """Return the mode of the certificate's file."""
        return stat.S_IMODE(self.certificate.stat().st_mode)

    def left_behind(self) -> set[str]:
        """Return what else is in the folder."""
        return {path.name for path in self.certificate.parent.iterdir()} - {self.certificate.name, self.key.name}


def enroll(step_path: Path, folder: Path, name: str = "web.example.com", *words: str) -> Enrolled:
    """Get a certificate from the CA whose step path that is, and write it and its key into `folder`."""
    folder.mkdir(exist_ok=True)
    enrolled = Enrolled(folder / "web.crt", folder / "web.key", step_path)
    got = enrolled.run("ca", "certificate", name, *enrolled.files(), *words)
    assert got.status == 0, got.err
    return enrolled
