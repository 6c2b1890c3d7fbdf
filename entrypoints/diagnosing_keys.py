"""The part of an examination that is about who signs: provisioners, the key, and files with secrets."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

import attrs

from domain.credential import IssuedToken
from domain.device_options import is_device_uri, list_pin_files, uses_device
from domain.diagnosis import (
    FILES,
    KEY,
    PROVISIONER,
    PROVISIONERS,
    judge_choice,
    judge_error,
    judge_provisioners,
)
from domain.errors import StepOttError, UsageError
from domain.file_facts import FileKind
from domain.finding import passed, unchecked, warning
from domain.secrecy import judge_secrecy
from domain.selection import select_provisioners

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.file_facts import FileFacts
    from domain.identity_client import IdentityClient
    from domain.ports import (
        Authority,
        Certificates,
        Clock,
        IdentityProvider,
        InputFiles,
        InstanceMetadata,
        KeyStore,
        Passwords,
    )
    from domain.provisioners.base import Provisioner
    from entrypoints.examination import Examination

SECRET_FILES = (
    "provisioner-password-file", "password-file", "key", "x5c-key", "sshpop-key", "k8ssa-token-path", "nebula-key",
)  # fmt: skip
"""Options that name a file with a secret."""

KEY_FOLDERS = ("", "certs", "config")
"""Folders of the step path, beside `secrets`, in which a file `*_key` is looked at."""


@attrs.frozen(kw_only=True, eq=False, repr=False)
class _Sources:
    """The ports that a provisioner gets its credential from (see `domain.ports.Sources`)."""

    clock: Clock
    certificates: Certificates
    files: InputFiles
    keys: KeyStore
    passwords: Passwords
    authority: Authority
    metadata: InstanceMetadata
    identity_provider: IdentityProvider


@attrs.define
class _NoPassword:
    """Stands where a person would be asked, and remembers whether one would."""

    is_wanted: bool = False

    def candidates(self, purpose: str) -> Iterator[bytes]:
        """Give none (see `domain.ports.Passwords`)."""
        self.is_wanted = True
        raise UsageError(f"there is no file with {purpose}", "name it by --provisioner-password-file")


@attrs.define
class _NoSignIn:
    """Stands where a person would sign in, and remembers whether one would."""

    is_wanted: bool = False

    def sign_in(self, client: IdentityClient, by_device: bool) -> str:  # noqa: ARG002
        """Give no token (see `domain.ports.IdentityProvider`)."""
        self.is_wanted = True
        raise UsageError("nobody signs in for an examination", "run token")


def examine_provisioners(known: Examination, authority: Authority | None) -> None:
    """Look at what the CA lists, which of it `token` would choose, and whether its key can be had."""
    if authority is None:
        done = {finding.rule for finding in known.findings}
        reason = known.unknown or "the CA cannot be asked"
        known.skip(reason, *(rule for rule in (PROVISIONERS, PROVISIONER, KEY) if rule not in done))
        return
    listed = known.attempt(PROVISIONERS, authority.provisioners)
    if listed is None:
        known.skip("the CA's provisioners are not known", PROVISIONER, KEY)
        return
    known.note(judge_provisioners(listed))
    left = known.attempt(PROVISIONER, lambda: _choose(known, listed))
    if left is None:
        known.skip("there is no provisioner to take it from", KEY)
        return
    known.note(judge_choice(left))
    if len(left) == 1:
        _examine_key(known, left[0], authority)
    else:
        known.skip("several provisioners are left to choose from", KEY)


def _choose(known: Examination, listed: Sequence[Provisioner]) -> Sequence[Provisioner]:
    left = select_provisioners(listed, known.options)
    if len(left) == 1:
        left[0].judge(known.options.settings, known.options.request.kind)
    return left


def _examine_key(known: Examination, provisioner: Provisioner, authority: Authority) -> None:
    """Get what would sign, and let it go again."""
    ports, nobody, stranger = known.ports, _NoPassword(), _NoSignIn()
    sources = _Sources(
        clock=ports.clock,
        certificates=ports.certificates,
        files=ports.files,
        keys=ports.keys,
        passwords=ports.find_passwords(known.options) or nobody,
        authority=authority,
        metadata=ports.metadata,
        identity_provider=stranger,
    )
    try:
        credential = provisioner.credential(known.options, sources)
    except StepOttError as error:
        if nobody.is_wanted:
            remedy = "name its file by --provisioner-password-file to have it checked"
            wish = "is in a device, and token would ask for its PIN"
            wish = wish if uses_device(known.options) else "is encrypted, and token would ask for the password"
            known.note(unchecked(KEY, f"it {wish}", remedy))
        elif stranger.is_wanted:
            known.note(unchecked(KEY, "token would have you sign in at the identity provider", "run token"))
        else:
            known.note(judge_error(KEY, error))
        return
    what = "the token is there" if isinstance(credential, IssuedToken) else "it opens, and is the right one"
    known.note(passed(KEY, f"{what} for {provisioner.label()}"))
    known.note(*(warning(KEY, caution, "choose another provisioner, or go on") for caution in credential.cautions))


def examine_secrets(known: Examination) -> None:
    """Look at who may use the files with secrets; what stands in them is left alone."""
    seen: dict[str, FileFacts] = {}
    try:
        for name in SECRET_FILES:
            path = known.options.text(name)
            if path is not None and path != "-" and not is_device_uri(path):
                _look_at_named(known, path, known.options.spell(name), seen)
        for path in list_pin_files(known.options):
            _look_at_named(known, path, "pin-source", seen)
        for path in _list_secrets(known):
            facts = known.ports.file_system.look(path, follows=False)
            if path not in seen and facts is not None and facts.kind in (FileKind.FILE, FileKind.LINK):
                seen[path] = facts
    except StepOttError as error:
        known.note(unchecked(FILES, error.what, error.fix))
    if known.step_path is None:
        known.skip("the step path cannot be looked at", FILES)
    if seen or known.step_path is not None:
        known.note(*judge_secrecy(list(seen.values())))


def _look_at_named(known: Examination, path: str, option: str, seen: dict[str, FileFacts]) -> None:
    facts = known.ports.file_system.look(path)
    if facts is None:
        known.note(warning(FILES, f"{option} {path} is not there", "name another file, or write it"))
    else:
        seen[path] = facts


def _list_secrets(known: Examination) -> Iterator[str]:
    """Give the paths in the step path that hold secrets by their folder or by their name."""
    if known.step_path is None:
        return
    list_names = known.ports.file_system.list_names
    for base in dict.fromkeys((known.step_path.base, known.step_path.authority_path())):
        secrets = os.path.join(base, "secrets")
        yield from (os.path.join(secrets, name) for name in list_names(secrets))
        for folder in (os.path.normpath(os.path.join(base, name)) for name in KEY_FOLDERS):
            yield from (os.path.join(folder, name) for name in list_names(folder) if name.endswith("_key"))
