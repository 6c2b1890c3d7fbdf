"""The person's web browser, as Python's `webbrowser` finds it (BROWSER names another)."""

import os
import subprocess
import sys
import threading
import webbrowser


def open_browser(url: str) -> bool:
    """Have the browser open `url`; return whether there is one.

    It runs beside this process and cannot write to its stdout, where the token goes. STEP_OPEN_BROWSER=0
    leaves it closed, as with step.
    """
    if os.environ.get("STEP_OPEN_BROWSER") == "0":
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    words = [sys.executable, "-I", "-m", "webbrowser", url]
    threading.Thread(target=_run_silently, args=(words,), daemon=True).start()
    return True


def _run_silently(words: list[str]) -> None:
    subprocess.run(  # noqa: S603  # the interpreter's own module, and an address
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
