"""The program: `python -m step_ott COMMAND …`."""

from entrypoints.cli import run

if __name__ == "__main__":
    run()
