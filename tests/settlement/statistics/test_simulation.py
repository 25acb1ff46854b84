"""A made-up national market: labelled, the same from the same seed, as published."""

from pathlib import Path

import pytest

from marketplace.dimensions import codes
from settlement.statistics import questions
from settlement.statistics.columns import TRADES
from settlement.statistics.simulation import (
    TURNOVER_FEN,
    Target,
    calibration,
    contract_every,
    months,
    simulate,
)
from settlement.statistics.warehouse import Warehouse

MANY = 6_000
FEW = 100  # a file for each day on which there are any


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    there = tmp_path_factory.mktemp("simulated")
    simulate(there, MANY, 1)
    return there


def rows(there: Path, sql: str) -> list[tuple]:
    opened = Warehouse(there)
    try:
        return opened.ask(sql).rows
    finally:
        opened.close()


def test_the_manifest_says_that_nothing_of_it_happened(market: Path) -> None:
    opened = Warehouse(market)
    assert opened.manifest().simulated
    opened.close()


def test_it_has_every_column_of_the_tape_and_only_known_codes(market: Path) -> None:
    kinds = {name: kind for name, kind, *_ in rows(market, "DESCRIBE trades")}
    assert kinds == {**TRADES, "day": "DATE"}
    for name, known in codes().items():
        if name in TRADES and name != "state":
            found = rows(market, f"SELECT DISTINCT {name} FROM trades")
            assert {row[0] for row in found} <= set(known), name


def test_every_trade_has_its_number_and_falls_into_its_day(market: Path) -> None:
    ask = "SELECT count(*), min(id), max(id), count(DISTINCT id) FROM trades"
    assert rows(market, ask) == [(MANY, 1, MANY, MANY)]
    wrong = (
        "SELECT count(*) FROM trades WHERE day <> CAST(make_timestamp("
        "at_us + 28800000000) AS DATE) OR month <> strftime(day, '%Y-%m')"
        " OR value <> price * quantity"
    )
    assert rows(market, wrong) == [(0,)]


def test_the_same_seed_gives_the_same_market(tmp_path: Path) -> None:
    digest = "SELECT sum(hash(id, price, seller, buyer, origin)) FROM trades"
    found = []
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        simulate(tmp_path / name, FEW, seed)
        found += rows(tmp_path / name, digest)
    one, again, other = found
    assert one == again != other


def test_it_is_of_the_size_that_was_published(market: Path) -> None:
    opened = Warehouse(market)
    targets = {target.en: target for target in calibration(opened, MANY)}
    opened.close()
    assert targets["Turnover"].wanted == TURNOVER_FEN / 100 == 160e9
    for target in targets.values():  # few contracts: the tolerance is for many
        assert abs(target.found / target.wanted - 1) < 0.5, target
    assert targets["Median of contracts"].is_met
    assert not Target("", "", 100, 106).is_met


def test_large_markets_have_packs_of_calls_beside_their_contracts() -> None:
    assert contract_every(50_000) == 1
    assert 800 < contract_every(100_000_000) < 900
    counted = months(1_000_003)
    assert sum(month.trades for month in counted) == 1_000_003
    assert counted[12].trades == pytest.approx(counted[0].trades * 1.3, rel=0.001)


def test_the_questions_answer_over_it(market: Path) -> None:
    opened = Warehouse(market)
    found = questions.ask(opened, "s05_turnover", by=("sector",), width=4)
    assert len(found.rows) == 24
    assert questions.ask(opened, "s14_concentration", by=()).rows
    opened.close()
