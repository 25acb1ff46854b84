"""The warehouse shows the tape as it is, to many threads at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine

from settlement.statistics import tape
from settlement.statistics.warehouse import Warehouse, write_parquet
from settlement.tables import trades

COUNT = "SELECT count(*) FROM trades"


def test_an_open_warehouse_sees_what_is_appended(
    directory: Path, engine: Engine, written: list
) -> None:
    opened = Warehouse(directory)
    assert opened.ask(COUNT).rows == [(300,)]
    with engine.begin() as db:
        db.execute(trades.insert(), [dict(written[-1], id=301, seq=9_999)])
        tape.extend(db, directory)
    answer = opened.ask(COUNT)
    assert answer.rows == [(301,)]
    assert answer.position == 9_999
    opened.close()


def test_an_open_warehouse_sees_the_first_trades_of_all(
    engine: Engine, written: list, tmp_path: Path
) -> None:
    opened = Warehouse(tmp_path / "new")
    assert opened.ask(COUNT).rows == [(0,)]
    with engine.connect() as db:
        tape.extend(db, tmp_path / "new")
    assert opened.ask(COUNT).rows == [(len(written),)]
    opened.close()


def test_threads_ask_side_by_side(directory: Path) -> None:
    opened = Warehouse(directory)
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda n: opened.ask(
                    "SELECT sum(quantity), $n FROM trades", {"n": n}
                ).rows[0],
                range(64),
            )
        )
    assert [n for _, n in answers] == list(range(64))
    assert len({total for total, _ in answers}) == 1
    opened.close()


def test_text_and_large_numbers_survive(tmp_path: Path) -> None:
    rows = [(2**62, '数据 "quoted", comma\nline', 5, 1, "dataset", None, True, "")]
    tape.write_dimension(tmp_path, "instruments", rows)
    opened = Warehouse(tmp_path)
    assert opened.ask("SELECT * FROM instruments").rows == rows
    opened.close()


def test_a_replaced_dimension_is_seen(tmp_path: Path) -> None:
    opened = Warehouse(tmp_path)
    assert opened.ask("SELECT * FROM members").rows == []
    tape.write_dimension(tmp_path, "members", [(1, "31", None, True, False, "2026-01")])
    assert opened.ask("SELECT member, region FROM members").rows == [(1, "31")]
    opened.close()


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "rows.parquet"

    def failing() -> object:
        yield (1,)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_parquet(failing(), {"id": "BIGINT"}, target)
    assert list(tmp_path.iterdir()) == []
