"""Keys in devices, as `--kms`, `--key` and `--x5c-key` name them (step CLI, internal/cryptoutil)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain.errors import MissingSettingError, UsageError
from domain.keys.source import DeviceKey, KeyFile
from domain.settings.setting import Origin, counts, spell

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from domain.keys.jwk import PublicJwk
    from domain.keys.pkcs11_uri import Pkcs11Uri
    from domain.settings.authority import AuthorityOptions
    from domain.settings.setting import Settings

KEYS = ("key", "x5c-key")
"""The options that take the URI of a key in a device."""

_KMS_URI = re.compile(
    "(awskms|azurekms|capi|cloudkms|kms|mackms|pkcs11|softkms|sshagentkms|tpmkms|yubikey):", re.IGNORECASE
)
"""What step takes for the URI of a KMS (go.step.sm/crypto, kms/apiv1)."""


def is_device_uri(text: str) -> bool:
    """Return whether an option's value is the URI of a KMS and not a file's path."""
    return _KMS_URI.match(text) is not None


def judge_devices(given: Settings, files: Iterable[str]) -> None:
    """Check that `--kms`, the keys and the other options in `files`, which name a file each, go together.

    Raises:
        UsageError: naming the options; never with a PIN.
    """
    for name in sorted(files):
        if name in given and name not in KEYS and any(is_device_uri(str(value)) for value in given[name].values()):
            raise UsageError(
                f"{spell(given, name)} takes a file, not a key in a device",
                f"only {' and '.join(f'--{key}' for key in KEYS)} take the URI of a key",
            )
    keys = [name for name in KEYS if name in given]
    if counts(given, "kms"):
        _parse(given, "kms")
        _judge_kms(given, keys)
    for name in keys:
        if is_device_uri(_text(given, name)):
            _merge(given, name)


def key_source(options: AuthorityOptions, name: str, published: PublicJwk | None = None) -> KeyFile | DeviceKey:
    """Return where the private key is that the option `name` gives.

    Args:
        published: The public half that the key should have, None where it is not known.

    Raises:
        UsageError: no setting says on which token it is.
    """
    text = _text(options.settings, name)
    if not is_device_uri(text):
        return KeyFile(text, options.show(name, text))
    uri = _merge(options.settings, name)
    if not uri.names_token():
        whose = options.spell(name)
        raise UsageError(f"{whose} names no token", "add token, serial or slot-id to its URI, or to --kms")
    return DeviceKey(uri, f"{options.spell(name)} {uri.shown()}", published)


def check_key_sources(options: AuthorityOptions) -> None:
    """Check that the keys can be looked for, now that configuration has had its say.

    Raises:
        UsageError: no setting says on which token a key is.
    """
    for name in KEYS:
        if name in options.settings:
            key_source(options, name)


def list_device_cautions(options: AuthorityOptions) -> Iterator[str]:
    """Give what the user should know of a PIN on the command line."""
    for name in ("kms", *KEYS):
        setting = options.settings.get(name)
        if setting is None or setting.origin is not Origin.FLAG or not is_device_uri(_text(options.settings, name)):
            continue
        if _parse(options.settings, name).pin_value is not None:
            yield f"the PIN in {setting.spelled} is visible in the list of processes; put it into a file for pin-source"


def list_pin_files(options: AuthorityOptions) -> list[str]:
    """Return the files that the URIs take a PIN from."""
    return [path for uri in _list_uris(options) if (path := pin_path(uri)) is not None]


def pin_path(uri: Pkcs11Uri) -> str | None:
    """Return the path of the file with the PIN, None where it names none.

    `pin-source` is a path or a `file:` URI, whose percent-encoding is undone already (RFC 7512, 2.4).
    """
    source = uri.pin_source
    if source is None or not source.lower().startswith("file:"):
        return source
    path = source[5:]
    return path.removeprefix("//localhost").removeprefix("//") if path.startswith("//") else path


def uses_device(options: AuthorityOptions) -> bool:
    """Return whether a key in a device signs."""
    return any(name in options.settings and is_device_uri(_text(options.settings, name)) for name in KEYS)


def max_sessions(options: AuthorityOptions) -> int | None:
    """Return how many sessions with the device that signs may be open at once, None where nothing says that."""
    return next((uri.max_sessions for uri in _list_uris(options)), None)


def _list_uris(options: AuthorityOptions) -> list[Pkcs11Uri]:
    names = [name for name in KEYS if name in options.settings and is_device_uri(_text(options.settings, name))]
    return [_merge(options.settings, name) for name in names]


def _judge_kms(given: Settings, keys: list[str]) -> None:
    """Check that `--kms` has a key to find."""
    kms = spell(given, "kms")
    if not keys:
        raise MissingSettingError(f"{kms} needs --key or --x5c-key", f"add the URI of the key, or leave {kms} out")
    for name in keys:
        if not is_device_uri(_text(given, name)):
            raise UsageError(
                f"{kms} is given, but {spell(given, name)} names a file",
                f"write 'pkcs11:object=…' or 'pkcs11:id=…', or leave {kms} out",
            )


def _merge(given: Settings, name: str) -> Pkcs11Uri:
    """Return what `--kms` and the key's own URI say together, complete and checked."""
    from domain.keys.pkcs11_uri import merge_pkcs11_uris  # noqa: PLC0415  # only for keys in devices

    uri, spelled = _parse(given, name), spell(given, name)
    if not uri.names_key():
        raise UsageError(f"{spelled} names no key", "add object or id to its URI")
    if "kms" in given:
        try:
            uri = merge_pkcs11_uris(_parse(given, "kms"), uri)
        except ValueError as error:
            raise UsageError(f"{spell(given, 'kms')} and {spelled} do not go together: {error}") from None
    _check_pin_source(uri, spelled)
    return uri


def _check_pin_source(uri: Pkcs11Uri, spelled: str) -> None:
    path = pin_path(uri)
    if path is not None and (path in ("", "-") or path.startswith("|")):
        raise UsageError(f"pin-source of {spelled} is not a file", "name the file that holds the PIN")


def _parse(given: Settings, name: str) -> Pkcs11Uri:
    from domain.keys.pkcs11_uri import SCHEME, is_pkcs11, parse_pkcs11_uri  # noqa: PLC0415  # only for keys in devices

    text, spelled = _text(given, name), spell(given, name)
    if not is_pkcs11(text):
        kind = _KMS_URI.match(text)
        asked = f"of type {kind[1].lower()}" if kind else "that is not known"
        raise UsageError(f"{spelled} names a KMS {asked}", f"step-ott has {SCHEME}, as in {SCHEME}:token=…;object=…")
    try:
        return parse_pkcs11_uri(text)
    except ValueError as error:
        raise UsageError(f"{spelled} is not a PKCS#11 URI that can be used: {error}") from None


def _text(given: Settings, name: str) -> str:
    value = given[name].value
    return value if isinstance(value, str) else ""
