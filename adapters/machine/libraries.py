"""The libraries that are installed beside this program."""

from importlib.metadata import PackageNotFoundError, version

from adapters.process.extras import tell_how_to_upgrade


class InstalledLibraries:
    """What the metadata of installed distributions says (see `domain.doctor.ports.Libraries`)."""

    def find_version(self, name: str) -> str | None:
        try:
            return str(version(name) or "") or None  # metadata may have no version
        except (PackageNotFoundError, KeyError, OSError, UnicodeDecodeError):
            return None

    def tell_how_to_upgrade(self, name: str) -> str:
        return tell_how_to_upgrade(name)
