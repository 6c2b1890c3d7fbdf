"""The part of the composition root that `doctor` examines a place through."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import attrs

from adapters.clock import SystemClock
from adapters.file_system import LocalFileSystem
from adapters.input_files import LocalFiles
from domain.proxy_choice import choose_proxy
from domain.setting import layer
from domain.token_options import ANY_SUBJECT, TokenOptions, read_token_options
from entrypoints.argv import parse_configuration
from entrypoints.authority_wiring import find_root, wire_authority
from entrypoints.certificate_wiring import wire_certificates
from entrypoints.commands import TOKEN
from entrypoints.examination import Ports
from entrypoints.key_wiring import wire_key_store
from entrypoints.metadata_wiring import wire_metadata
from entrypoints.wiring import open_step_path, wire_password_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from adapters.step_path import StepPath
    from domain.ca_url import CaUrl
    from domain.ports import CaVisitor, Configuration, InputFiles
    from domain.setting import Settings


def wire_diagnosis(given: Settings) -> Ports:
    """Return the real adapters for an examination.

    Args:
        given: The settings of `token` that flags and environment give.
    """
    files, clock = _RememberedFiles(LocalFiles()), SystemClock()
    context = None if "context" not in given else str(given["context"].value) or None

    def read_settings(values: Mapping[str, tuple[Any, str]]) -> TokenOptions:
        return read_token_options(ANY_SUBJECT, layer(given, parse_configuration(values, TOKEN.options)), clock.now())

    def read_root(options: TokenOptions, step_path: Configuration) -> tuple[str, Sequence[bytes]]:
        root = find_root(options, cast("StepPath", step_path), files)
        named_by = options.spell("root") if options.flag("root") else "the usual place"
        return f"{root.path} ({named_by})", root.certificates()

    return Ports(
        clock=clock,
        files=files,
        keys=wire_key_store(files),
        certificates=wire_certificates(),
        metadata=wire_metadata(),
        file_system=LocalFileSystem(),
        whence="STEPPATH" if os.environ.get("STEPPATH") else "in the home folder",
        open_step_path=lambda: open_step_path(os.environ, context),
        read_settings=read_settings,
        find_root=read_root,
        find_authority=lambda options, step_path: wire_authority(options, cast("StepPath", step_path), files),
        find_visitor=_wire_visitor,
        find_passwords=lambda options: wire_password_file(options, files),
    )


@attrs.define
class _RememberedFiles:
    """Files that are read once, since several steps look at one, and standard input can be read only once."""

    files: InputFiles
    contents: dict[str, bytes] = attrs.field(factory=dict, repr=False)

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path` (see `domain.ports.InputFiles`)."""
        if path not in self.contents:
            self.contents[path] = self.files.read(path, limit)
        return self.contents[path]


def _wire_visitor(options: TokenOptions, ca_url: CaUrl, roots: Sequence[bytes]) -> CaVisitor:
    from adapters.ca_probe import CaProbe  # noqa: PLC0415
    from adapters.http.pool import make_tls_context  # noqa: PLC0415

    return CaProbe(
        ca_url=ca_url,
        make_context=(lambda: make_tls_context(roots)) if roots else None,
        proxy=choose_proxy(ca_url, os.environ),
        clock=SystemClock(),
        request_timeout=options.request_timeout,
    )
