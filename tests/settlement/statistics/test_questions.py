"""Each published question gives what plain Python counts on the same trades."""

import datetime as dt
import hashlib
import re
import statistics
from collections import defaultdict
from pathlib import Path

import pytest

from marketplace.schema import metadata
from settlement import store
from settlement.errors import NotFound
from settlement.statistics import questions, tape
from settlement.statistics.questions import FOLDER
from settlement.statistics.tables import corrections
from settlement.statistics.warehouse import Warehouse
from settlement.tables import journal, trades
from tests.settlement.statistics.conftest import (
    CLASSES,
    REGIONS,
    SECTORS,
    trade_rows,
    write_tape,
)

CURRENCY = {1: "CNY", 2: "USD"}

# Not in Spark, or silently different there (and so not in a question).
NOT_PORTABLE = (
    "time_bucket", "quantile_cont", "quantile_disc", "epoch_us", "generate_series",
    "asof", "isodow", "dayofweek", "percentile_cont", "approx_count_distinct",
    "stddev", "corr", "first(", "list(", "read_parquet", "make_timestamp",
)  # fmt: skip


@pytest.fixture(scope="module")
def written() -> list:
    return trade_rows(300)


@pytest.fixture(scope="module")
def opened(written: list, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("questions")
    engine = store.connect(f"sqlite:///{folder / 'trades.db'}", write=True)
    metadata.create_all(engine, tables=[trades, journal, corrections])
    with engine.begin() as db:
        db.execute(trades.insert(), written)
    opened = Warehouse(write_tape(engine, folder / "tape"))
    engine.dispose()
    yield opened
    opened.close()


def value(trade: dict) -> int:
    return trade["price"] * trade["quantity"]


def day(trade: dict) -> dt.date:
    return dt.date.fromisoformat(tape.day_of(trade["at_us"]))


def month(trade: dict) -> str:
    return tape.day_of(trade["at_us"])[:7]


def kind(trade: dict) -> str:
    return CLASSES[trade["instrument"] % 3]


def parties(group: list[dict]) -> int:
    return max(len({t["buyer"] for t in group}), len({t["seller"] for t in group}))


def grouped(rows: list[dict], key: object) -> list[tuple[tuple, list[dict]]]:
    groups = defaultdict(list)
    for trade in rows:
        groups[key(trade)].append(trade)
    return sorted(groups.items())


def answer(opened: Warehouse, code: str, **parameters: int | str) -> list[tuple]:
    return questions.ask(opened, code, public=False, **parameters).rows


def test_turnover_by_day(opened: Warehouse, written: list) -> None:
    twin = [
        (*key, sum(map(value, group)), len(group), parties(group))
        for key, group in grouped(written, lambda t: (day(t), CURRENCY[t["currency"]]))
    ]
    assert answer(opened, "turnover_by_day") == twin


def test_turnover_by_class_sector_month(opened: Warehouse, written: list) -> None:
    def key(t: dict) -> tuple:
        sector = SECTORS[t["instrument"] % 2]
        return month(t), kind(t), sector, CURRENCY[t["currency"]]

    twin = [
        (*k, sum(map(value, group)), len(group), parties(group))
        for k, group in grouped(written, key)
    ]
    assert {row[0] for row in twin} == {"2025-12", "2026-01"}
    assert answer(opened, "turnover_by_class_sector_month") == twin


def test_trades_count(opened: Warehouse, written: list) -> None:
    twin = [
        (
            *key, len(group), sum(t["quantity"] for t in group),
            len({t["instrument"] for t in group}), parties(group),
        )
        for key, group in grouped(written, lambda t: (day(t),))
    ]  # fmt: skip
    assert answer(opened, "trades_count") == twin


def test_top_instruments(opened: Warehouse, written: list) -> None:
    twin = []
    for (currency,), group in grouped(written, lambda t: (CURRENCY[t["currency"]],)):
        by_turnover = sorted(
            grouped(group, lambda t: (t["instrument"],)),
            key=lambda pair: (-sum(map(value, pair[1])), pair[0]),
        )
        twin += [
            (
                currency, place, number, f"S{number}", sum(map(value, part)),
                len(part), sum(t["quantity"] for t in part), parties(part),
            )
            for place, ((number,), part) in enumerate(by_turnover[:2], start=1)
        ]  # fmt: skip
    assert answer(opened, "top_instruments", top=2) == twin


@pytest.mark.parametrize("hours", [1, 24])
def test_candles(opened: Warehouse, written: list, hours: int) -> None:
    width = hours * 3_600_000_000
    some = [t for t in written if t["instrument"] == 1001]
    from_us, until_us = some[3]["at_us"], some[-3]["at_us"]
    inside = [t for t in some if from_us <= t["at_us"] < until_us]
    twin = [
        (
            begins, group[0]["price"], max(t["price"] for t in group),
            min(t["price"] for t in group), group[-1]["price"],
            sum(t["quantity"] for t in group), sum(map(value, group)), len(group),
        )
        for (begins,), group in grouped(
            inside, lambda t: (t["at_us"] - t["at_us"] % width,)
        )
    ]  # fmt: skip
    found = answer(
        opened, "candles", instrument=1001, width_us=width,
        from_us=from_us, until_us=until_us,
    )  # fmt: skip
    assert found == twin


def test_participants(opened: Warehouse, written: list) -> None:
    twin = [
        (
            *key, len({t["buyer"] for t in group}), len({t["seller"] for t in group}),
            len(group), parties(group),
        )
        for key, group in grouped(written, lambda t: (month(t),))
    ]  # fmt: skip
    assert answer(opened, "participants") == twin


def test_buyers_by_region(opened: Warehouse, written: list) -> None:
    twin = []
    for key, group in grouped(
        written, lambda t: (REGIONS[t["buyer"] % 3], CURRENCY[t["currency"]])
    ):
        buyers = len({t["buyer"] for t in group})
        twin.append((*key, sum(map(value, group)), len(group), buyers, buyers))
    assert answer(opened, "buyers_by_region") == twin


def test_ticket_by_class(opened: Warehouse, written: list) -> None:
    twin = []
    for key, group in grouped(written, lambda t: (kind(t), CURRENCY[t["currency"]])):
        values = sorted(map(value, group))
        mean = round(sum(values) / len(values), 6)
        middle = float(statistics.median(values))
        twin.append((*key, mean, middle, len(group), parties(group)))
    assert answer(opened, "ticket_by_class") == twin


def test_concentration(opened: Warehouse, written: list) -> None:
    twin = []
    for (currency,), group in grouped(written, lambda t: (CURRENCY[t["currency"]],)):
        sold = [
            sum(map(value, part))
            for _, part in grouped(group, lambda t: (t["seller"],))
        ]
        shares = sorted((s / sum(sold) for s in sold if s), reverse=True)
        hhi = round(sum(share * share for share in shares), 6)
        twin.append(
            (currency, round(sum(shares[:5]), 6), hhi, len(shares), len(shares))
        )
    found = answer(opened, "concentration")
    assert [row[0] for row in found] == [row[0] for row in twin]
    for row, other in zip(found, twin, strict=True):
        assert row[1:] == pytest.approx(other[1:], abs=2e-6)


def test_every_question_has_its_twin() -> None:
    tested = {name.removeprefix("test_") for name in globals() if "test_" in name}
    assert set(questions.questions()) <= tested


def test_a_period_of_days_is_inclusive(opened: Warehouse, written: list) -> None:
    found = answer(
        opened, "trades_count", from_day="2026-01-01", until_day="2026-01-02"
    )
    days = [row[0].isoformat() for row in found]
    assert days == ["2026-01-01", "2026-01-02"]


def test_figures_carry_what_is_needed_to_repeat_them(
    opened: Warehouse, written: list
) -> None:
    figures = questions.ask(opened, "turnover_by_day", from_day="2026-01-01")
    text = (FOLDER / "turnover_by_day.sql").read_text("utf-8")
    assert figures.question.sql == text
    assert figures.question.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert figures.position == written[-1]["seq"]
    assert figures.parameters == {"from_day": "2026-01-01", "until_day": "2999-12-31"}


def test_each_question_is_documented_in_both_languages() -> None:
    for question in questions.questions().values():
        assert re.search(r"[一-鿿]", question.title_zh), question.code
        assert re.search(r"[一-鿿]", question.definition_zh), question.code
        assert question.title_en.isascii(), question.code
        assert question.definition_en.endswith("."), question.code
        assert question.unit, question.code


def test_each_parameter_and_measure_is_used_in_the_text(opened: Warehouse) -> None:
    for code, question in questions.questions().items():
        for name in question.parameters:
            assert f"${name}" in question.sql, (code, name)
        columns = questions.ask(opened, code).columns
        assert set(question.measures) <= set(columns), code
        assert bool(question.measures) == ("parties" in columns), code


def test_no_question_uses_what_other_engines_answer_differently() -> None:
    for code, question in questions.questions().items():
        body = re.sub(r"--.*", "", question.sql).lower()
        assert not [word for word in NOT_PORTABLE if word in body], code


def test_an_unknown_question_is_not_found(opened: Warehouse) -> None:
    with pytest.raises(NotFound):
        questions.ask(opened, "../secrets")


def test_small_cells_are_withheld_from_the_public_only(
    opened: Warehouse, written: list
) -> None:
    public = questions.ask(opened, "turnover_by_class_sector_month")
    staff = questions.ask(opened, "turnover_by_class_sector_month", public=False)
    small = [row for row in staff.rows if row[-1] < 3]
    assert public.withheld == len(small)
    assert staff.withheld == 0
    for shown, known in zip(public.rows, staff.rows, strict=True):
        assert shown == (known if known[-1] >= 3 else (*known[:4], None, None, None))


def test_every_question_answers_over_an_empty_tape(tmp_path: Path) -> None:
    opened = Warehouse(tmp_path / "nothing")
    for code in questions.questions():
        assert questions.ask(opened, code).rows == []
    opened.close()
