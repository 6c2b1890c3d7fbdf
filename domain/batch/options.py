"""What the user asks `batch`, judged before any file, network or password is touched."""

from typing import TYPE_CHECKING

import attrs

from domain.errors import UsageError
from domain.mint.judge_options import ANY_SUBJECT, list_input_files, read_token_options
from domain.settings.authority import check_texts, judge_pairs, judge_standard_input, parse_option
from domain.settings.devices import max_sessions
from domain.settings.print_form import BATCH_FORMS, TOKENS, choose_form
from domain.settings.setting import Origin, Setting, Settings, drop_absent, spell
from domain.token.options import TokenOptions

if TYPE_CHECKING:
    from domain.batch.certificate_options import FleetOptions

MAX_WORKERS = 1024

OF_CERTIFICATES = ("requests", "kty", "curve", "size")
"""Options that mean nothing without --certificates."""

OWN = ("format", "output-dir", "workers", "resume-from", "certificates", *OF_CERTIFICATES)
"""The options that are not about a token."""


@attrs.frozen(eq=False, kw_only=True)
class BatchOptions:
    """One batch.

    Attributes:
        defaults: What holds for every line that says nothing else; its subject counts for nothing.
        source: The file with the lines, `-` for standard input.
        form: How they are printed, one of `domain.settings.print_form.BATCH_FORMS`.
        output_dir: The folder where each token gets a file of its own, None for nowhere.
        workers: How many processes sign, None for one a core.
        resume_from: Number of the line to begin with, from 1.
        fleet: What certificates are asked for by the tokens, None where those are handed over themselves.
    """

    defaults: TokenOptions
    source: str
    form: str
    output_dir: str | None
    workers: int | None
    resume_from: int
    fleet: "FleetOptions | None" = None


def read_batch_options(source: str, settings: Settings, now: int) -> BatchOptions:
    """Return the batch that the settings describe.

    Args:
        source: The positional argument.
        settings: Settings of the options of `batch`.
        now: Nanoseconds since the epoch, UTC, to judge times by; they are judged again at each signing.

    Raises:
        UsageError: the settings do not go together, or a value is malformed.
    """
    given = drop_absent(settings)
    own = {name: given.pop(name) for name in OWN if name in given}
    check_texts(own)
    fleet = _read_fleet(own, given, now)
    defaults = read_token_options(ANY_SUBJECT, given, now) if fleet is None else fleet.defaults.minting
    subjects = {"": Setting(source, Origin.FLAG, "the list of subjects")}
    judge_standard_input({**given, **subjects}, {*subjects, *list_input_files(given)})
    form = choose_form(own, BATCH_FORMS)
    folder = str(own["output-dir"].value) if "output-dir" in own else None
    if folder is not None and form == TOKENS:
        raise UsageError(f"{spell(own, 'output-dir')} and {spell(own, 'format')} tokens cannot be used together",
                         "with a file for each token, what is printed says which file is whose")  # fmt: skip
    return BatchOptions(
        defaults=defaults,
        source=source,
        form=form,
        output_dir=folder,
        workers=parse_option(own, "workers", _parse_workers),
        resume_from=parse_option(own, "resume-from", _parse_count) or 1,
        fleet=fleet,
    )


def _read_fleet(own: Settings, given: Settings, now: int) -> "FleetOptions | None":
    """Return what certificates are asked for, None for none."""
    if "certificates" not in own:
        flags = {name: setting for name, setting in own.items() if setting.origin >= Origin.FLAG}
        judge_pairs(flags, dict.fromkeys(OF_CERTIFICATES, "certificates"), ())
        return None
    from domain.batch.certificate_options import read_fleet_options  # noqa: PLC0415  # not where tokens are printed

    return read_fleet_options(own, given, now)


def count_workers(options: BatchOptions, cores: int) -> int:
    """Return how many processes sign: as many as is asked for, else one a core, with a session of a device for each.

    Raises:
        UsageError: more are asked for than there may be sessions, of which the first process has one.
    """
    sessions = max_sessions(options.defaults)
    if sessions is None:
        return options.workers or cores
    wanted = options.workers or min(cores, max(1, sessions - 1))
    if wanted >= sessions:
        raise UsageError(
            f"batch opens {wanted + 1} sessions with the device, and max-sessions of the key's URI is {sessions}",
            "lower --workers, or raise max-sessions",
        )
    return wanted


def _parse_count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19) or int(text) < 1:
        raise ValueError("not a whole number of 1 or more")
    return int(text)


def _parse_workers(text: str) -> int:
    count = _parse_count(text)
    if count > MAX_WORKERS:
        raise ValueError(f"more than the maximum of {MAX_WORKERS}")
    return count
