"""What each command does, from the words of the command line to the work itself."""

import os
import shlex
from collections.abc import Mapping, Sequence

from domain.errors import UsageError
from domain.setting import Settings, layer
from entrypoints import __version__
from entrypoints.argv import HELP_WORDS, parse_configuration, parse_environment, parse_words
from entrypoints.commands import COMMANDS, INSPECT, SANDBOX, TOKEN, VERSION, Command
from entrypoints.dispatch import Run, dispatch
from entrypoints.help import PROGRAM, describe_command, describe_program


def run_words(words: Sequence[str]) -> int:
    """Run the command line `words`, without the program's name, and return its exit status.

    Raises:
        StepOttError: it cannot be done.
    """
    rest = list(words)
    if rest[:1] == ["ca"]:
        del rest[0]
    if not rest or rest[0] in HELP_WORDS:
        return _print(describe_program())
    if rest[0] in ("--version", "-version"):
        rest[0] = VERSION.name
    if rest[0] == "help":
        if rest[1:2] in ([], *([word] for word in HELP_WORDS)):
            return _print(describe_program())
        rest = [rest[1], "--help"]
    command = _find_command(rest[0])
    parsed = parse_words(rest[1:], command.options)
    if parsed.wants_help:
        return _print(describe_command(command))
    return dispatch(command.name, parsed.positional, parsed.settings, RUNS)


def _find_command(word: str) -> Command:
    for command in COMMANDS:
        if command.name == word:
            return command
    listed = ", ".join(command.name for command in COMMANDS)
    raise UsageError(f"there is no command {word!r}", f"the commands are {listed}")


def _run_token(positional: Sequence[str], flags: Settings) -> int:
    from adapters.clock import SystemClock  # noqa: PLC0415
    from domain.token_options import drop_absent, read_token_options  # noqa: PLC0415
    from entrypoints.minting import mint_token  # noqa: PLC0415
    from entrypoints.wiring import open_step_path, wire_ports  # noqa: PLC0415

    if len(positional) > 1:
        raise UsageError(
            f"there is more than one subject: {', '.join(map(repr, positional))}", "give one; names go to --san"
        )
    subject = positional[0] if positional else None
    given = layer(flags, parse_environment(os.environ, TOKEN.options))
    now = SystemClock().now()
    read_token_options(subject, given, now)
    context = drop_absent(given).get("context")
    step_path = open_step_path(os.environ, None if context is None else str(context.value))
    settings = layer(given, parse_configuration(step_path.defaults(), TOKEN.options))
    options = read_token_options(subject, settings, now)
    mint_token(options, wire_ports(options, step_path))
    return 0


def _run_inspect(positional: Sequence[str], flags: Settings) -> int:
    from adapters.clock import SystemClock  # noqa: PLC0415
    from adapters.input_files import LocalFiles  # noqa: PLC0415
    from entrypoints.inspecting import describe_token  # noqa: PLC0415
    from entrypoints.report import JSON, TEXT  # noqa: PLC0415
    from entrypoints.wiring import wire_certificates  # noqa: PLC0415

    if len(positional) != 1:
        raise UsageError("inspect takes one token", "give it as it is, as a file, or - for standard input")
    form = str(flags["format"].value) if "format" in flags else TEXT
    if form not in (TEXT, JSON):
        raise UsageError(f"--format {form!r} is not known", f"choose {TEXT} or {JSON}")
    return _print(describe_token(positional[0], form, LocalFiles(), wire_certificates(), SystemClock()))


def _run_sandbox(positional: Sequence[str], flags: Settings) -> int:
    from adapters.clock import SystemClock  # noqa: PLC0415
    from domain.sandbox_plan import read_sandbox_plan  # noqa: PLC0415
    from entrypoints.wiring import wire_sandbox  # noqa: PLC0415

    if len(positional) != 1:
        raise UsageError("sandbox takes one folder", "name an empty or a new one")
    plan = read_sandbox_plan(flags)
    folder = wire_sandbox().write(positional[0], plan, SystemClock().now())
    shown = shlex.quote(folder)
    return _print(
        f"step-ca {shown}/config/ca.json    # serves it at {plan.ca_url()}\n"
        f"STEPPATH={shown} {PROGRAM} token internal.example.com    # mints; add --offline without the CA\n"
    )


def _run_version(positional: Sequence[str], _: Settings) -> int:
    if positional:
        raise UsageError(f"version takes no {positional[0]!r}", "leave it out")
    return _print(f"{PROGRAM} {__version__}\n")


def _print(text: str) -> int:
    from adapters.token_files import write_stdout  # noqa: PLC0415

    write_stdout(text)
    return 0


RUNS: Mapping[str, Run] = {
    TOKEN.name: _run_token,
    INSPECT.name: _run_inspect,
    SANDBOX.name: _run_sandbox,
    VERSION.name: _run_version,
}
