"""How many tokens a second a program makes that imports step_ott, in turn with others, as ratios within one run."""

from collections.abc import Mapping, Sequence

from tests.bench.batch import LIBRARIES, SIGNED, measure_signer, print_row
from tests.bench.place import Place
from tests.bench.start import time_run
from tests.support.peer_programs import explain_absence, find_program

ROUNDS = 9
_TITLE = (
    f"\n{'issuer.token(…), one thread, key open':<44} {'ours 1/s':>8} {'peer 1/s':>8} {'ratio':>6}   ({ROUNDS} rounds)"
)

BESIDE_BARE = {
    "step_ott": "bare ES256 signature of cryptography",
    "step_ott-sans": "the same, ours with two names in sans",
    "step_ott-window": "the same, ours with not_after",
    "step_ott-both": "the same, ours with sans and not_after",
}
"""What is asked of the issuer, next to the bare signature, and how that is called."""

STEP_COUNT = 10
"""Runs of step in a round."""

IMPORTS = ("step_ott", "step_ott; step_ott.CA")
"""What a program loads that has the package, and one that goes on to its first class."""


def measure_library(place: Place) -> None:
    """Print how fast an issuer is whose key is open, beside others, and how long the package takes to load."""
    _compare_signers(place)
    _compare_step(place)
    _compare_imports(place)


def _compare_signers(place: Place) -> None:
    """Print the issuer's rate beside the bare signature and beside libraries, each measured next to it."""
    pairs: dict[str, list[tuple[float, float]]] = {name: [] for name in (*BESIDE_BARE.values(), *LIBRARIES)}
    for _ in range(ROUNDS):
        before = measure_signer(place, "bare", SIGNED)
        for library, name in BESIDE_BARE.items():
            own, after = (measure_signer(place, one, SIGNED) for one in (library, "bare"))
            pairs[name].append((own, (before + after) / 2))
            before = after
        for name in LIBRARIES:
            pairs[name].append((pairs[BESIDE_BARE["step_ott"]][-1][0], measure_signer(place, name, SIGNED)))
    print(_TITLE)
    for name, rates in pairs.items():
        print_row(name, rates)


def _compare_step(place: Place) -> None:
    """Print the issuer's rate beside a program that runs step for each token, by either key."""
    step = find_program("step")
    if step is None:
        print(f"bench: {explain_absence('step')}")
        return
    run = [step, "ca", "token", "internal.example.com"]
    ways: Mapping[str, tuple[Sequence[str], Mapping[str, str]]] = {
        "subprocess with step, plaintext key": ([*run, *place.declared], place.bare_environment),
        "subprocess with step, sealed key": ([*run, "--offline", *place.password], place.environment),
    }
    print(_TITLE)
    for name, (words, environment) in ways.items():
        rounds = []
        for _ in range(ROUNDS):
            seconds = sum(time_run(words, environment) for _ in range(STEP_COUNT))
            rounds.append((measure_signer(place, "step_ott", SIGNED), STEP_COUNT / seconds))
        print_row(name, rounds)


def _compare_imports(place: Place) -> None:
    """Print how long a process takes that imports the package, beside one that imports attrs alone."""
    print(f"\n{'a process that imports':<44} {'ours ms':>8} {'attrs ms':>8} {'ratio':>6}   ({2 * ROUNDS} rounds)")
    for code in IMPORTS:
        runs = [(_time_import(place, code), _time_import(place, "attrs")) for _ in range(2 * ROUNDS + 1)]
        print_row(code, runs[1:])


def _time_import(place: Place, code: str) -> float:
    """Return the milliseconds of a process that imports something."""
    return 1000 * time_run([place.python, "-c", f"import {code}"], place.environment)
