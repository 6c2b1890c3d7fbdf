"""What `--format` chooses: commands share its name, and each kind of output has forms of its own."""

from collections.abc import Sequence

from domain.errors import UsageError
from domain.settings.setting import Origin, Settings

TEXT, JSON, NDJSON, TOKENS = "text", "json", "ndjson", "tokens"

REPORT_FORMS = (TEXT, JSON)
"""How commands that tell something print it."""

BATCH_FORMS = (NDJSON, TOKENS)
"""How a batch prints its tokens."""


def choose_form(given: Settings, forms: Sequence[str]) -> str:
    """Return which of `forms` is asked for, the first where nothing is said.

    What environment or configuration say for another command says nothing here.

    Raises:
        UsageError: there is no such form.
    """
    setting = given.get("format")
    if setting is None or setting.value in forms:
        return forms[0] if setting is None else str(setting.value)
    if setting.origin is not Origin.FLAG and setting.value in (*REPORT_FORMS, *BATCH_FORMS):
        return forms[0]
    raise UsageError(f"{setting.shown(repr(setting.value))} is not known", f"choose {' or '.join(forms)}")
