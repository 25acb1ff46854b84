"""Each published question gives what plain Python counts on the same trades."""

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from marketplace.dimensions import COLUMNS, DIMENSIONS, codes
from marketplace.schema import metadata
from settlement import store
from settlement.errors import NotFound
from settlement.statistics import questions
from settlement.statistics.columns import DIMENSIONS as TABLES
from settlement.statistics.columns import TRADES
from settlement.statistics.disclosure import guarded
from settlement.statistics.questions import FOLDER, NotADimension
from settlement.statistics.tables import corrections
from settlement.statistics.warehouse import Warehouse
from settlement.tables import journal, trades
from tests.settlement.statistics import twin
from tests.settlement.statistics.conftest import trade_rows, write_tape

# Not in Spark, or silently different there (and so not in a question).
NOT_PORTABLE = (
    "time_bucket", "quantile_cont", "quantile_disc", "epoch_us", "generate_series",
    "asof", "isodow", "dayofweek", "percentile_cont", "approx_count_distinct",
    "stddev", "corr", "first(", "list(", "read_parquet", "make_timestamp",
)  # fmt: skip
MARKET_DATA = ("candles", "top_instruments", "s15_constituents")


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


def answer(opened: Warehouse, code: str, **asked: Any) -> list[tuple]:
    return questions.ask(opened, code, **asked).rows


def bases(code: str) -> list[tuple[str, ...]]:
    """Return by what a question is tried: as it stands, by nothing, by two."""
    asked = questions.question(code)
    tried = {asked.by, (), asked.dimensions[:1], asked.dimensions[1:3]}
    return sorted(tried) if asked.dimensions else [()]


STATISTICS = [code for code in questions.questions() if code not in MARKET_DATA]


@pytest.mark.parametrize(
    ("code", "by"), [(code, by) for code in STATISTICS for by in bases(code)]
)
def test_a_question_gives_what_its_twin_counts(
    opened: Warehouse, written: list, code: str, by: tuple[str, ...]
) -> None:
    found = answer(opened, code, by=by)
    known = twin.TWINS[code](twin.trades(written), by)
    assert len(found) == len(known) > 0
    for row, other in zip(found, known, strict=True):
        assert row == pytest.approx(other, abs=2e-6, nan_ok=True)


def test_every_indicator_has_a_question() -> None:
    asked = {question.indicator for question in questions.questions().values()}
    assert asked >= {f"S{number}" for number in range(1, 18)}


def test_a_year_is_its_months(opened: Warehouse, written: list) -> None:
    months = answer(opened, "s05_turnover", by=("class",))
    sums: Counter[tuple] = Counter()
    for period, kind, currency, turnover, _ in months:
        sums[period[:4], kind, currency] += turnover
    years = answer(opened, "s05_turnover", by=("class",), width=4)
    assert {row[:3]: row[3] for row in years} == dict(sums)


@pytest.mark.parametrize("dimension", questions.question("s05_turnover").dimensions)
def test_totals_add_up_over_any_dimension(opened: Warehouse, dimension: str) -> None:
    whole = {row[:2]: row[2] for row in answer(opened, "s05_turnover", by=())}
    sums: Counter[tuple] = Counter()
    for row in answer(opened, "s05_turnover", by=(dimension,)):
        sums[row[0], row[2]] += row[3]
    assert dict(sums) == whole


def test_a_question_takes_a_span_of_months(opened: Warehouse) -> None:
    found = answer(opened, "s05_turnover", from_month="2026-01", until_month="2026-01")
    assert {row[0] for row in found} == {"2026-01"}


def test_growth_has_no_figure_where_the_base_is_missing(opened: Warehouse) -> None:
    first = [r for r in answer(opened, "s10_growth", by=()) if r[0] == "2025-12"]
    assert all(row[-2:] == (None, None) for row in first)


def test_the_herfindahl_index_of_50_30_20_is_38(tmp_path: Path) -> None:
    engine = store.connect(f"sqlite:///{tmp_path / 'trades.db'}", write=True)
    metadata.create_all(engine, tables=[trades, journal, corrections])
    rows = [
        dict(row, price=price, quantity=1, seller=seller, currency=1)
        for row, (seller, price) in zip(
            trade_rows(3), ((1, 50), (2, 30), (3, 20)), strict=True
        )
    ]
    with engine.begin() as db:
        db.execute(trades.insert(), rows)
    opened = Warehouse(write_tape(engine, tmp_path / "tape"))
    (row,) = answer(opened, "s14_concentration", by=(), width=4)
    assert row[2:5] == (1.0, 0.38, 3)
    opened.close()
    engine.dispose()


def test_top_instruments(opened: Warehouse, written: list) -> None:
    rows = [row for row in twin.trades(written) if row["origin"] == "on_book"]
    known = []
    for (month, currency), of in twin.grouped(rows, ()):
        sums: Counter[int] = Counter()
        parties: dict[int, set] = {}
        for row in of:
            sums[row["instrument"]] += row["value"]
            sides = {("b", row["buyer"]), ("s", row["seller"])}
            parties[row["instrument"]] = parties.get(row["instrument"], set()) | sides
        ranked = sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
        ranked = [pair for pair in ranked if len(parties[pair[0]]) >= 3][:2]
        for place, (number, turnover) in enumerate(ranked, start=1):
            known.append((month, currency, place, number, f"S{number}", turnover))
    found = answer(opened, "top_instruments", top=2)
    assert [row[:6] for row in found] == known


@pytest.mark.parametrize("hours", [1, 24])
def test_candles(opened: Warehouse, written: list, hours: int) -> None:
    width = hours * 3_600_000_000
    some = [t for t in written if t["instrument"] == 1001]
    from_us, until_us = some[3]["at_us"], some[-3]["at_us"]
    inside: dict[int, list] = {}
    for t in some:
        if from_us <= t["at_us"] < until_us and t["origin"] == "book":
            inside.setdefault(t["at_us"] - t["at_us"] % width, []).append(t)
    known = [
        (
            begins, group[0]["price"], max(t["price"] for t in group),
            min(t["price"] for t in group), group[-1]["price"],
            sum(t["quantity"] for t in group),
            sum(t["price"] * t["quantity"] for t in group), len(group),
        )
        for begins, group in sorted(inside.items())
    ]  # fmt: skip
    found = answer(
        opened, "candles", instrument=1001, width_us=width,
        from_us=from_us, until_us=until_us,
    )  # fmt: skip
    assert found == known


def test_figures_carry_what_is_needed_to_repeat_them(
    opened: Warehouse, written: list
) -> None:
    figures = questions.ask(opened, "s05_turnover", from_month="2026-01")
    text = (FOLDER / "s05_turnover.sql").read_text("utf-8")
    assert figures.question.sql == text
    assert figures.question.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert figures.position == written[-1]["seq"]
    assert figures.by == ("class",)
    assert figures.parameters["from_month"] == "2026-01"


def test_each_question_is_documented_in_both_languages() -> None:
    for question in questions.questions().values():
        assert re.search(r"[一-鿿]", question.title_zh), question.code
        assert re.search(r"[一-鿿]", question.definition_zh), question.code
        assert question.title_en.isascii(), question.code
        assert question.definition_en.endswith("."), question.code
        assert re.search(r"[一-鿿]", question.unit_zh), question.code
        assert question.unit_en.isascii(), question.code
        tables = set(question.source.split(", "))
        assert tables <= {"trades", *TABLES}, question.code


def test_each_parameter_and_column_is_known(opened: Warehouse) -> None:
    for code, question in questions.questions().items():
        for name in question.parameters:
            assert f"${name}" in question.sql, (code, name)
        columns = questions.ask(opened, code).columns
        assert set(question.measures) <= set(columns), code
        assert set(columns) <= set(COLUMNS), code
        assert set(question.by) <= set(question.dimensions) <= set(DIMENSIONS), code
        if question.disclosure == questions.PARTIES:
            assert set(question.cells) <= {*columns}, code


def test_a_question_by_other_dimensions_is_refused(opened: Warehouse) -> None:
    for name in ("value; DROP TABLE trades", "seller", "origin"):
        with pytest.raises(NotADimension):
            questions.ask(opened, "s07_origin", by=(name,))


def test_every_dimension_is_a_column_and_has_codes() -> None:
    assert set(DIMENSIONS) - {"day"} <= set(TRADES)
    assert set(codes()) >= set(DIMENSIONS) - {"day"}


def test_no_question_uses_what_other_engines_answer_differently() -> None:
    for code, question in questions.questions().items():
        body = re.sub(r"--.*", "", question.sql).lower()
        assert not [word for word in NOT_PORTABLE if word in body], code


def test_an_unknown_question_is_not_found(opened: Warehouse) -> None:
    with pytest.raises(NotFound):
        questions.ask(opened, "../secrets")


def test_small_cells_are_withheld(opened: Warehouse, written: list) -> None:
    """Counted again: three on each side, and nobody above three quarters."""
    whole = questions.ask(opened, "s05_turnover", by=("sector", "vendor_region"))
    public, small = guarded(opened, whole), 0
    groups = dict(twin.grouped(twin.trades(written), whole.by))
    for shown, known in zip(public.rows, whole.rows, strict=True):
        sides = [Counter(), Counter()]
        for row in groups[known[:4]]:
            sides[0][row["seller"]] += row["value"]
            sides[1][row["buyer"]] += row["value"]
        most = max(max(side.values()) / sum(side.values()) for side in sides)
        if min(map(len, sides)) < 3 or most > 0.75:
            small += 1
            assert shown == (*known[:4], None, None)
        else:
            assert shown in {known, (*known[:4], None, None)}
    assert 0 < small <= public.withheld <= len(whole.rows)


def test_every_question_answers_over_an_empty_tape(tmp_path: Path) -> None:
    opened = Warehouse(tmp_path / "nothing")
    for code in questions.questions():
        assert guarded(opened, questions.ask(opened, code)).rows == []
    opened.close()
