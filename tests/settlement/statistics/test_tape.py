"""The tape holds each trade once, whatever happens while it is written."""

import contextlib
import threading
from pathlib import Path

import pytest
from sqlalchemy import Engine

from settlement import store
from settlement.statistics import tape, warehouse
from settlement.statistics.warehouse import Warehouse
from settlement.tables import trades

COLUMNS = "id, seq, at_us, instrument, price, quantity, value, currency, buyer, seller"


def on_tape(directory: Path) -> list[tuple[object, ...]]:
    opened = Warehouse(directory)
    try:
        rows = opened.ask(f"SELECT {COLUMNS}, day FROM trades ORDER BY id").rows
    finally:
        opened.close()
    return [(*row[:-1], row[-1].isoformat()) for row in rows]


def expected(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
    return [
        (
            r["id"], r["seq"], r["at_us"], r["instrument"], r["price"], r["quantity"],
            r["price"] * r["quantity"], {1: "CNY", 2: "USD"}[r["currency"]],
            r["buyer"], r["seller"], tape.day_of(r["at_us"]),
        )
        for r in rows
    ]  # fmt: skip


def test_the_tape_is_what_the_records_say(directory: Path, written: list) -> None:
    assert on_tape(directory) == expected(written)
    days = {row[-1] for row in expected(written)}
    assert len(days) > 3
    assert {part.name for part in directory.glob("trades/*")} == {
        f"day={day}" for day in days
    }


def test_a_command_is_never_cut_in_two(directory: Path, written: list) -> None:
    ends = {int(part.stem[5:]) for part in directory.glob("trades/day=*/part-*")}
    assert len(ends) > 3
    at_end = [row["seq"] for row in written]
    for end in ends:
        assert at_end.count(end)  # each part ends with a whole command
    assert on_tape(directory) == expected(written)


def test_a_second_run_adds_nothing(directory: Path, engine: Engine) -> None:
    before = {part: part.stat().st_mtime_ns for part in directory.rglob("*.parquet")}
    with engine.connect() as db:
        assert tape.extend(db, directory) == 0
    after = {part: part.stat().st_mtime_ns for part in directory.rglob("*.parquet")}
    assert after == before


def test_later_trades_are_appended_in_parts_of_their_own(
    directory: Path, engine: Engine, written: list
) -> None:
    before = set(directory.rglob("*.parquet"))
    more = [dict(written[-1], id=301, seq=written[-1]["seq"] + 4, quantity=1)]
    with engine.begin() as db:
        db.execute(trades.insert(), more)
        assert tape.extend(db, directory) == 1
    assert on_tape(directory) == expected(written + more)
    assert len(set(directory.rglob("*.parquet")) - before) == 1


def test_a_rebuilt_tape_has_the_same_rows(
    directory: Path, engine: Engine, written: list
) -> None:
    with engine.connect() as db:
        assert tape.rebuild(db, directory) == len(written)
    assert on_tape(directory) == expected(written)


@pytest.mark.parametrize("step", range(1, 13))
def test_a_crash_at_any_write_leaves_each_trade_once(
    engine: Engine,
    written: list,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
) -> None:
    """The machine stops at the n-th file; more trades arrive before it is back."""
    there, writes = tmp_path / "crashing", 0

    class Crash(BaseException):
        pass

    def stop_at(path: Path) -> None:
        nonlocal writes
        writes += 1
        if writes == step:
            raise Crash

    with monkeypatch.context() as patched, engine.connect() as db:
        patched.setattr(warehouse, "_flush", stop_at)
        with contextlib.suppress(Crash):
            tape.extend(db, there, part_max=70)
    seen = on_tape(there)
    assert seen == expected(written)[: len(seen)]  # readers see whole commands only
    more = [dict(written[-1], id=301, seq=written[-1]["seq"] + 1)]
    with engine.begin() as db:
        db.execute(trades.insert(), more)
    with engine.connect() as db:
        tape.extend(db, there, part_max=110)
    assert on_tape(there) == expected(written + more)
    assert not list(there.rglob(".writing-*"))


def test_what_a_killed_process_left_is_removed(
    directory: Path, engine: Engine, written: list
) -> None:
    day = next(directory.glob("trades/day=*"))
    (day / ".writing-abc").mkdir()
    (day / ".writing-abc" / "rows.jsonl").write_text("{")
    (day / "part-99999.parquet").write_bytes(b"half a file")
    with engine.connect() as db:
        assert tape.extend(db, directory) == 0
    assert not list(directory.rglob(".writing-*"))
    assert on_tape(directory) == expected(written)


def test_two_that_extend_at_once_take_turns(
    engine: Engine, written: list, tmp_path: Path
) -> None:
    there, done = tmp_path / "shared", []
    reads = store.connect(str(engine.url))

    def extend() -> None:
        with reads.connect() as db:
            done.append(tape.extend(db, there, part_max=50))

    threads = [threading.Thread(target=extend) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reads.dispose()
    assert sorted(done) == [0, 0, 0, len(written)]
    assert on_tape(there) == expected(written)


def test_days_are_those_of_beijing() -> None:
    assert tape.day_of(1_767_110_399_999_999) == "2025-12-30"
    assert tape.day_of(1_767_110_400_000_000) == "2025-12-31"


def test_the_report_tells_of_each_step(
    engine: Engine, written: list, tmp_path: Path
) -> None:
    told: list[int] = []
    with engine.connect() as db:
        tape.extend(db, tmp_path / "told", part_max=100, report=told.append)
    assert told == sorted(told)
    assert told[-1] == len(written)
    assert len(told) == 3
