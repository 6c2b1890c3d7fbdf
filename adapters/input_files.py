"""The user's files and standard input, read whole within a bound."""

import sys

from domain.errors import InputError


class LocalFiles:
    """Files of this machine; `-` is standard input."""

    def read(self, path: str, limit: int) -> bytes:
        """Return the content of `path` (see `domain.ports.InputFiles`)."""
        shown = "standard input" if path == "-" else path
        try:
            if path == "-":
                data = sys.stdin.buffer.read(limit + 1)
            else:
                with open(path, "rb") as file:
                    data = file.read(limit + 1)
        except (OSError, ValueError, AttributeError) as error:
            reason = getattr(error, "strerror", None) or ("it is closed" if path == "-" else "not a path")
            raise InputError(f"{shown} cannot be read: {reason}", "check the path and its permissions") from error
        if len(data) > limit:
            raise InputError(f"{shown} is over {limit} bytes", "it is not a file of the kind that is wanted here")
        return data
