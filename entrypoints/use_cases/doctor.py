"""`doctor`, step by step: what each check needs is gathered through ports, and judged by pure rules.

The steps are in the order of a token's way. What cannot be looked at because an earlier step failed is
reported as such, never left out; an error that a port raises becomes a finding.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING, Any

from domain.doctor import diagnosis
from domain.doctor.advisories import ADVISORIES, judge_libraries
from domain.doctor.file_status import FileKind
from domain.doctor.secret_files import judge_secret_files, list_secret_files
from domain.errors import StepOttError
from domain.report.check_result import Outcome, passed, unchecked, warning
from domain.settings.devices import is_device_uri, list_pin_files
from domain.settings.print_form import JSON
from entrypoints.use_cases.doctor_ca import examine_authority
from entrypoints.use_cases.doctor_state import DoctorState
from entrypoints.use_cases.doctor_token import examine_provisioners

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from domain.doctor.file_status import FileStatus
    from domain.doctor.ports import Setup
    from domain.report.check_result import CheckResult

NUMBERS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.WARNING: "warnings",
    Outcome.UNCHECKED: "not_checkable",
}
"""What a program finds the number of findings of each outcome under."""


KEY_FOLDERS = ("", "certs", "config")
"""Folders of the step path, beside `secrets`, in which a file `*_key` is looked at."""


def diagnose(setup: Setup) -> list[CheckResult]:
    """Return what stands in the way of `token`, and what does not, in order.

    Raises:
        UsageError: flags and environment do not go together.
    """
    known = DoctorState(setup, setup.read_given())
    _examine_step_path(known)
    _examine_configuration(known)
    authority = examine_authority(known)
    examine_provisioners(known, authority)
    _examine_secrets(known)
    _examine_libraries(known)
    return known.findings


def list_facts(findings: Sequence[CheckResult], form: str) -> dict[str, Any]:
    """Return what `findings` say: for programs with a number each, for people with one line of them."""
    counts, verdict = diagnosis.summarize(findings)
    if form == JSON:
        numbers = {NUMBERS[outcome]: count for outcome, count in counts.items()}
        return {"checks": list(findings), **numbers, "verdict": verdict}
    plural = "" if counts[Outcome.WARNING] == 1 else "s"
    words = ", ".join(
        f"{count} {outcome.value}{plural if outcome is Outcome.WARNING else ''}" for outcome, count in counts.items()
    )
    return {"checks": list(findings), "summary": f"{words}: {verdict}"}


def _examine_step_path(known: DoctorState) -> None:
    """Look at the step path and its context."""
    setup = known.setup
    opened = known.attempt(diagnosis.STEP_PATH, setup.open_step_path)
    if opened is not None:
        status = known.attempt(diagnosis.STEP_PATH, lambda: (setup.file_system.look(opened.base),))
        if status is not None:
            needed = not known.stands_alone()
            known.note(diagnosis.judge_step_path(opened.base, setup.whence, status[0], needed))
    if opened is None or known.findings[-1].outcome is Outcome.FAILED:
        known.unknown = "the step path cannot be used"
        known.skip(known.unknown, diagnosis.CONTEXT)
        return
    context = known.attempt(diagnosis.CONTEXT, lambda: (opened.context_name(), opened.authority_path()))
    if context is None:
        known.unknown = "the context cannot be used"
        return
    name, folder = context
    known.note(passed(diagnosis.CONTEXT, "none is used" if name is None else f"{name}, whose CA is in {folder}"))
    known.step_path = opened


def _examine_configuration(known: DoctorState) -> None:
    """Look at defaults.json, and at all settings together."""
    if known.step_path is None:
        known.skip(known.unknown, diagnosis.DEFAULTS, diagnosis.SETTINGS)
        return
    configured = known.attempt(diagnosis.DEFAULTS, known.step_path.defaults)
    if configured is None:
        known.unknown = "defaults.json cannot be used"
        known.skip(known.unknown, diagnosis.SETTINGS)
        return
    files = sorted({path for _, path in configured.values()})
    needed = not known.stands_alone()
    try:
        options = known.setup.read_settings(configured)
    except StepOttError as error:
        _blame(known, error, files, needed)
        return
    known.configured, known.options = configured, options
    known.note(diagnosis.judge_defaults(files, needed), diagnosis.judge_given(options.settings))


def _blame(known: DoctorState, error: StepOttError, files: Sequence[str], needed: bool) -> None:
    """Take down an error about the settings: against defaults.json where it names it, else against what is given."""
    if any(path in f"{error.what} {error.fix}" for path in files):
        known.note(diagnosis.judge_error(diagnosis.DEFAULTS, error))
        known.unknown = "defaults.json cannot be used"
        known.skip(known.unknown, diagnosis.SETTINGS)
        return
    known.note(diagnosis.judge_defaults(files, needed), diagnosis.judge_error(diagnosis.SETTINGS, error))
    known.unknown = "the settings cannot be used"


def _examine_secrets(known: DoctorState) -> None:
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
        known.note(unchecked(diagnosis.FILES, error.what, error.fix))
    if known.step_path is None:
        known.skip("the step path cannot be looked at", diagnosis.FILES)
    if seen or known.step_path is not None:
        known.note(*judge_secret_files(list(seen.values())))


def _examine_libraries(known: DoctorState) -> None:
    """Look for published advisories of the libraries that are installed."""
    libraries = known.setup.libraries
    versions = {name: libraries.find_version(name) for name in ADVISORIES}
    known.note(*judge_libraries(versions, {name: libraries.tell_how_to_upgrade(name) for name in versions}))


def _look_at_named(known: DoctorState, path: str, option: str, seen: dict[str, FileStatus]) -> None:
    status = known.setup.file_system.look(path)
    if status is None:
        known.note(warning(diagnosis.FILES, f"{option} {path} is not there", "name another file, or write it"))
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
