"""The table of verdicts in docs/verify.md, made of the tokens that the real step-ca is asked about.

`python -m tests.support.verdict_table` writes it anew.
"""

import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import attrs

from domain.report.check_result import Outcome
from domain.verify.forecast import Forecast, Verdict
from tests.support.broken_certificates import CHAINS, KUBERNETES, RENEWALS, SSH_CERTIFICATES
from tests.support.broken_requests import REQUESTS, SSH_REQUESTS
from tests.support.broken_tokens import BASES, CHANGES, Change, Make, made
from tests.support.forged_tokens import Forge, open_forge
from tests.support.peer_programs import REPOSITORY
from tests.support.provisioned_ca import read_config, write_provisioned
from tests.support.verify_court import Published, judge, read_published, verdict_of

PAGE = REPOSITORY / "docs" / "verify.md"
BEGIN, END = "<!-- verdicts: begin -->\n", "<!-- verdicts: end -->\n"
TABLES: Mapping[str, Mapping[str, Make]] = {
    "the CSR, of JWK tokens unless X5C is said": REQUESTS,
    "the request for an SSH certificate": SSH_REQUESTS,
    "the certificates of X5C tokens": CHAINS,
    "the SSH certificate of SSHPOP tokens": SSH_CERTIFICATES,
    "Kubernetes' tokens": KUBERNETES,
    "renewals of X.509 certificates": RENEWALS,
}


@attrs.frozen
class Bench:
    """Where tokens are made and judged, without a CA that runs."""

    forge: Forge
    published: Published

    def judge(self, make: Make) -> tuple[Verdict, list[str]]:
        """Return the verdict on a token, and the rules that fail; made anew where time passed it over."""
        while True:
            before = time.time_ns()
            forged = make(self.forge)
            token = forged.write()
            first, last = (judge(forged, token, self.published, now) for now in (before, time.time_ns()))
            if list_failed(first) == list_failed(last):
                return verdict_of(last), list_failed(last)


def list_failed(forecast: Forecast | None) -> list[str]:
    """Return the rules that fail; a token that is none breaks no rule by name."""
    if forecast is None:
        return ["it is not a token"]
    return [f"`{one.rule}`" for one in forecast.findings if one.outcome is Outcome.FAILED]


def join_rules(rules: Iterable[str]) -> str:
    """Return rules as a cell of a table, each once."""
    return ", ".join(dict.fromkeys(rules)) or "-"


def open_bench(folder: Path) -> Bench:
    """Return a bench in an empty folder."""
    ca = write_provisioned(folder / "step")
    return Bench(open_forge(ca, read_config(ca)), read_published(ca.environment, "offline"))


def describe_changes(bench: Bench) -> Iterator[str]:
    """Give a row for each change: of which kinds of token it is accepted, and by which rules else refused."""
    yield f"Changes of any token, each made to all of {', '.join(BASES)}:\n\n"
    yield "| change | accepted | refused by |\n| --- | --- | --- |\n"
    for name, change in CHANGES.items():
        accepted, rules = _judge_all(bench, change)
        shown = "all" if len(accepted) == len(BASES) else ", ".join(accepted) or "none"
        yield f"| {name} | {shown} | {join_rules(rules)} |\n"


def _judge_all(bench: Bench, change: Change) -> tuple[list[str], list[str]]:
    judged = {base: bench.judge(made(make, change)) for base, make in BASES.items()}
    accepted = [base for base, (verdict, _) in judged.items() if verdict is Verdict.ACCEPTED]
    return accepted, [rule for _, failed in judged.values() for rule in failed]


def describe_tables(bench: Bench) -> Iterator[str]:
    """Give a row for each token of the other tables: its verdict, and the rules that fail."""
    for title, table in TABLES.items():
        yield f"\nAbout {title}:\n\n| token | verdict | refused by |\n| --- | --- | --- |\n"
        for name, make in table.items():
            verdict, failed = bench.judge(make)
            yield f"| {name} | {verdict.value} | {join_rules(failed)} |\n"


def insert(page: str) -> str:
    """Return the page with the tables as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        bench = open_bench(Path(folder))
        text = "".join((*describe_changes(bench), *describe_tables(bench)))
    return re.sub(f"(?<={BEGIN}).*(?={END})", lambda _: text, page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(insert(PAGE.read_text()))
