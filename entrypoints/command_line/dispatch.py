"""Fire finds the command and binds its arguments; it gets only spellings that it cannot misread.

Plain Fire would turn words into Python values, keep the last of a repeated flag, and print what a
command returns. So words are read by `entrypoints.command_line.argv` first, Fire sees Python literals alone, and the
functions that it calls do nothing but take down what is to be done.
"""

from collections.abc import Callable, Sequence

from domain.settings.setting import Origin, Setting, Settings, Value
from entrypoints.lean_imports import OF_FIRE, leaving_out

Run = Callable[[str, Sequence[str], Settings], int]


def dispatch(command: str, positional: Sequence[str], settings: Settings, run: Run) -> int:
    """Have Fire choose `command`, by one word or several, then `run` it and return its exit status."""
    taken: list[tuple[tuple[str, ...], dict[str, tuple[Value, str]]]] = []

    def take_down(words: tuple[str, ...], flags: dict[str, tuple[Value, str]]) -> None:
        taken.append((words, flags))

    flags = {name: (setting.value, setting.spelled) for name, setting in settings.items()}
    tree: object = take_down
    for word in reversed(command.split()):
        tree = {word: tree}
    with leaving_out(OF_FIRE):
        from fire import Fire  # noqa: PLC0415

        Fire(tree, command=[*command.split(), f"--words={tuple(positional)!r}", f"--flags={flags!r}"])
    words, chosen = taken[0]
    return run(command, words, {key: Setting(value, Origin.FLAG, spelled) for key, (value, spelled) in chosen.items()})
