"""`step-ott token`: a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapters.machine.clock import SystemClock
from domain.errors import UsageError
from domain.settings.setting import naming_sources
from entrypoints.command_line.options import TOKEN_OPTIONS
from entrypoints.wiring.head_start import begin_opening_key
from entrypoints.wiring.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain.settings.setting import Settings
    from domain.token.options import TokenOptions


def run(positional: Sequence[str], flags: Settings) -> int:
    """Mint a token and deliver it; most of what that takes is loaded once the opening of its key has begun."""
    if len(positional) > 1:
        raise UsageError(
            f"there is more than one subject: {', '.join(map(repr, positional))}", "give one; names go to --san"
        )
    subject = positional[0] if positional else None
    now = SystemClock().now()

    def read(given: Settings) -> TokenOptions:
        from domain.mint.judge_options import read_token_options  # noqa: PLC0415

        return read_token_options(_name_subject(subject, given), given, now)

    settings, step_path = read_settings(TOKEN_OPTIONS, flags, read)
    begun = begin_opening_key(settings, step_path)
    options = read(settings)
    from entrypoints.use_cases.mint import mint_token  # noqa: PLC0415
    from entrypoints.wiring.token import wire_ports  # noqa: PLC0415

    with naming_sources(settings):
        mint_token(options, wire_ports(options, step_path, begun))
    return 0


def _name_subject(subject: str | None, given: Settings) -> str | None:
    """Return the subject; where a certificate is revoked that a file has, its serial number."""
    if not subject or not _is_on(given, "revoke"):
        return subject
    from entrypoints.use_cases.serial_number import find_serial, may_be_file  # noqa: PLC0415  # for these alone

    if not may_be_file(subject):
        return subject
    from adapters.certificates.reader import CertificateReader  # noqa: PLC0415
    from entrypoints.wiring.settings import wire_files  # noqa: PLC0415

    return find_serial(subject, wire_files(), CertificateReader(), is_ssh=_is_on(given, "ssh"))


def _is_on(given: Settings, switch: str) -> bool:
    return switch in given and given[switch].value is True
