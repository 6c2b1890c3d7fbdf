"""The commands for SSH certificates at a real step-ca, and what OpenSSH says of their files."""

import re
import stat
import subprocess
from pathlib import Path

import attrs

from tests.support.provisioned_ca import ProvisionedCa
from tests.support.running import Result, invoke, run_step

PLAIN = ("--no-password", "--insecure")
JWK = ("--provisioner", "sandbox@example.com")


@attrs.frozen
class SshScene:
    """A CA, a folder, and OpenSSH."""

    ca: ProvisionedCa
    folder: Path
    ssh_keygen: str

    def run(self, *words: str) -> Result:
        """Run a command under `ssh` in the CA's step path; words that begin with @ are files in the folder."""
        return invoke("ssh", *(self.place(word) for word in words), environment=self.ca.environment)

    def run_step(self, program: str, *words: str) -> Result:
        """Run the real step CLI's command."""
        environment = {**self.ca.environment, "HOME": str(self.folder)}
        return run_step(program, "ssh", *(self.place(word) for word in words), environment=environment)

    def place(self, word: str) -> str:
        return str(self.folder / word[1:]) if word.startswith("@") else word

    def get(self, *words: str) -> Result:
        """Run what must succeed, with nothing on stdout."""
        result = self.run(*words)
        assert (result.status, result.out) == (0, ""), result.err
        return result

    def read(self, name: str) -> dict[str, str]:
        """Return what OpenSSH says of a certificate, by the words before the colons."""
        shown = self.openssh("-L", "-f", str(self.folder / name))
        fields = dict(re.findall(r"^ {8}([A-Z][\w ]+): *(.*)$", shown, re.MULTILINE))
        fields["Principals"] = " ".join(
            re.findall(r"^ {16}(\S.*)$", shown.partition("Principals:")[2].partition("Critical")[0], re.MULTILINE)
        )
        return fields

    def derive(self, name: str, password: str = "") -> str:
        """Return the public key that OpenSSH finds in a private one."""
        return " ".join(self.openssh("-y", "-P", password, "-f", str(self.folder / name)).split()[:2])

    def public(self, name: str) -> str:
        return " ".join((self.folder / name).read_text().split()[:2])

    def openssh(self, *words: str) -> str:
        return subprocess.run([self.ssh_keygen, *words], capture_output=True, check=True, text=True, timeout=30).stdout

    def modes(self) -> dict[str, int]:
        return {path.name: stat.S_IMODE(path.stat().st_mode) for path in self.folder.iterdir()}
