"""Print a measurement of quality: `python -m tests.quality search`."""

import argparse
import importlib
from pathlib import Path

HERE = Path(__file__).parent


def main() -> None:
    """Measure what the command line names, and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.quality")
    parser.add_argument("name", choices=["search"], help="what to measure")
    parser.add_argument("--keep", action="store_true", help="make this the baseline")
    asked = parser.parse_args()
    importlib.import_module(f"tests.quality.{asked.name}").report(keep=asked.keep)


main()
