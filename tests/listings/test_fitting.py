"""Tables compared in the child: shares hold, and no single key is told for certain."""

import json
from pathlib import Path

import duckdb
import pytest

from listings.fitting import estimates
from listings.fitting.comparing import compare


@pytest.fixture
def counts(tmp_path: Path):
    def written(name: str, query: str) -> dict[str, object]:
        path = tmp_path / f"{name}.parquet"
        duckdb.execute(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
        return {"path": str(path), "keys": ["k"], "measure": "v"}

    def asked(held: str, offered: str = "range(2000)", salt: str = "s"):
        said = {
            "salt": salt,
            "offered": written(
                "offered",
                "SELECT range AS k, CASE WHEN range % 5 > 0 THEN range END AS v"
                f" FROM {offered}",
            ),
            "held": written("held", f"SELECT range AS k, 3 * range AS v FROM {held}"),
        }
        request = tmp_path / "request"
        request.write_text(json.dumps(said))
        return compare(tmp_path, request)

    return asked


def test_shares_are_right_on_the_whole(counts) -> None:
    said = counts("range(1000, 3000)")
    both = estimates.matched(said["held"], said["seen"])
    assert abs(both.value - 1_000) < 3 * both.error < 150
    filled = estimates.coverage(both, said["seen"], said["filled"], 0.8)
    assert abs(filled.value - 0.8) < 3 * filled.error < 0.1
    assert said["full"] == 1_600
    assert said["r2"] == pytest.approx(1.0)


def test_one_key_in_four_is_answered_wrongly_and_always_the_same(counts) -> None:
    """Whatever else is asked with them: so nobody learns more by asking again."""
    there, nowhere = counts("range(0, 1000)"), counts("range(2000, 3000)")
    assert 690 < there["seen"] < 810
    assert 190 < nowhere["seen"] < 310
    together = counts("(FROM range(0, 1000) UNION ALL FROM range(2000, 3000))")
    assert together["seen"] == there["seen"] + nowhere["seen"]
    single = [counts(f"range({n}, {n + 1})")["seen"] for n in range(12)]
    assert 0 < single.count(0) < 8  # offered keys that are denied
    assert counts("range(0, 1000)", salt="other")["seen"] != there["seen"]


def test_a_single_row_weighs_little_in_what_is_explained(counts) -> None:
    """Else one far target tells by itself whether its key is offered."""
    far = "(SELECT range FROM range(1, 400) UNION ALL SELECT 1000000000 + range"
    offered = "(SELECT range FROM range(400) UNION ALL SELECT 1000000000 + range"
    odd = counts(f"{far} FROM range(3))", f"{offered} FROM range(3))")
    assert odd["r2"] > 0.9
