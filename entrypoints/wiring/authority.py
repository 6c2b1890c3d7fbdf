"""The part of the composition root that finds the CA: which adapter is behind the port `Authority`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from adapters.ca.root_file import RootFile
from domain.errors import InputError, UsageError
from domain.provisioners.types import TYPES, claim_options
from domain.token.kind import Kind
from entrypoints.lean_imports import OF_CATTRS, OF_HTTP, import_without, leaving_out

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.ca.ca_json import CaJson
    from adapters.ca.https import HttpsAuthority
    from domain.ca.ports import RootSource
    from domain.ca.url import CaUrl
    from domain.ports import Configuration, InputFiles
    from domain.provisioners.authority import ListingAuthority
    from domain.settings.authority import AuthorityOptions
    from domain.token.options import TokenOptions

NO_CA = "; --offline needs none"
"""What may help whoever has no address of a CA and can do without one."""

_ABOUT_THE_CA = frozenset({"ca-url", "root", "timeout", "request-timeout"})


def wire_authority(options: TokenOptions, step_path: Configuration, files: InputFiles) -> ListingAuthority:
    """Return the CA as the settings have it: over HTTPS, from ca.json, or from the options alone.

    Raises:
        UsageError: an option is missing that this way needs.
        InputError: ca.json or the root cannot be read.
    """
    path, has_config = _find_ca_config(options, step_path)
    if options.request.kind is Kind.RENEW:
        url = _wire_ca_json(path, options, files).url() if has_config else require_ca_url(options, NO_CA)
        from adapters.ca.declared import DeclaredAuthority  # noqa: PLC0415  # for these alone
        from domain.provisioners.renewal import ISSUER, Renewal  # noqa: PLC0415

        return DeclaredAuthority(url, None, Renewal(ISSUER))
    if options.flag("offline") and not has_config:
        return _wire_declared(path, options, step_path, files)
    return wire_published_authority(options, step_path, files)


def wire_published_authority(
    options: AuthorityOptions, step_path: Configuration, files: InputFiles
) -> HttpsAuthority | CaJson:
    """Return the CA as it describes itself: over HTTPS, or offline in ca.json.

    Raises:
        UsageError: an option is missing that this way needs.
        InputError: ca.json or the root cannot be read.
    """
    path, has_config = _find_ca_config(options, step_path)
    if has_config:
        return _wire_ca_json(path, options, files)
    if options.flag("offline"):
        what = f"there is no {path}, which {options.spell('offline')} reads"
        raise UsageError(what, "name a ca.json with --ca-config, or ask the CA")
    return wire_online(options, step_path, files, NO_CA)


def _find_ca_config(options: AuthorityOptions, step_path: Configuration) -> tuple[str, bool]:
    """Return where ca.json is, and whether it is to be read: always where it is named."""
    path = options.text("ca-config") or step_path.default_ca_config()
    return path, options.flag("offline") and ("ca-config" in options.settings or os.path.exists(path))


def wire_online(
    options: AuthorityOptions, step_path: Configuration, files: InputFiles, otherwise: str = ""
) -> HttpsAuthority:
    """Return the running CA that the settings mean; `otherwise` is what else may help where its address is missing.

    Raises:
        UsageError: its address or its root is missing.
        InputError: the root cannot be read.
    """
    ca_url = require_ca_url(options, otherwise)
    return connect(ca_url, find_root(options, step_path, files).certificates(), options)


def connect(ca_url: CaUrl, roots: Sequence[bytes], options: AuthorityOptions) -> HttpsAuthority:
    """Return the running CA at an address, by roots in DER, within the time of the options."""
    import_without("cattrs", OF_CATTRS)
    with leaving_out(OF_HTTP):
        from adapters.ca.https import HttpsAuthority  # noqa: PLC0415
        from adapters.ca.https_client import HttpsClient  # noqa: PLC0415

    bounds = {"request_timeout": options.request_timeout, "timeout": options.timeout}
    return HttpsAuthority(HttpsClient(ca_url, roots, environment=os.environ, **bounds))


def _wire_ca_json(path: str, options: AuthorityOptions, files: InputFiles) -> CaJson:
    import_without("cattrs", OF_CATTRS)
    from adapters.ca.ca_json import CaJson, read_ca_config  # noqa: PLC0415

    with options.naming("ca-config", path):
        config = read_ca_config(files, path)
    return CaJson(
        files,
        options.show("ca-config", path),
        config,
        ca_url=options.ca_url if options.is_given("ca-url") else None,
        given=_open_root(options, files) if options.is_given("root") else None,
    )


def _wire_declared(path: str, options: TokenOptions, step_path: Configuration, files: InputFiles) -> ListingAuthority:
    """Return the CA that the options describe: its one provisioner is of the type whose options are given, else JWK."""
    cls = next((cls for cls, _ in claim_options(options.settings)), None) or TYPES["JWK"][1]()
    needs = {name: name for name in (*cls.needs, *cls.needs_undeclared)}
    name, wanted = options.text("provisioner"), {"provisioner": "issuer", "ca-url": "ca-url", **needs}
    missing = [f"--{shown}" for option, shown in wanted.items() if option not in options.settings]
    if missing and "root" not in options.settings and not os.path.exists(step_path.default_root()):
        missing.append("--root")
    if name is None or options.ca_url is None or missing:
        raise UsageError(
            f"there is no {path}, so {options.spell('offline')} needs {', '.join(missing)} as well",
            "give them, or name a ca.json with --ca-config",
        )
    from adapters.ca.declared import DeclaredAuthority  # noqa: PLC0415  # not where a CA describes itself

    root = find_root(options, step_path, files)
    return DeclaredAuthority(options.ca_url, root, cls.declare(name, options.settings))


def require_ca_url(options: AuthorityOptions, otherwise: str = "") -> CaUrl:
    """Return the CA's address; `otherwise` is what else may help where it is missing.

    Raises:
        UsageError: it is missing.
    """
    if options.ca_url is None:
        fix = f"give it, set STEP_CA_URL, or run 'step-ott ca bootstrap'{otherwise}"
        raise UsageError("--ca-url is missing", fix)
    return options.ca_url


def wire_root_source(options: AuthorityOptions, environment: Mapping[str, str]) -> RootSource:
    """Return the way to a CA of which no more than the address and the root's fingerprint are known."""
    import_without("cattrs", OF_CATTRS)
    with leaving_out(OF_HTTP):
        from adapters.ca.root_download import RootDownload  # noqa: PLC0415

    return RootDownload(request_timeout=options.request_timeout, timeout=options.timeout, environment=environment)


def find_root(options: AuthorityOptions, step_path: Configuration, files: InputFiles) -> RootFile:
    """Return the file of the root that is trusted online.

    Raises:
        UsageError: there is none.
    """
    if options.text("root") is not None:
        return _open_root(options, files)
    path = step_path.default_root()
    if not os.path.exists(path):
        raise UsageError(f"--root is missing, and there is no {path}", "give it, or run 'step-ott ca bootstrap'")
    return RootFile(files, path, f"the root {path}")


def find_configured_ca(step_path: Configuration, files: InputFiles) -> tuple[AuthorityOptions, RootFile]:
    """Return the CA that the step path alone names, and the file of the root that is trusted.

    Raises:
        InputError: it names none, or has no root; or a file in it cannot be used.
        UsageError: a value in it, or its context, cannot be used.
    """
    from domain.settings.authority import read_authority_options  # noqa: PLC0415  # not where a command is read
    from entrypoints.command_line.argv import complete_settings  # noqa: PLC0415
    from entrypoints.command_line.options import AUTHORITY_OPTIONS  # noqa: PLC0415

    about = [option for option in AUTHORITY_OPTIONS if option.name in _ABOUT_THE_CA]
    options = read_authority_options(complete_settings({}, step_path.defaults(), about))
    if options.ca_url is None:
        folder = step_path.authority_path()
        raise InputError(
            f"the configuration in {folder} names no CA", "run 'step-ott ca bootstrap', or fix defaults.json"
        )
    if options.text("root") is not None:
        return options, _open_root(options, files)
    path = step_path.default_root()
    if not os.path.exists(path):
        raise InputError(f"there is no root certificate {path}", "run 'step-ott ca bootstrap'")
    return options, RootFile(files, path, f"the root {path}")


def _open_root(options: AuthorityOptions, files: InputFiles) -> RootFile:
    path = str(options.text("root"))
    return RootFile(files, path, options.show("root", path))
