"""How many tokens a second `batch` makes, in turn with others that sign, as ratios within one run.

A command's rate is that of the lines by which a long run is longer than a short one: its start does not count.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.bench.place import Place
from tests.support.peer_programs import REPOSITORY, explain_absence, find_program

ROUNDS = 9
SHORT, LONG = 10_000, 60_000
"""Lines of the two runs that a command's rate is computed of."""

SIGNED = 10_000
"""Tokens that a library makes in one process."""

STEP_TOKENS = 200

LIBRARIES = ("PyJWT", "joserfc", "jwcrypto", "Authlib")

KINDS: Mapping[str, Callable[[int], str]] = {
    "plain": lambda number: f"host{number:07}.example.com",
    "subject": lambda number: f'{{"subject":"host{number:07}.example.com"}}',
    "members": lambda number: (
        f'{{"subject":"host{number:07}.example.com",'
        f'"sans":["host{number:07}.example.com","10.0.{number // 250 % 250}.{number % 250}"],"not_after":"10m"}}'
    ),
}
"""Lines as they may be: the subject alone, the same as an object, and with members that are judged anew each time."""


def measure_rates(place: Place) -> None:
    """Print how fast one worker is beside others, how fast all are beside one, and how long step takes in a loop."""
    _compare_libraries(place)
    _compare_kinds(place)
    _compare_workers(place)
    _compare_step(place)


def write_lines(place: Place, count: int, kind: str = "plain") -> Path:
    """Return a file with so many lines, made once."""
    path = place.folder / f"{kind}-{count}.txt"
    if not path.exists():
        write = KINDS[kind]
        with path.open("w") as file:
            file.writelines(f"{write(number)}\n" for number in range(count))
    return path


def batch_words(place: Place, lines: Path, workers: int) -> list[str]:
    """Return the words of a batch by a plaintext key, so that deriving one does not count."""
    return [*place.own, "batch", str(lines), *place.declared, "--workers", str(workers)]


def measure_rate(place: Place, workers: int, kind: str = "plain") -> float:
    """Return tokens a second of the command, its start left out."""
    short, long = (_time_batch(place, write_lines(place, count, kind), workers) for count in (SHORT, LONG))
    return (LONG - SHORT) / (long - short)


def _time_batch(place: Place, lines: Path, workers: int) -> float:
    """Return the seconds that a batch takes, its tokens written to a file."""
    with (place.folder / "tokens.ndjson").open("wb") as output:
        begin = time.perf_counter()
        words = batch_words(place, lines, workers)
        subprocess.run(words, env=place.bare_environment, check=True, stdout=output, stderr=subprocess.PIPE, cwd="/")
        return time.perf_counter() - begin


def measure_signer(place: Place, library: str, count: int) -> float:
    """Return tokens a second of a library, in a process that does nothing else."""
    program = REPOSITORY / "tests" / "bench" / "signers.py"
    words = [place.python, str(program), library, str(count), str(place.folder / "key.pem")]
    done = subprocess.run(words, env=place.environment, check=True, capture_output=True, text=True)
    return count / float(done.stdout)


def _compare_libraries(place: Place) -> None:
    """Print one worker's rate beside the bare signature and beside libraries, each measured next to it."""
    ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in ("bare", *LIBRARIES)}
    for _ in range(ROUNDS):
        before = measure_signer(place, "bare", LONG - SHORT)
        own = measure_rate(place, 1)
        after = measure_signer(place, "bare", LONG - SHORT)
        ratios["bare"].append((own, (before + after) / 2))
        for name in LIBRARIES:
            ratios[name].append((own, measure_signer(place, name, SIGNED)))
    print(f"\n{'one worker, subjects alone':<44} {'ours 1/s':>8} {'peer 1/s':>8} {'ratio':>6}   ({ROUNDS} rounds)")
    for name, pairs in ratios.items():
        print_row("bare ES256 signature of cryptography" if name == "bare" else name, pairs)


def _compare_kinds(place: Place) -> None:
    """Print how much slower lines are that say more."""
    names = {"subject": "objects with a subject alone", "members": "objects with sans and not_after"}
    rounds = [{kind: measure_rate(place, 1, kind) for kind in KINDS} for _ in range(ROUNDS // 2 + 1)]
    print(f"\n{'one worker, by kind of line':<44} {'1/s':>8} {'plain':>8} {'ratio':>6}   ({len(rounds)} rounds)")
    for kind, name in names.items():
        print_row(name, [(rates[kind], rates["plain"]) for rates in rounds])


def _compare_workers(place: Place) -> None:
    """Print how much faster as many workers as there are cores are than one; 0.9 a worker is what is aimed at.

    The best of all rounds counts, not the median: whatever else runs on the machine takes cores from many workers
    and leaves one alone, so that a pair is no fair one.
    """
    count = len(os.sched_getaffinity(0))
    rounds = [(measure_rate(place, count), measure_rate(place, 1)) for _ in range(ROUNDS)]
    print(f"\n{'workers':<44} {'many 1/s':>8} {'one 1/s':>8} {'ratio':>6}   (the best of {ROUNDS} rounds)")
    many, one = (max(rates) for rates in zip(*rounds, strict=True))
    print_row(f"{count} of them", [(many, one)])


def _compare_step(place: Place) -> None:
    """Print how long a shell loop over step takes, and a batch of the same subjects."""
    step = find_program("step")
    if step is None:
        print(f"bench: {explain_absence('step')}")
        return
    lines = write_lines(place, STEP_TOKENS)
    loop = f'while read -r name; do "$@" "$name" > /dev/null; done < {lines}'
    looped = _time_loop(["sh", "-c", loop, "sh", step, "ca", "token", *place.declared], place)
    print(f"\n{f'{STEP_TOKENS} tokens by a plaintext key':<44} {'seconds':>8}")
    print(f"{'step ca token --offline in a shell loop':<44} {looped:8.2f}")
    print(f"{'batch':<44} {_time_batch(place, lines, len(os.sched_getaffinity(0))):8.2f}", flush=True)


def _time_loop(words: Sequence[str], place: Place) -> float:
    begin = time.perf_counter()
    subprocess.run(words, env=place.bare_environment, check=True, capture_output=True)
    return time.perf_counter() - begin


def print_row(name: str, pairs: Sequence[tuple[float, float]]) -> None:
    """Print the medians of both sides, and of their ratios."""
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"{name:<44} {ours:8,.0f} {theirs:8,.0f} {ratio:6.2f}", flush=True)
