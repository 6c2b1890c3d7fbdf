"""What the constructor of an issuer is given, as the options of the command line that say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from step_ott.arguments import check_text, refuse_type
from step_ott.keys import take_key
from step_ott.ports import GivenFiles, GivenPassword
from step_ott.wording import NAMES, setting_of, speaking_python

if TYPE_CHECKING:
    from domain.keys.ports import Signer as OpenedKey
    from domain.settings.setting import Setting
    from step_ott.arguments import Password


class Given:
    """The arguments of one constructor; each is checked when it is added.

    Attributes:
        files: Where the files are that the settings name.
        settings: By option.
        own_key: The key that signs, None for that in a file or at the CA.
        password: Of the key.

    Raises:
        UsageError: the password is of the wrong type; so do the methods for what they add.
    """

    @speaking_python()
    def __init__(self, password: Password | None = None) -> None:
        self.files = GivenFiles()
        self.settings: dict[str, Setting] = {}
        self.own_key: OpenedKey | None = None
        self.password = GivenPassword(password)

    @speaking_python()
    def add_text(self, option: str, value: object) -> None:
        """Add a text, or nothing for None."""
        if value is not None:
            self.settings[option] = setting_of(option, check_text(value, NAMES[option]))

    @speaking_python()
    def add_file(self, option: str, source: object) -> None:
        """Add a file, by its path or content."""
        self.settings[option] = setting_of(option, self.files.add(source, NAMES[option]))

    @speaking_python()
    def add_files(self, option: str, sources: object) -> None:
        """Add any number of files."""
        if not isinstance(sources, list | tuple):
            raise refuse_type(sources, NAMES[option], "give a list of paths, or of contents as bytes")
        if sources:
            paths = tuple(self.files.add(source, NAMES[option]) for source in sources)
            self.settings[option] = setting_of(option, paths)

    @speaking_python()
    def add_key(self, option: str, key: object) -> None:
        """Add a private key (see `step_ott.keys.Key`)."""
        shown, self.own_key = take_key(self.files, key)
        self.settings[option] = setting_of(option, shown)
