"""What completion offers, whatever the shell: words of the program's own, and what a value is completed by."""

import attrs

PROGRAM_WORDS = (("help", "describe a command"),)
"""Words that stand where a command stands and are none, and what they do."""

PROGRAM_SWITCHES = (("--help", "describe the program"), ("--version", "print the version"))
COMMAND_SWITCHES = (("-h", "describe the command"), ("--help", "describe the command"))
"""Options that the table of options does not have, and what they do."""

_FILES = {"file", "chain"}
_FOLDERS = {"folder"}
_FREE = {"-", "dns", "duration", "email", "ip", "time", "token", "uri"}


@attrs.frozen
class ValueOffer:
    """What a value is completed by; nothing where all three are empty.

    Attributes:
        choices: The only words that it can be.
        files: It can name a file.
        folders: It can name a folder, and no file.
    """

    choices: tuple[str, ...] = ()
    files: bool = False
    folders: bool = False


def offer_value(placeholder: str) -> ValueOffer:
    """Return what completes a value that the help shows as `placeholder`.

    Args:
        placeholder: An option's metavar or a command's positional words, as in `<token|file|->`. Words joined by
            `|` are the choices themselves, unless one of them stands for something else.
    """
    words = tuple(placeholder.strip("<>").split("|"))
    if len(words) > 1 and not {*words} & {*_FILES, *_FOLDERS, *_FREE}:
        return ValueOffer(choices=words)
    return ValueOffer(files=bool({*words} & _FILES), folders=bool({*words} & _FOLDERS))
