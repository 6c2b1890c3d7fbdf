"""The checks of `doctor` on what signs: provisioners, the key, and files with secrets."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from domain.doctor.diagnosis import FILES, KEY, PROVISIONER, PROVISIONERS, TOKEN, judge_provisioners
from domain.doctor.file_status import FileKind
from domain.doctor.secret_files import judge_secret_files, list_secret_files
from domain.errors import PersonNeededError, StepOttError
from domain.provisioners.credential import IssuedToken
from domain.report.check_result import passed, unchecked, warning
from domain.settings.devices import is_device_uri, list_pin_files
from entrypoints.use_cases.doctor_token import examine_token, examine_token_files
from entrypoints.use_cases.mint import choose_provisioner, open_credential

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.doctor.file_status import FileStatus
    from domain.provisioners.authority import ListingAuthority
    from domain.provisioners.base import Provisioner
    from domain.provisioners.credential import Credential, Sources
    from entrypoints.use_cases.doctor_state import DoctorState

KEY_FOLDERS = ("", "certs", "config")
"""Folders of the step path, beside `secrets`, in which a file `*_key` is looked at."""


def examine_provisioners(known: DoctorState, authority: ListingAuthority | None) -> None:
    """Look at what the CA lists, which of it `token` would choose, whether its key can be had, and what it makes."""
    if authority is None:
        done = {finding.rule for finding in known.findings}
        reason = known.unknown or "the CA cannot be asked"
        known.skip(reason, *(rule for rule in (PROVISIONERS, PROVISIONER, KEY, TOKEN) if rule not in done))
        return
    listed = known.attempt(PROVISIONERS, authority.provisioners)
    if listed is None:
        known.skip("the CA's provisioners are not known", PROVISIONER, KEY, TOKEN)
        return
    known.note(judge_provisioners(listed, authority.source()))
    ports = known.attempt(PROVISIONER, lambda: known.setup.wire_ports(known.options, authority))
    if ports is None:
        known.skip("there is no provisioner to take it from", KEY, TOKEN)
        return
    provisioner = _choose(known, listed, ports)
    if provisioner is None:
        known.skip("there is no provisioner to take it from", KEY)
        examine_token_files(known, ports, "there is no provisioner to make it")
        return
    known.note(passed(PROVISIONER, f"token would use {provisioner.label()}"))
    credential = _open_key(known, provisioner, ports)
    if credential is None:
        examine_token_files(known, ports, "the key is not at hand")
    else:
        examine_token(known, ports, provisioner, credential)


def _choose(known: DoctorState, listed: Sequence[Provisioner], ports: Sources) -> Provisioner | None:
    try:
        chosen = known.attempt(PROVISIONER, lambda: choose_provisioner(listed, known.options, ports))
        if chosen is not None and not chosen.makes_tokens:
            known.attempt(PROVISIONER, lambda: open_credential(chosen, known.options, ports))  # it says why not
            return None
        return chosen
    except PersonNeededError as error:
        known.note(warning(PROVISIONER, error.what, error.fix))
        return None


def _open_key(known: DoctorState, provisioner: Provisioner, ports: Sources) -> Credential | IssuedToken | None:
    """Return what would sign."""
    try:
        credential = known.attempt(KEY, lambda: open_credential(provisioner, known.options, ports))
    except PersonNeededError as error:
        known.note(unchecked(KEY, error.what, error.fix))
        return None
    if credential is not None:
        what = "the token is there" if isinstance(credential, IssuedToken) else "it opens, and is the right one"
        known.note(passed(KEY, f"{what} for {provisioner.label()}"))
        known.note(*(warning(KEY, caution, "choose another provisioner, or go on") for caution in credential.cautions))
    return credential


def examine_secrets(known: DoctorState) -> None:
    """Look at who may use the files with secrets; what stands in them is left alone."""
    seen: dict[str, FileStatus] = {}
    try:
        for name in list_secret_files(known.options.settings):
            path = known.options.text(name)
            if path is not None and path != "-" and not is_device_uri(path):
                _look_at_named(known, path, known.options.spell(name), seen)
        for path in list_pin_files(known.options):
            _look_at_named(known, path, "pin-source", seen)
        for path in _list_secrets(known):
            status = known.setup.file_system.look(path, follows=False)
            if path not in seen and status is not None and status.kind in (FileKind.FILE, FileKind.LINK):
                seen[path] = status
    except StepOttError as error:
        known.note(unchecked(FILES, error.what, error.fix))
    if known.step_path is None:
        known.skip("the step path cannot be looked at", FILES)
    if seen or known.step_path is not None:
        known.note(*judge_secret_files(list(seen.values())))


def _look_at_named(known: DoctorState, path: str, option: str, seen: dict[str, FileStatus]) -> None:
    status = known.setup.file_system.look(path)
    if status is None:
        known.note(warning(FILES, f"{option} {path} is not there", "name another file, or write it"))
    else:
        seen[path] = status


def _list_secrets(known: DoctorState) -> Iterator[str]:
    """Give the paths in the step path that hold secrets by their folder or by their name."""
    if known.step_path is None:
        return
    list_names = known.setup.file_system.list_names
    for base in dict.fromkeys((known.step_path.base, known.step_path.authority_path())):
        secrets = os.path.join(base, "secrets")
        yield from (os.path.join(secrets, name) for name in list_names(secrets))
        for folder in (os.path.normpath(os.path.join(base, name)) for name in KEY_FOLDERS):
            yield from (os.path.join(folder, name) for name in list_names(folder) if name.endswith("_key"))
