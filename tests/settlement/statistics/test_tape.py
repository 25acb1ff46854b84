"""The tape holds each trade once, whatever happens while it is written."""

import contextlib
import json
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from settlement import store
from settlement.clock import HOUR_US
from settlement.errors import Invalid, NotFound
from settlement.statistics import tape
from settlement.statistics.corrections import AlreadySo, correct
from settlement.statistics.manifest import MANIFEST, read_manifest
from settlement.statistics.views import Snapshot
from settlement.statistics.warehouse import Warehouse
from settlement.tables import trades
from tests.settlement.statistics.conftest import START_US, about, describe

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
    parts = read_manifest(directory).files(directory)
    ends = {int(part.stem.split("-")[1]) for part in parts}
    assert len(ends) > 3
    at_end = [row["seq"] for row in written]
    for end in ends:
        assert at_end.count(end)  # each part ends with a whole command
    assert on_tape(directory) == expected(written)


def test_a_second_run_adds_nothing(directory: Path, engine: Engine) -> None:
    def written() -> dict[Path, int]:
        files = read_manifest(directory).files(directory)
        return {file: file.stat().st_mtime_ns for file in files}

    before = written()
    with engine.connect() as db:
        assert tape.extend(db, directory) == 0
    assert written() == before
    on_disk = set(directory.glob("trades/*/*.parquet"))
    assert on_disk == set(before)  # and what was merged is gone


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


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(directory)): file.read_bytes()
        for file in read_manifest(directory).files(directory)
    }


def test_a_tape_that_is_written_anew_has_the_same_bytes(
    engine: Engine, written: list, tmp_path: Path
) -> None:
    """However it was cut into steps at first, once its days are over."""
    there = tmp_path / "grown"
    with engine.connect() as db:
        for part_max in (7, 40, 1_000):
            tape.extend(db, there, describe, part_max=part_max)
    before = contents(there)
    with engine.begin() as db:
        later = dict(written[-1], id=301, seq=9_999, at_us=START_US + 30 * 24 * HOUR_US)
        db.execute(trades.insert(), [later])
        tape.extend(db, there, describe)
    grown = contents(there)
    assert set(before) - set(grown)  # the last day was still in parts
    with engine.connect() as db:
        assert tape.rebuild(db, there, describe) == len(written) + 1
    assert contents(there) == grown
    assert on_tape(there) == expected([*written, later])


def test_each_day_that_is_over_is_one_file(directory: Path) -> None:
    days = list(read_manifest(directory).days.values())
    assert all(len(names) == 1 for names in days[:-1])
    assert all(names[0].startswith("day-") for names in days[:-1])


def test_a_trade_carries_what_it_is_about(directory: Path, written: list) -> None:
    opened = Warehouse(directory)
    columns = "model, unit, class, sector, industry, vendor_region, buyer_region"
    found = opened.ask(f"SELECT {columns} FROM trades ORDER BY id").rows
    opened.close()
    for row, trade in zip(found, written, strict=True):
        said = about(SimpleNamespace(**trade))
        assert row == (
            said.model, said.unit, said.kind, said.sector, said.industry,
            said.vendor_region, said.buyer_region,
        )  # fmt: skip


def test_a_tape_of_another_schema_is_written_anew(
    directory: Path, engine: Engine, written: list
) -> None:
    told = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps(told | {"schema": 1}))
    assert on_tape(directory) == []
    with engine.connect() as db:
        assert tape.extend(db, directory, describe) == len(written)
    assert on_tape(directory) == expected(written)


def test_corrections_take_trades_out_and_put_them_back(
    directory: Path, engine: Engine, written: list
) -> None:
    files = contents(directory)
    with engine.begin() as db:
        correct(db, 7, "exclude", "self-trade", 1)
        correct(db, 9, "exclude", "self-trade", 1)
        assert tape.extend(db, directory, describe) == 0
    without = [row for row in written if row["id"] not in {7, 9}]
    assert on_tape(directory) == expected(without)
    with engine.begin() as db:
        with pytest.raises(AlreadySo):
            correct(db, 7, "exclude", "again", 1)
        correct(db, 7, "restore", "it was another member after all", 1)
        tape.extend(db, directory, describe)
    without = [row for row in written if row["id"] != 9]
    assert on_tape(directory) == expected(without)
    assert contents(directory) == files  # nothing was edited


def test_a_correction_needs_a_trade_and_a_reason(engine: Engine, written: list) -> None:
    with engine.begin() as db:
        with pytest.raises(Invalid):
            correct(db, written[0]["id"], "exclude", " ", 1)
        with pytest.raises(NotFound):
            correct(db, 999_999, "exclude", "gone", 1)


def test_the_tape_can_be_wound_back(directory: Path, engine: Engine) -> None:
    with engine.begin() as db:
        correct(db, 7, "exclude", "self-trade", 1)
        correct(db, 8, "exclude", "self-trade", 1)
        tape.extend(db, directory, describe)
    seq = read_manifest(directory).seq
    opened = Warehouse(directory, until=Snapshot(seq, 1))
    assert opened.ask("SELECT count(*) FROM trades").rows == [(299,)]
    opened.close()
    opened = Warehouse(directory, until=Snapshot(20, 0))
    found = opened.ask("SELECT max(seq), count(*) FROM trades")
    assert found.rows[0][0] <= 20
    assert found.position == 20
    opened.close()


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

    def stop_at(_file: int) -> None:
        nonlocal writes
        writes += 1
        if writes == step:
            raise Crash

    with monkeypatch.context() as patched, engine.connect() as db:
        patched.setattr("os.fsync", stop_at)
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
