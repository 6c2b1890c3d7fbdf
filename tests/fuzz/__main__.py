"""`make fuzz`: hostile inputs for everything that reads what comes from outside.

COUNT is how many inputs each target gets, TARGET names one or more, SEED makes the same inputs again.
"""

import argparse
import secrets
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.hunt import hunt
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS
from tests.support.peer_programs import REPOSITORY

NOTES = REPOSITORY / ".cache" / "fuzz"
"""Where the input that a target reads at the moment stands, and the last that it failed on."""


def main(words: Sequence[str]) -> int:
    """Fuzz, and return the exit status: 1 where an input does what none may."""
    parsed = _parse(words)
    start = secrets.randbits(32) if parsed.seed is None else parsed.seed
    warnings.simplefilter("error")
    NOTES.mkdir(parents=True, exist_ok=True)
    print(f"seed {start}: {parsed.count:,} inputs for each of {len(parsed.targets)} targets", flush=True)
    total, failed = 0, []
    for target in parsed.targets:
        note = NOTES / f"{target.name}.txt"
        try:
            tally = hunt(target, parsed.count, start, note)
        except Exception as error:  # noqa: BLE001  # the other targets have their turn
            failed.append(target.name)
            cause = f" ({error.__cause__!r:.300})" if error.__cause__ else ""
            print(f"{target.name:<16} FAILED: {error}{cause}\n    input: {_show(note)}", flush=True)
            continue
        total += tally.count
        print(
            f"{target.name:<16}{tally.count:>8,} inputs {tally.taken:>8,} taken {tally.refused:>8,} refused "
            f"{tally.seconds:>7.1f} s",
            flush=True,
        )
    print(f"{total:,} inputs in all, {len(failed)} targets failed; SEED={start} makes the same again")
    return 1 if failed else 0


def _show(note: Path) -> str:
    text = note.read_text("utf-8", "surrogateescape")
    return f"{text[:300]!a} ({len(text):,} characters, in {note})"


def _parse(words: Sequence[str]) -> argparse.Namespace:
    names = {target.name: target for target in TARGETS}
    parser = argparse.ArgumentParser("fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(names))
    parser.add_argument("--count", type=int, default=1_000, help="inputs for each target (1,000)")
    parser.add_argument("--seed", type=int, help="a number of an earlier run; without it another one each time")
    parsed = parser.parse_args(words)
    unknown = [name for name in parsed.targets if name not in names]
    if unknown or parsed.count < 1:
        parser.error(f"there is no target {', '.join(unknown)}" if unknown else "--count must be 1 or more")
    chosen: list[Target] = [names[name] for name in parsed.targets] or TARGETS
    parsed.targets = chosen
    return parsed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
