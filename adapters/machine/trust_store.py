"""The certificates that this system trusts, added to by its own tool (github.com/smallstep/truststore)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from domain.errors import OutputError, UsageError
from domain.formats.terminal_text import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

ANCHOR_FOLDERS = ("/usr/local/share/ca-certificates", "/etc/pki/trust/anchors", "/usr/share/pki/trust/anchors")
"""Where update-ca-certificates looks for certificates: of Debian and Alpine, and of SUSE."""

FURTHER_PLACES = ("/usr/sbin", "/sbin")
"""Where such tools are, beside PATH, which not every user has there."""

_MANUALLY = {
    "darwin": "run 'sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain FILE'",
    "win32": "run 'certutil -addstore -f ROOT FILE' as an administrator",
}
"""What adds a certificate on systems that step-ott leaves alone."""

SECONDS = 300
"""How long the tool, or a person whom sudo asks for a password, may take."""

_MAX_NAME, _MAX_SAID = 200, 500


class SystemTrustStore:
    """Adds roots by update-ca-certificates or trust, as root or by sudo (see `domain.settings.ports.TrustStore`).

    Attributes:
        platform: The system, as `sys.platform` says.
        environment: The tools' own; PATH is where they are looked for.
    """

    def __init__(self, platform: str, environment: Mapping[str, str]) -> None:
        self.platform = platform
        self.environment = environment
        self._anchors = [folder for folder in ANCHOR_FOLDERS if os.path.isdir(folder)]

    def check(self) -> None:
        if not self.platform.startswith("linux"):
            manually = _MANUALLY.get(self.platform, "add it by the system's own tool")
            raise UsageError(f"--install is for Linux, and this is {self.platform}", f"leave it out, then {manually}")
        if not self._has_updater() and not self._find("trust"):
            raise UsageError(
                "--install finds neither update-ca-certificates nor trust on this system",
                "install ca-certificates or p11-kit, or leave it out",
            )
        if os.geteuid() != 0 and not self._find("sudo"):
            raise UsageError("--install takes the rights of root, and there is no sudo", "run it as root")

    def install(self, path: str) -> None:
        if self._has_updater():
            target = os.path.join(self._anchors[0], name_anchor(path))
            self._run("install", "-m", "0644", "--", path, target)
            self._run("update-ca-certificates")
        else:
            self._run("trust", "anchor", "--store", path)

    def _has_updater(self) -> bool:
        return bool(self._anchors) and self._find("update-ca-certificates") is not None

    def _find(self, program: str) -> str | None:
        places = [self.environment.get("PATH") or os.defpath, *FURTHER_PLACES]
        return shutil.which(program, path=os.pathsep.join(places))

    def _run(self, name: str, *words: str) -> None:
        """Run a tool to its end, as root.

        Raises:
            OutputError: it is not there, fails, or does not end.
        """
        sudo = [] if os.geteuid() == 0 else [self._find("sudo") or "sudo", "--"]
        try:
            done = subprocess.run(  # noqa: S603  # the system's own tool
                [*sudo, self._find(name) or name, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env=dict(self.environment), timeout=SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = getattr(error, "strerror", None) or f"it has not ended within {SECONDS} seconds"
            raise _explain(name, reason) from error
        if done.returncode != 0:
            said = shorten(" ".join(done.stdout.decode("utf-8", "replace").split()), _MAX_SAID)
            raise _explain(name, f"status {done.returncode}: {said or 'it said nothing'}")


def name_anchor(path: str) -> str:
    """Return the name by which the first certificate in a PEM file is kept, the one that step gives it."""
    from cryptography import x509  # noqa: PLC0415  # slow to load
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    with open(path, "rb") as file:
        root = x509.load_pem_x509_certificate(file.read())
    names = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[-1].value) if names and names[-1].value else "Truststore Development CA"
    plain = re.sub(r"[^A-Za-z0-9._@-]", "_", name)[:_MAX_NAME].lstrip(".")
    return f"{plain}_{root.serial_number}.crt"


def _explain(name: str, reason: str) -> OutputError:
    return OutputError(
        f"the root certificate is saved, but the system does not trust it: {name} failed: {reason}",
        "fix that, and run the same again",
    )
