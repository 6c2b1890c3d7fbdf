"""A head start for tokens whose key a password opens: deriving it takes longest, and so begins before all else loads.

It is guessed which key of ca.json that will be. Nothing rests on the guess: the request is judged, and the key chosen,
as if there were none, and whoever then opens another key, or by another password, begins anew.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from domain.errors import StepOttError
from domain.formats import json_text
from domain.provisioners.types import TYPES
from domain.settings.passwords import PASSWORD_FILES
from domain.settings.setting import drop_absent
from entrypoints.process import is_own

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapters.jose.jwe import Opening
    from adapters.machine.step_path import StepPath
    from domain.settings.setting import Settings

MAX_CONFIG_BYTES = 1 << 20
"""A larger ca.json takes longer to read than there is to gain."""


def begin_opening_key(settings: Settings, step_path: StepPath) -> Opening | None:
    """Begin to open the key that the settings of `token` probably mean, and return that; None where it is not clear.

    Nobody is asked or waited for, and no error is told: whoever comes the usual way meets it again. A process that
    does not end with the command gets no thread, which would meet the end of the interpreter.
    """
    given = {name: str(setting.value) for name, setting in drop_absent(settings).items()}
    password_file = next((given[name] for name in PASSWORD_FILES if name in given), None)
    if password_file is None or "offline" not in given or not is_own() or _wants_another_key(given):
        return None
    from adapters.keys.passwords import FilePassword  # noqa: PLC0415  # where there is something to gain
    from adapters.machine.input_files import RegularFiles  # noqa: PLC0415

    files = RegularFiles()
    with suppress(StepOttError, ValueError):
        path = given.get("ca-config") or step_path.default_ca_config()
        config = json_text.parse_document(files.read(path, MAX_CONFIG_BYTES))
        envelopes = list(_list_envelopes(config, given.get("provisioner"), given.get("kid")))
        if len(envelopes) == 1:
            (password,) = FilePassword(files, password_file, password_file).candidates("")
            from adapters.jose.jwe import Opening  # noqa: PLC0415  # slow to load

            return Opening(envelopes[0], password)
    return None


def _wants_another_key(given: dict[str, str]) -> bool:
    """Return whether the options name a key, or a type of provisioner that has another."""
    return "renew" in given or any(not own.isdisjoint(given) for own, _ in TYPES.values())


def _list_envelopes(config: Any, name: str | None, kid: str | None) -> Iterator[str]:
    """Give the encrypted keys of those JWK provisioners in ca.json that have this name and key identifier."""
    authority = config.get("authority") if isinstance(config, dict) else None
    entries = authority.get("provisioners") if isinstance(authority, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("encryptedKey"), str) and name in (None, entry.get("name")):
            key = entry.get("key")
            if kid is None or (isinstance(key, dict) and key.get("kid") == kid):
                yield entry["encryptedKey"]
