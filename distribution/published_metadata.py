"""What setup.cfg and the README say, as it holds in the one package and far from the checkout."""

import configparser
import re
from collections.abc import Iterator, Mapping

from own_imports import OWN, PACKAGE, LayoutError

SOURCE = "Source"
"""The label in `project_urls` of the repository that the README's links are made absolute by."""

_LINK = re.compile(r"\[(?P<text>[^\]\[]+)\]\((?P<target>(?![a-z][a-z0-9+.-]*:|#)[^)\s]+)\)")
_REFERENCE = re.compile(rf"(?:{OWN})(?=[.:]|$)")
_LEFT = re.compile(rf"(?<![\w./-])(?:{OWN})[.:]")


def read_configuration(text: str) -> configparser.ConfigParser:
    """Return what setup.cfg says; names keep their case."""
    configuration = configparser.ConfigParser(interpolation=None)
    configuration.optionxform = str  # type: ignore[assignment,method-assign]  # which would be lower case
    configuration.read_string(text)
    return configuration


def move_references(configuration: configparser.ConfigParser) -> None:
    """Change what setup.cfg says of packages to what holds in the one package.

    Raises:
        LayoutError: it names a module of ours where that is not known.
    """
    metadata = configuration["metadata"]
    kind, colon, attribute = metadata["version"].partition(":")
    metadata["version"] = f"{kind}{colon} {_move(attribute.strip())}"
    points = configuration["options.entry_points"]
    for group, value in points.items():
        lines = [line.partition("=") for line in value.splitlines() if line.strip()]
        points[group] = "".join(f"\n{name.strip()} = {_move(target.strip())}" for name, _, target in lines)
    configuration["options.packages.find"]["include"] = f"{PACKAGE}*"
    configuration["options.package_data"] = {PACKAGE: "py.typed"}
    for section in configuration:
        if section == "metadata" or section.startswith("options"):
            for option, value in configuration[section].items():
                if _LEFT.search(value):
                    raise LayoutError(
                        f"setup.cfg, {option} in [{section}]: it is not known how to move {value.strip()!r}"
                    )


def _move(reference: str) -> str:
    """Return a module, or what is in it, as it is called in the one package."""
    return f"{PACKAGE}.{reference}" if _REFERENCE.match(reference) else reference


def make_links_absolute(page: str, source: str, version: str) -> str:
    """Return a page of the repository for a reader who is not in it.

    Args:
        page: Markdown, whose relative links are from the root of the repository.
        source: Address of the repository, in whose web pages a file is at `/blob/TAG/PATH`; "" where it is not known:
            then a link becomes its text, with the file's name.
        version: The version, of which the tag is named: `v1.2.3`.
    """

    def replace(link: re.Match[str]) -> str:
        text, target = link["text"], link["target"]
        if source:
            return f"[{text}]({source.rstrip('/')}/blob/v{version}/{target})"
        path = target.partition("#")[0]
        return text if path in text else f"{text} ({path})"

    return _LINK.sub(replace, page)


def find_source(metadata: Mapping[str, str]) -> str:
    """Return the address of the repository in the section `metadata` of setup.cfg, "" where there is none."""
    for name, address in _list_addresses(metadata):
        if name == SOURCE:
            return address
    return ""


def _list_addresses(metadata: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for line in metadata.get("project_urls", "").splitlines():
        name, _, address = line.partition("=")
        yield name.strip(), address.strip()
