"""The composition root of `token`: which adapter is behind each port.

Adapters whose libraries are slow to load are imported where the path that needs them begins.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TypeVar

from adapters.certificates.reader import CertificateReader
from adapters.keys.passwords import FilePassword, TypedPassword
from adapters.keys.store import LocalKeyStore
from adapters.machine.clock import SystemClock, SystemRandomness
from adapters.machine.input_files import LocalFiles
from adapters.machine.terminal import Stderr, Terminal
from adapters.output.streams import OpenStream, StandardOutput, find_descriptor
from domain.provisioners.credential import Ports
from domain.settings.devices import check_key_sources
from domain.settings.passwords import choose_password_file
from entrypoints.process import is_own
from entrypoints.wiring.authority import wire_authority
from entrypoints.wiring.late_adapters import LateIdentityProvider, LateMetadata

if TYPE_CHECKING:
    from adapters.jose.jwe import Opening
    from domain.keys.ports import Passwords
    from domain.ports import Configuration, InputFiles, Notices, Prompter, TokenSink
    from domain.provisioners.authority import ListingAuthority
    from domain.sign_in.ports import IdentityProvider
    from domain.token.options import TokenOptions

_A = TypeVar("_A", bound="ListingAuthority")


def wire_ports(
    options: TokenOptions, step_path: Configuration, begun: Opening | None = None
) -> Ports[ListingAuthority]:
    """Return the real adapters for a request.

    Args:
        begun: The opening of its key, where that has begun already.

    Raises:
        UsageError: an option is missing that this way of minting needs.
        InputError: ca.json or the root cannot be read.
    """
    notices = Stderr(sys.stderr)
    files = LocalFiles(notices.inform)
    check_key_sources(options)
    authority = wire_authority(options, step_path, files)
    provider = LateIdentityProvider(options, notices, os.environ)
    return assemble_ports(options, authority, files, Terminal(), notices, provider, begun)


def assemble_ports(
    options: TokenOptions,
    authority: _A,
    files: InputFiles,
    prompter: Prompter,
    notices: Notices,
    identity_provider: IdentityProvider,
    begun: Opening | None = None,
) -> Ports[_A]:
    """Return the real adapters for a request, with the given ones among them."""
    return Ports(
        clock=SystemClock(),
        randomness=SystemRandomness(),
        files=files,
        keys=LocalKeyStore(files, begun),
        certificates=CertificateReader(),
        passwords=wire_password_file(options, files) or TypedPassword(prompter),
        authority=authority,
        metadata=LateMetadata(os.environ),
        identity_provider=identity_provider,
        prompter=prompter,
        notices=notices,
        sink=_wire_sink(options.text("output-file"), options.flag("force")),
    )


def _wire_sink(path: str | None, replace: bool) -> TokenSink:
    if not path:
        return StandardOutput(is_last=is_own())
    descriptor = find_descriptor(path)
    if descriptor is not None:
        return OpenStream(path, descriptor, is_last=is_own())
    from adapters.output.token_file import TokenFile  # noqa: PLC0415

    return TokenFile(path, replace, is_last=is_own())


def wire_password_file(options: TokenOptions, files: InputFiles) -> Passwords | None:
    """Return the file that the password of the signing key stands in, None where none is named."""
    name = choose_password_file(options)
    path = "" if name is None else str(options.text(name))
    return None if name is None else FilePassword(files, path, options.show(name, path))
