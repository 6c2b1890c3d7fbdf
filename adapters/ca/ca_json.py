"""The CA as its own configuration file describes it, for offline work: no socket, no database, no CA key."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Required, TypedDict

from adapters.ca.json_record import read_record
from adapters.ca.provisioner_json import read_authority_claims, read_provisioners
from adapters.ca.root_file import RootFile, fingerprint_root
from domain.ca.settings import MAX_PROVISIONERS, AuthoritySettings, ProvisionerClaims
from domain.ca.url import CaUrl, check_host
from domain.errors import AuthorityError, InputError
from domain.formats import json_text
from domain.provisioners.base import Provisioner

if TYPE_CHECKING:
    from domain.ports import InputFiles

_REMOTE_MANAGEMENT = (
    "with enableAdmin the CA has its provisioners in its database, which is not opened: "
    "leave --offline out, so that the CA is asked"
)

MAX_CONFIG_BYTES, MAX_KEY_BYTES = 8 << 20, 64 << 10


class AuthoritySection(TypedDict, total=False):
    """The part of ca.json about provisioners."""

    provisioners: list[Any] | None
    claims: dict[str, Any] | None
    policy: dict[str, Any] | None
    disableIssuedAtCheck: bool
    enableAdmin: bool


class SshSection(TypedDict, total=False):
    """The keys that SSH certificates are signed by: paths of private keys, of which only the names are looked at."""

    hostKey: str
    userKey: str


class CaConfig(TypedDict, total=False):
    """The members of ca.json that a token needs; names are step-ca's."""

    dnsNames: Required[list[str]]
    authority: Required[AuthoritySection]
    root: str | list[str]
    crt: str
    ssh: SshSection | None
    db: dict[str, Any] | None


class CaJson:
    """A `PublishedAuthority` (see `domain.provisioners.authority`) read from ca.json.

    Attributes:
        files: Where the files are that it names.
        path: Names ca.json in errors.
        config: What it says.
        ca_url: An address that goes before its own, or None.
        given: The file of roots that go before its own, or None.
    """

    def __init__(
        self,
        files: "InputFiles",
        path: str,
        config: CaConfig,
        *,
        ca_url: CaUrl | None = None,
        given: RootFile | None = None,
    ) -> None:
        self.files = files
        self.path = path
        self.config = config
        self.ca_url = ca_url
        self.given = given
        root = config.get("root", "")
        named = [root] if isinstance(root, str) else root
        self._named = [self._open(f"the root {one}", one) for one in named]  # each of which is read once at most

    def url(self) -> CaUrl:
        """Return the given address, else the first of `dnsNames` that is one; audiences are compared without ports."""
        if self.ca_url is not None:
            return self.ca_url
        try:
            return CaUrl(check_host(next((name for name in self.config["dnsNames"] if name[:2] != "*."), "")))
        except ValueError as error:
            raise InputError(f"dnsNames in {self.path} cannot be used: {error}", "fix it, or give --ca-url") from error

    def names(self) -> Sequence[str]:
        return self.config["dnsNames"]

    def root_fingerprint(self) -> str:
        """Return the fingerprint of the root; of several, of the one that `crt`, the CA's own chain, ends in."""
        chain = self.config.get("crt")
        find_anchor = (lambda: self._open(f"crt {chain}", chain).certificates()[-1]) if chain else None
        return fingerprint_root(self._roots(), find_anchor, self._replaced_roots)

    def settings(self) -> AuthoritySettings:
        authority, ssh = self.config["authority"], self.config.get("ssh") or {}
        return AuthoritySettings(
            dns_names=self.config["dnsNames"],
            claims=self._read_claims(authority.get("claims") or {}),
            roots=self._roots(),
            ssh_user_keys=self._find_ssh_keys(ssh.get("userKey")),
            ssh_host_keys=self._find_ssh_keys(ssh.get("hostKey")),
            checks_issued_at=not authority.get("disableIssuedAtCheck"),
            has_database=bool(self.config.get("db")),
            has_policy=bool(authority.get("policy")),
        )

    def _read_claims(self, claims: dict[str, Any]) -> ProvisionerClaims:
        try:
            return read_authority_claims(claims)
        except ValueError as error:
            raise refuse_config(self.path, f"in authority.claims {error}") from error

    def _find_ssh_keys(self, path: str | None) -> list[str] | None:
        """Return the public half of the private key at `path`, none where there is no such key, None where unknown."""
        if not path:
            return []
        found = read_public_half(self.files, path)
        return None if found is None else [found]

    def _roots(self) -> list[bytes]:
        """Return the DER of the roots that count."""
        files = self._named if self.given is None else [self.given]
        if not files or not files[0].path:
            raise InputError(f"{self.path} names no root", "fix it, or give --root")
        return [der for file in files for der in file.certificates()]

    def _replaced_roots(self) -> Sequence[bytes]:
        """Return the DER of the roots that it names where others go before them, and they are at hand."""
        with suppress(InputError):
            return [der for file in self._named if self.given for der in file.certificates()]
        return ()

    def _open(self, role: str, path: str) -> RootFile:
        return RootFile(self.files, path, f"{self.path}: {role}")

    def source(self) -> tuple[str, str]:
        """Return the path, and that the file need not have what a CA under remote management has.

        Such a CA goes by the provisioners in its database alone (step-ca, authority.go, ReloadAdminResources).
        """
        return self.path, _REMOTE_MANAGEMENT if self.config["authority"].get("enableAdmin") else ""

    def provisioners(self) -> Sequence[Provisioner]:
        entries = self.config["authority"].get("provisioners") or []
        if len(entries) > MAX_PROVISIONERS:
            raise InputError(f"{self.path} lists over {MAX_PROVISIONERS} provisioners", "name another with --ca-config")
        return read_provisioners(entries)

    def encrypted_key(self, kid: str) -> str:
        """Fail: a key that the list does not carry is nowhere else in the file."""
        raise AuthorityError(
            f"{self.path} has no encryptedKey for the provisioner with kid {kid}",
            "give its private key with --key, or choose another provisioner",
        )


def read_ca_config(files: "InputFiles", path: str) -> CaConfig:
    """Return what the ca.json at `path` says.

    Raises:
        InputError: it cannot be read, or is not the configuration of a step-ca.
    """
    try:
        return read_record(json_text.parse_document(files.read(path, MAX_CONFIG_BYTES)), CaConfig)
    except ValueError as error:
        raise refuse_config(path, str(error)) from error


def refuse_config(path: str, why: str) -> InputError:
    """Return the error for a ca.json that step-ca itself would not take."""
    return InputError(f"{path} is not a ca.json that can be used: {why}", "fix it, or name another with --ca-config")


def read_public_half(files: "InputFiles", path: str) -> str | None:
    """Return the base64 of the public half of the SSH key at `path`, None where its file is not found.

    The private key is not opened: `step ca init` writes the public half to certs/NAME.pub beside secrets/NAME.
    """
    folder, _, name = path.rpartition("/")
    parent = folder.rpartition("/")[0]
    for candidate in (f"{path}.pub", f"{parent}/certs/{name}.pub" if parent else f"certs/{name}.pub"):
        try:
            words = files.read(candidate, MAX_KEY_BYTES).decode("utf-8", "replace").split()
        except InputError:
            continue
        if len(words) > 1:
            return words[1]
    return None
