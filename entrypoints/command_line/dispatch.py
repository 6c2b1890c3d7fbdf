"""Fire finds the command and binds its arguments; it gets only spellings that it cannot misread.

Plain Fire would turn words into Python values, keep the last of a repeated flag, and print what a
command returns. So words are read by `entrypoints.command_line.argv` first, Fire sees Python literals alone, and the
functions that it calls do nothing but take down what is to be done.
"""

from collections.abc import Callable, Mapping, Sequence

from domain.settings.setting import Origin, Setting, Settings, Value
from entrypoints.lean_imports import OF_FIRE, leaving_out

Run = Callable[[Sequence[str], Settings], int]


def dispatch(command: str, positional: Sequence[str], settings: Settings, runs: Mapping[str, Run]) -> int:
    """Have Fire choose `command` among `runs`, then run it and return its exit status."""
    taken: list[Callable[[], int]] = []

    def take_down(run: Run) -> Callable[..., None]:
        def bind(words: tuple[str, ...], flags: dict[str, tuple[Value, str]]) -> None:
            bound = {name: Setting(value, Origin.FLAG, spelled) for name, (value, spelled) in flags.items()}
            taken.append(lambda: run(words, bound))

        return bind

    flags = {name: (setting.value, setting.spelled) for name, setting in settings.items()}
    with leaving_out(OF_FIRE):
        from fire import Fire  # noqa: PLC0415

        Fire(
            {name: take_down(run) for name, run in runs.items()},
            command=[command, f"--words={tuple(positional)!r}", f"--flags={flags!r}"],
        )
    return taken[0]()
