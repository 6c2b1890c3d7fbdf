"""Go's own parsers, asked through the program in tests/peers/oracle."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from tests.support.peer_programs import require_program


@attrs.frozen
class GoAnswers:
    """A running oracle; it answers one question after the other."""

    process: "subprocess.Popen[str]"

    def ask(self, parser: str, text: str) -> dict[str, Any]:
        """Return what a parser of Go's makes of `text`; `error` is a member where it refuses it."""
        return self._put({"ask": parser, "text": text})

    def ask_words(self, what: str, words: Sequence[str]) -> dict[str, Any]:
        """Return what a library of Go's makes of `words`; `error` is a member where it refuses them."""
        return self._put({"ask": what, "words": words})

    def parse_flags(self, words: Sequence[str], switches: Sequence[str], values: Sequence[str]) -> dict[str, Any]:
        """Return what Go's package flag makes of `words`: `sets` in their order, and `positional` words."""
        return self._put({"ask": "flags", "words": words, "switches": switches, "values": values})

    def _put(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert isinstance(answer, dict)
        return answer


@contextmanager
def ask_go() -> Iterator[GoAnswers]:
    """Run the oracle until the block ends; without it the tests are left out, as those of other peers."""
    with subprocess.Popen(
        [require_program("oracle")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            yield GoAnswers(process)
        finally:
            process.kill()
