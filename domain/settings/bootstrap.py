"""What `ca bootstrap` sets, and the files that say it (step CLI, utils/cautils/bootstrap.go)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from domain.errors import InputError, UsageError
from domain.formats.file_mode import FOR_ALL, OWNER_ALONE
from domain.formats.go_url import parse_url
from domain.formats.json_text import display, print_as_go
from domain.formats.pem import encode_pem
from domain.ports import OutputFile
from domain.settings.authority import parse_option
from domain.settings.root_fingerprint import read_root_fingerprint
from domain.settings.setting import is_folder_name, spell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain.ca.url import CaUrl
    from domain.settings.authority import AuthorityOptions

OWN_MEMBERS = ("ca-url", "fingerprint", "root", "redirect-url")
"""The members of defaults.json that it writes; all others stay."""

CHOOSE_CONTEXT = ("context", "authority", "profile")
"""Options of which one is enough to make a context."""


@attrs.frozen(kw_only=True)
class Context:
    """A step context: a CA and a profile by one name, each in a folder of its own (step CLI, cli-utils/step).

    Attributes:
        name: What it is called.
        authority, profile: Its folders in authorities/ and profiles/ of the step path.
    """

    name: str
    authority: str
    profile: str

    def members(self) -> Mapping[str, str]:
        """Return what contexts.json says of it, in step's order."""
        return {"profile": self.profile, "authority": self.authority}


@attrs.frozen(kw_only=True)
class Bootstrap:
    """A CA that is to be set up.

    Attributes:
        ca_url: Its address.
        fingerprint: SHA-256 of its root's DER, 64 lower-case hex.
        redirect_url: What a browser shows after a sign-in, None for nothing.
        context: The context that it gets where contexts are used.
        makes_contexts: Whether the options ask for a context, be there others or not.
    """

    ca_url: CaUrl
    fingerprint: str
    redirect_url: str | None = None
    context: Context
    makes_contexts: bool = False


def read_bootstrap(options: AuthorityOptions) -> Bootstrap:
    """Return what the settings say.

    Raises:
        UsageError: the address or the fingerprint is missing, or a value cannot be used.
    """
    if options.ca_url is None:
        raise UsageError("--ca-url is missing", "give the CA's address, or set STEP_CA_URL")
    fingerprint = read_root_fingerprint(options)
    redirect_url = parse_option(options.settings, "redirect-url", _check_url)
    name = options.text("context") or options.text("authority") or options.ca_url.host
    context = Context(
        name=name, authority=options.text("authority") or name, profile=options.text("profile") or name
    )  # fmt: skip
    makes_contexts = any(options.flag(option) for option in CHOOSE_CONTEXT)
    for option, folder in (("authority", context.authority), ("profile", context.profile)):
        if makes_contexts and not is_folder_name(folder):
            asked = option if options.flag(option) else "context"
            whose = spell(options.settings, asked)
            raise UsageError(f"{whose} {folder!r} cannot be used", "give it a name that a folder can have")
    return Bootstrap(
        ca_url=options.ca_url, fingerprint=fingerprint, redirect_url=redirect_url,
        context=context, makes_contexts=makes_contexts,
    )  # fmt: skip


def _check_url(text: str) -> str:
    try:
        parse_url(text)
    except ValueError as error:
        raise ValueError(f"it is not a URL: {error}") from error
    return text


@attrs.frozen(kw_only=True)
class StepPathState:
    """What is in a step path before.

    Attributes:
        base: The folder, absolute.
        contexts: What contexts.json says; None where contexts are not used.
        defaults: What defaults.json says of the CA's folder that is to be written.
        has_profile: Whether the profile that is to be used has a defaults.json.
    """

    base: str
    contexts: Mapping[str, Any] | None = None
    defaults: Mapping[str, Any]
    has_profile: bool = False


@attrs.frozen(kw_only=True)
class BootstrapFiles:
    """The files of a CA that is set up, in the order in which they get their names.

    The root is first, and what makes it known last: without power between two, a new context is not the current one
    yet, and without contexts the root is there and no address, or another one, which it does not vouch for.

    Attributes:
        root, defaults: The root certificate, and the address of its CA.
        profile: Of a profile that is new, else None.
        contexts: What names the context, and makes it the current one; none where contexts are not used.
    """

    root: OutputFile
    defaults: OutputFile
    profile: OutputFile | None = None
    contexts: Sequence[OutputFile] = ()

    def all(self) -> list[OutputFile]:
        """Return the files in their order."""
        return [self.root, self.defaults, *([] if self.profile is None else [self.profile]), *self.contexts]


def find_authority_folder(plan: Bootstrap, base: str, *, has_contexts: bool) -> str:
    """Return the folder of the CA's own files."""
    return f"{base}/authorities/{plan.context.authority}" if has_contexts else base


def list_files(plan: Bootstrap, state: StepPathState, root: bytes) -> BootstrapFiles:
    """Return the files that say what is set.

    Args:
        plan: What is set.
        state: What was there before; other members and other contexts stay.
        root: DER of the root certificate.
    """
    folder = find_authority_folder(plan, state.base, has_contexts=state.contexts is not None)
    path = f"{folder}/certs/root_ca.crt"
    members: dict[str, Any] = {"ca-url": str(plan.ca_url), "fingerprint": plan.fingerprint, "root": path}
    if plan.redirect_url is not None:
        members["redirect-url"] = plan.redirect_url
    members |= {name: state.defaults[name] for name in list_kept(state)}
    files = BootstrapFiles(
        root=OutputFile(path, encode_pem("CERTIFICATE", root), OWNER_ALONE, makes_folder=True),
        defaults=_write(f"{folder}/config/defaults.json", print_as_go(members, "  "), FOR_ALL),
    )
    if state.contexts is None:
        return files
    context = plan.context
    contexts = {**state.contexts, context.name: context.members()}
    profile = _write(f"{state.base}/profiles/{context.profile}/config/defaults.json", "{}", OWNER_ALONE)
    return attrs.evolve(
        files,
        profile=None if state.has_profile else profile,
        contexts=[
            _write(f"{state.base}/contexts.json", print_as_go(dict(sorted(contexts.items())), "    "), OWNER_ALONE),
            _write(f"{state.base}/current-context.json", display({"context": context.name}), FOR_ALL),
        ],
    )


def list_kept(state: StepPathState) -> list[str]:
    """Return the members of defaults.json that stay as they are."""
    return [name for name in state.defaults if name not in OWN_MEMBERS]


def _write(path: str, text: str, mode: int) -> OutputFile:
    return OutputFile(path, text.encode(), mode, makes_folder=True)


def check_contexts(contexts: Mapping[str, Any], path: str) -> None:
    """Check that each context in contexts.json is an object, so that what is written again means what it meant.

    Raises:
        InputError: one is not.
    """
    for name, members in contexts.items():
        if not isinstance(members, dict):
            raise InputError(f"context {name!r} in {path} is not a JSON object", "fix the file")
