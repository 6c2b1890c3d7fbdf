"""A CA as its own configuration describes it: ca.json in place of a running CA."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from domain.errors import InputError, naming
from step_ott.any_ca import REQUEST_TIMEOUT, TIMEOUT, AnyCA
from step_ott.ca_arguments import check_environment, keep_used, read_bounds, read_url, split_roots
from step_ott.json_values import write_object
from step_ott.ports import GivenFiles
from step_ott.wording import speaking_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain.provisioners.authority import PublishedAuthority
    from step_ott.arguments import Source


class OfflineCA(AnyCA):
    """A CA as its ca.json describes it: it need not run, and no socket is opened.

    The configuration is read once. Of the CA's private keys none is opened, nor is its database.

    Args:
        config: Its ca.json: a path, the content as bytes, or a mapping as `json.load` returns it. Paths in it are
            taken as they are: relative ones count from the working folder.
        url: Its address, where that is not the first of its `dnsNames`.
        root: Its root certificate (see `CA`), where that is not the one that the configuration names.
        environ: What names clouds' metadata services, for `CloudIssuer`; None for where the clouds have them.
            Nothing else of it is kept but what names a proxy.

    Raises:
        UsageError: an argument is none of these.
        InputError: the configuration cannot be read, or is not that of a step-ca.
    """

    def __init__(
        self,
        config: Source | Mapping[str, Any],
        *,
        url: str | None = None,
        root: Source | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        from adapters.ca.ca_json import CaJson, read_ca_config
        from adapters.ca.root_file import RootFile

        with speaking_python():
            self.environ = keep_used(check_environment(environ))
            self.bounds = read_bounds(TIMEOUT, REQUEST_TIMEOUT)
            address = None if url is None else read_url(url)
            files = GivenFiles()
            path, shown = _add_config(files, config)
            given = None
            if root is not None:
                root_path = files.add(root, "root")
                given = RootFile(files, root_path, f"root={root_path}")
                given.certificates()
            with naming(shown, path):
                read = read_ca_config(files, path)
            self._authority = CaJson(files, shown, read, ca_url=address, given=given)
            self._url = str(self._authority.url())

    @property
    def url(self) -> str:
        """Its address, such as "https://ca.example.com"."""
        return self._url

    def roots(self) -> list[str]:
        """Return its root certificates: the PEM of each.

        Raises:
            InputError: they cannot be read.
        """
        with speaking_python():
            try:
                return split_roots([bytes(root) for root in self._authority.settings().roots])
            except ValueError as error:
                raise InputError(f"a root of the CA cannot be read: {error}", "get it again from the CA") from None

    @contextmanager
    def asking(self) -> Iterator[PublishedAuthority]:
        """Give what answers for the CA."""
        yield self._authority


def _add_config(files: GivenFiles, config: object) -> tuple[str, str]:
    """Return what the configuration is called, and how it is named in errors."""
    from adapters.ca.ca_json import MAX_CONFIG_BYTES

    if not isinstance(config, Mapping):
        path = files.add(config, "config")
        return path, f"config={path}"
    return files.put("config=", write_object(config, "config", MAX_CONFIG_BYTES)), "config="
