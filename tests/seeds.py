"""How many random cases a test tries, and from which seed on: a sample, or all."""

import os
import random


def sample(short: int, full: int) -> tuple[int, int]:
    """Return the first seed and the number of cases; `make full` runs *full*.

    DATABOURSE_TEST_SEED repeats a run; without it each run draws its own seed.
    """
    whole = os.environ.get("DATABOURSE_TEST_FULL", "") not in {"", "0"}
    said = os.environ.get("DATABOURSE_TEST_SEED", "")
    seed = int(said) if said else random.randrange(10**9)
    return seed, full if whole else short
