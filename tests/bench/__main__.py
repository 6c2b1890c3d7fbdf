"""The benchmark: whole processes, ours and others in turn, as ratios within one run.

Run it by `make bench`, or parts of it by `make bench BENCH='start rates'`. Absolute times depend on the
machine; the ratio of a pair hardly does.
"""

import argparse
import sys
from collections.abc import Callable, Mapping

from tests.bench.batch import measure_rates
from tests.bench.fleet import measure_fleet
from tests.bench.library import measure_library
from tests.bench.place import Place, prepare_place
from tests.bench.plots import measure_plots
from tests.bench.start import measure_start

PARTS: Mapping[str, Callable[[Place], None]] = {
    "start": measure_start,
    "library": measure_library,
    "rates": measure_rates,
    "fleet": measure_fleet,
    "plots": measure_plots,
}
"""What can be measured: a run beside step's, tokens from Python, the rates of `batch`, certificates by
it, and its plots (docs/plots/)."""


def main() -> int:
    """Run the parts that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="which to run; all where none is named")
    parts = parser.parse_args().parts or PARTS
    with prepare_place() as place:
        for name in parts:
            PARTS[name](place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
