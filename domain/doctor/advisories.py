"""Published advisories of the libraries that handle keys and connections, and what an installation has of them."""

import re
from collections.abc import Iterator, Mapping, Sequence

import attrs

from domain.doctor.diagnosis import LIBRARIES
from domain.report.check_result import CheckResult, passed, unchecked, warning

KNOWN_UNTIL = "2026-11-28"
"""The day up to which `ADVISORIES` was looked up; older entries than those of the lowest versions are left out."""

_RELEASE = re.compile(r"(\d{1,9}(?:\.\d{1,9}){0,5})(?P<pre>(?:a|b|rc|\.dev)\d+)?(?:\.post\d+)?(?:\+[\w.]+)?")
"""A version as far as it is compared here (PEP 440, in its normal form, without epochs)."""

Release = tuple[int, ...]


@attrs.frozen(eq=False, repr=False)
class Advisory:
    """A published fault of a library.

    Attributes:
        identifier: Its CVE, or its GHSA where it has none of its own.
        fixed_in: The first version without it.
        since: The first version with it, "0" where it is in all before.
    """

    identifier: str
    fixed_in: str
    since: str = "0"

    def concerns(self, release: Release) -> bool:
        """Return whether that version has the fault."""
        return _read_release(self.since) <= release < _read_release(self.fixed_in)


ADVISORIES: Mapping[str, Sequence[Advisory]] = {
    "cryptography": (
        Advisory("CVE-2023-49083", "41.0.6"),
        Advisory("CVE-2024-26130", "42.0.4"),
        Advisory("GHSA-h4gh-qq45-vh27", "43.0.1"),
        Advisory("CVE-2024-12797", "44.0.1", since="42.0.0"),
        Advisory("CVE-2026-26007", "46.0.5"),
        Advisory("CVE-2026-34073", "46.0.6"),
        Advisory("CVE-2026-39892", "46.0.7", since="45.0.0"),
        Advisory("GHSA-537c-gmf6-5ccf", "48.0.1"),
        Advisory("CVE-2026-69248", "49.0.0", since="45.0.0"),
        Advisory("CVE-2026-69249", "49.0.0", since="42.0.0"),
        Advisory("CVE-2026-69247", "50.0.0", since="44.0.0"),
    ),
    "urllib3": (
        Advisory("CVE-2023-43804", "2.0.6"),
        Advisory("CVE-2023-45803", "2.0.7"),
        Advisory("CVE-2024-37891", "2.2.2"),
        Advisory("CVE-2025-50181", "2.5.0"),
        Advisory("CVE-2025-50182", "2.5.0", since="2.2.0"),
        Advisory("CVE-2025-66418", "2.6.0"),
        Advisory("CVE-2025-66471", "2.6.0"),
        Advisory("CVE-2026-21441", "2.6.3"),
        Advisory("CVE-2026-44431", "2.7.0"),
        Advisory("CVE-2026-44432", "2.7.0", since="2.6.0"),
        Advisory("CVE-2026-97687", "2.8.0"),
        Advisory("CVE-2026-97688", "2.8.0"),
        Advisory("CVE-2026-97689", "2.8.0"),
    ),
}
"""By distribution: the advisories of its maintainers, as the GitHub Advisory Database has them."""


def judge_libraries(versions: Mapping[str, str | None], how_to_upgrade: Mapping[str, str]) -> Iterator[CheckResult]:
    """Give a warning for each library with an advisory, and one finding for those without.

    Args:
        versions: What is installed of each library in `ADVISORIES`, None where nothing says.
        how_to_upgrade: The command that upgrades it, for each.
    """
    sound = []
    for name, version in versions.items():
        release = None if version is None else _find_release(version)
        if release is None:
            said = "says no version" if version is None else f"has a version that cannot be compared, {version[:50]!r}"
            yield unchecked(LIBRARIES, f"{name} {said}")
        elif found := [one for one in ADVISORIES[name] if one.concerns(release)]:
            target = _find_sound(ADVISORIES[name], release)
            yield _warn(f"{name} {version}", found, f"upgrade it to {target} or later by: {how_to_upgrade[name]}")
        else:
            sound.append(f"{name} {version}")
    if sound:
        yield passed(LIBRARIES, f"{', '.join(sound)}: no advisory published up to {KNOWN_UNTIL}")


def _warn(shown: str, found: Sequence[Advisory], remedy: str) -> CheckResult:
    """Return what is to be said of a library with advisories."""
    plural = "y" if len(found) == 1 else "ies"
    named = ", ".join(f"{one.identifier} (fixed in {one.fixed_in})" for one in found)
    reason = f"{shown} has {len(found)} published advisor{plural}: {named}"
    return warning(LIBRARIES, reason, f"{remedy}; an operating system may have patched its own")


def _find_sound(advisories: Sequence[Advisory], release: Release) -> str:
    """Return the first version after `release` that has none of the advisories."""
    fixed = [(_read_release(one.fixed_in), one.fixed_in) for one in advisories]
    return min(
        (number, text)
        for number, text in fixed
        if number > release and not any(one.concerns(number) for one in advisories)
    )[1]


def _find_release(version: str) -> Release | None:
    """Return the numbers of a version, None where it is not known how it compares."""
    match = _RELEASE.fullmatch(version)
    return None if match is None else _read_release(match[1], is_early=match["pre"] is not None)


def _read_release(text: str, is_early: bool = False) -> Release:
    """Return six numbers of a release and a seventh, by which what comes out early is before it: 2.8 is 2.8.0."""
    numbers = tuple(map(int, text.split(".")))
    return (*numbers, *(0,) * (6 - len(numbers)), -1 if is_early else 0)
