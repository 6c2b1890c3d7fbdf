"""What the user asks `ca certificate` and `ca sign` for, judged before any file or network counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from domain.enroll.key_kind import KeyKind, read_key_kind
from domain.enroll.request import CertificateTerms
from domain.errors import UsageError
from domain.formats.moment import Moment, parse_moment
from domain.keys.source import DeviceKey
from domain.mint.judge_options import ANY_SUBJECT, INPUT_FILES, read_token_options
from domain.settings.authority import check_texts, judge_standard_input, list_texts, parse_option
from domain.settings.devices import KEYS, is_device_uri, key_source
from domain.settings.setting import Origin, Setting, Settings, counts, drop_absent, exclude
from domain.token.options import TokenOptions
from domain.token.user_data import parse_assignment

if TYPE_CHECKING:
    from collections.abc import Mapping

OF_AUTHORITY = frozenset({"ca-url", "root", "context", "request-timeout", "timeout"})
"""Options that say which CA is asked."""

OF_REQUEST = frozenset({"not-before", "not-after", "set", "set-file", "force", "token", "password-file", "san"})
OF_KEY = frozenset({"kty", "curve", "size"})
"""Options that go with any token, with those of the request that is made by it."""

_NEW_KEY = "the key"


@attrs.frozen(kw_only=True, eq=False, repr=False)
class CertificateOptions:
    """One request for a certificate, as the user's settings describe it.

    Attributes:
        minting: How its token is minted, and which CA is asked.
        token: The token, or where it is; None where one is minted.
        key_kind: What key it is for.
        device_key: The key in a device that it is for, None for a new one.
        encrypts_key: Whether the new key is encrypted by the password in --password-file.
        terms: What else is asked for, but for what stands in files that are not read yet.
        settings: All of them.
    """

    minting: TokenOptions
    token: str | None
    key_kind: KeyKind
    device_key: DeviceKey | None
    encrypts_key: bool
    terms: CertificateTerms
    settings: Settings


def read_certificate_options(
    subject: str | None, settings: Settings, now: int, key: str = "", others: Mapping[str, str] | None = None
) -> CertificateOptions:
    """Return the request that the settings describe.

    Args:
        subject: None where a CSR has it.
        settings: Those of the command's options.
        now: Nanoseconds since the epoch, UTC.
        key: Where the key is to go, or the URI of the one in a device.
        others: Positional words that name files to read, each with what it is called.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    _judge_inputs(given, others or {})
    data = dict(parse_assignment(text, given["set"].spelled) for text in list_texts(given, "set"))
    is_device = is_device_uri(key)
    kind = read_key_kind(given)
    if is_device:
        _judge_device(given)
    return CertificateOptions(
        minting=_read_minting(subject, given, now, is_device=is_device),
        token=str(given["token"].value) if "token" in given else None,
        key_kind=kind,
        device_key=_find_device_key(key, given, now) if is_device else None,
        encrypts_key=_encrypts(given),
        terms=CertificateTerms(
            not_before=_read_moment(given, "not-before"), not_after=_read_moment(given, "not-after"), template_data=data
        ),
        settings=given,
    )


def _read_minting(subject: str | None, given: Settings, now: int, *, is_device: bool) -> TokenOptions:
    """Return how the token is minted; of a token that is given there are but the subject and the CA."""
    if "token" in given:
        for name in given:
            if (
                name not in OF_AUTHORITY | OF_REQUEST | OF_KEY
                and counts(given, name)
                and not _is_keys_own(name, is_device)
            ):
                raise exclude("token", name, given)
        about = {name: given[name] for name in given.keys() & OF_AUTHORITY}
        return _name(read_token_options(ANY_SUBJECT if subject is None else subject, about, now), given)
    dropped = OF_KEY | OF_REQUEST - {"password-file"}
    if _encrypts(given):
        dropped |= {"password-file"}
    if is_device and not any(name in given for name in KEYS):
        dropped |= {"kms"}
    minting = {name: setting for name, setting in given.items() if name not in dropped}
    return _name(read_token_options(ANY_SUBJECT if subject is None else subject, minting, now), given)


def _name(options: TokenOptions, given: Settings) -> TokenOptions:
    """Return the options with the names of --san, which go into the request where tokens of others have none."""
    check_texts({name: given[name] for name in given.keys() & {"san"}})
    return attrs.evolve(options, request=attrs.evolve(options.request, sans=list_texts(given, "san")))


def _is_keys_own(name: str, is_device: bool) -> bool:
    return is_device and name == "kms"


def _encrypts(given: Settings) -> bool:
    """Return whether --password-file is for the new key: on the command line, beside what opens the provisioner's."""
    has_other = "token" in given or counts(given, "provisioner-password-file")
    return "password-file" in given and given["password-file"].origin >= Origin.FLAG and has_other


def _judge_inputs(given: Settings, others: Mapping[str, str]) -> None:
    """Check that at most one of all files to read is standard input."""
    words = {f" {number}": Setting(path, Origin.FLAG, name) for number, (name, path) in enumerate(others.items())}
    judge_standard_input({**given, **words}, (*INPUT_FILES, "token", *words))


def _judge_device(given: Settings) -> None:
    for name in sorted(OF_KEY):
        if name in given:
            raise UsageError(f"{given[name].spelled} is for a new key, and the key is in a device", "leave it out")
    if _encrypts(given):
        what = f"{given['password-file'].spelled} is for a new key, and the key is in a device"
        raise UsageError(what, "leave it out; write pin-source with a file into the key's URI")


def _find_device_key(key: str, given: Settings, now: int) -> DeviceKey | None:
    """Return the key that a URI in the place of a file means, by what --kms says of its module and token."""
    named = {_NEW_KEY: Setting(key, Origin.FLAG, _NEW_KEY), **{name: given[name] for name in given.keys() & {"kms"}}}
    options = attrs.evolve(read_token_options(ANY_SUBJECT, {}, now), settings=named)
    source = key_source(options, _NEW_KEY)
    return source if isinstance(source, DeviceKey) else None


def _read_moment(given: Settings, name: str) -> Moment | None:
    return parse_option(given, name, lambda text: parse_moment(text, given[name].spelled))
