"""The use case of `ca bootstrap`: a CA that is known by address and fingerprint becomes the step path's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain.settings.bootstrap import (
    StepPathState,
    check_contexts,
    find_authority_folder,
    list_files,
    list_kept,
)
from entrypoints.use_cases.write_files import write_files

if TYPE_CHECKING:
    from domain.ca.ports import RootSource
    from domain.ports import Confirmer, Notices, OutputFiles
    from domain.settings.bootstrap import Bootstrap
    from domain.settings.ports import StepFolder, TrustStore


class BootstrapPorts:
    """What it needs from outside.

    Attributes:
        roots: Where the root certificate comes from.
        step_path: The folder that is written to.
        trust: Where the root is to be installed, None for nowhere.
    """

    def __init__(
        self, roots: RootSource, step_path: StepFolder, output: OutputFiles, confirmer: Confirmer,
        notices: Notices, trust: TrustStore | None = None,
    ) -> None:  # fmt: skip
        self.roots, self.step_path = roots, step_path
        self.output, self.confirmer, self.notices = output, confirmer, notices
        self.trust = trust


def bootstrap(plan: Bootstrap, ports: BootstrapPorts, *, force: bool) -> None:
    """Download the root, write what the step path says of its CA, and have the system trust it where that is wanted.

    Raises:
        NetworkError, AuthorityError, InputError: there is no such root; nothing is written.
        OutputError: a file may not be replaced, or cannot be written, and nothing is; or the system does not take the
            root, and all is written.
        UsageError: the system has no way to trust a root; nothing is written.
    """
    if ports.trust is not None:
        ports.trust.check()
    state = look_at_step_path(plan, ports.step_path)
    files = list_files(plan, state, ports.roots.find(plan.ca_url, plan.fingerprint))
    write_files(files.all(), ports.output, ports.confirmer, force=force, unasked=[one.path for one in files.contexts])
    told = [("root certificate", files.root), ("authority configuration", files.defaults)]
    if files.profile is not None:
        told.append(("profile configuration", files.profile))
    for what, file in told:
        ports.notices.inform(f"The {what} has been saved in {file.path}.")
    if kept := list_kept(state):
        ports.notices.inform(f"{files.defaults.path} keeps what it had beside: {', '.join(map(repr, kept))}.")
    if ports.trust is not None:
        ports.trust.install(files.root.path)
        ports.notices.inform("Installing the root certificate in the system truststore... done.")


def look_at_step_path(plan: Bootstrap, step_path: StepFolder) -> StepPathState:
    """Return what is there before.

    Raises:
        InputError: a file that would be written anew cannot be read.
    """
    has_contexts = plan.makes_contexts or step_path.uses_contexts()
    base, context = step_path.base, plan.context
    folder = find_authority_folder(plan, base, has_contexts=has_contexts)
    contexts = step_path.contexts() if has_contexts else None
    check_contexts(contexts or {}, f"{base}/contexts.json")
    return StepPathState(
        base=base,
        contexts=contexts,
        defaults=step_path.read_object(f"{folder}/config/defaults.json"),
        has_profile=step_path.exists(f"{base}/profiles/{context.profile}/config/defaults.json"),
    )
