"""Replay: the journal alone gives every row; what differs is named."""

import json
import os
import random
import shutil

import pytest
from sqlalchemy import Integer, text

from listings import plans
from marketplace.trading import commands as c
from marketplace.trading import replay as module
from marketplace.trading.agreements import AnotherText
from marketplace.trading.replay import REBUILT, replay
from marketplace.trading.timetable import Timetable
from settlement import clock, store
from settlement.busts import Struck
from settlement.canonical import canonical
from settlement.errors import Refusal
from settlement.refunds import Sale
from tests import netting, sharing
from tests.floor import (
    BUY,
    CAT,
    CNY,
    DAN,
    SECOND,
    STAFF,
    SUN,
    VERA,
    Clock,
    bid,
    line,
    opened,
    proven,
    trading,
)
from tests.invariants import close_damage

MOON, CALLS = 1_001, 1_002
SLIP = Struck(2, clock.now_us(), DAN, VERA, SUN, 1, 5, 1, 2, 0, 2, None, None)
METERED = canonical(
    {
        "mode": "per_call",
        "plan": plans.dump(plans.Plan(tiers=(plans.Tier(None, 7),))),
    }
)


@pytest.fixture(scope="module")
def traded(tmp_path_factory):
    """The file of a market in which every table has rows."""
    path = tmp_path_factory.mktemp("traded") / "traded.db"
    later_us = clock.now_us() + 80 * clock.DAY_US
    hands = Clock(clock.now_us())
    with trading(f"sqlite:///{path}", now_us=hands) as floor:
        for command in (
            BUY,
            bid(),
            bid(10**6, 10**6),
            c.Deliver(CAT, CAT, 1, 1, "ab" * 32, 9),
            c.RequestPayout(DAN, DAN, 1, 9, "bank"),
            c.PublishFees(STAFF, 300),
            c.OfferPrice(VERA, VERA, SUN, DAN, 5, 1, "need", "custom", 9 * 10**15),
            c.TakeOffer(DAN, DAN, 1, "analysis"),
            c.OfferPrice(VERA, VERA, SUN, DAN, 6, 1, "other", "by tender", 9 * 10**15),
            c.PlaceOrder(VERA, VERA, line("sell", 13, 1, evergreen=True)),
            c.CancelOrder(VERA, VERA, 1),
            c.PlaceOrder(VERA, VERA, line("sell", 12, 1, evergreen=True)),
            c.SetPhase(STAFF, SUN, "call", 12),
            bid(12, 2),
            c.SetTimetable(STAFF, SUN, Timetable(0, (1,), (), ((9, "call"),))),
            c.Uncross(STAFF, SUN),
            c.OpenContest(VERA, VERA, SUN, "ascending", 1, 20, 20, 5, later_us, 0),
            c.BidInContest(CAT, CAT, 1, 20, "analysis"),
            c.BidInContest(DAN, DAN, 1, 25, "analysis"),
            c.SuspendRight(STAFF, 1, "complaint"),
            c.StopTrading(STAFF, 77, True, "drill"),
            c.AllowTrading(SECOND, 77),
            c.Propose(STAFF, "SetLimits", (SUN, (900, 800, 9, 700, 600, 500)), "slips"),
            c.Decide(SECOND, 1, approve=True),
            c.Propose(STAFF, "SetLimits", (0, (None,) * 6), "calm again"),
            c.CallTender(CAT, CAT, 3, later_us, 3, 40, 30, 30),
            c.FileTrade(CAT, CAT, DAN, True, "x", 1, 5, 1, "y", "ab" * 32),
            c.SealBid(DAN, DAN, 3, "ab" * 32),
            c.SetWorkdays(STAFF, ((30_000, True),)),
            c.ListInstrument(
                STAFF, MOON, "MOON", VERA, 1, 1, 1, "{}", (), None, None,
                transferable=False, acceptance=c.Acceptance(7, 5),
            ),
            c.PlaceOrder(VERA, VERA, c.Line(MOON, "sell", 3, 1, evergreen=True)),
            c.PlaceOrder(DAN, DAN, c.Line(MOON, "buy", 3, 9, "IOC", purpose="x")),
            c.ReportDelivery(VERA, VERA, 4, 2),
            c.AcceptDelivery(DAN, DAN, 4, 1),
            c.OpenDispute(DAN, DAN, 4, "quality", "empty"),
            c.AnswerDispute(VERA, VERA, 1, "no", 1),
            c.GiveMandate(
                CAT, CAT, 777, "agent", agent=True, currency=CNY, price_max=50,
                daily_max=100, total_max=500, approval_above=20, unique=True,
                instruments=(SUN,), purposes=("analysis",), until_us=later_us,
            ),
            c.AskInvoice(CAT, CAT, ((Sale(1, CAT, VERA, SUN, 1, 12, 1, 1), 600),)),
            c.IssueInvoice(VERA, VERA, 1, "24312"),
            c.OfferRefund(VERA, VERA, Sale(1, CAT, VERA, SUN, 1, 12, 1, 1), 5, "x"),
            c.Decide(SECOND, 3, approve=True),
            c.QuestionTrade(STAFF, SLIP, 4, "a slip"),
            c.Decide(SECOND, 4, approve=True),
            c.ListInstrument(
                STAFF, CALLS, "CALLS", VERA, 1, 1, 1, METERED, (), None, 90,
                transferable=False,
            ),
            c.GrantRight(STAFF, CAT, CALLS, 1, "analysis"),
            c.SetBudget(CAT, CAT, 4, 500),
            c.CountUse(0, "m1", 0, 9, ((4, 0, 3, 2, 3),)),
            c.SetBudget(CAT, CAT, 4, 100),
            *sharing.products(VERA, DAN),
            *sharing.agreements(VERA, DAN, CAT, DAN),
            sharing.buy(sharing.SHARED, CAT, 3),
            c.PlaceBasket(CAT, CAT, (BUY.line, line("buy", 8, 10**8))),
            c.Propose(STAFF, "Correct", (1, "bank", "suspense", 0, 1, 5), "whose?"),
            c.Decide(SECOND, 5, approve=True),
            c.Propose(STAFF, "Erase", ("person", 77, later_us), "left"),
            c.Decide(SECOND, 6, approve=True),
            c.RequestCardPayin(DAN, DAN, 1, 5_000_000),
            c.RecordLine(0, "t1", "charge", 3, "pi", 1, 5_000_000, 9, 5),
            c.PlaceOrder(DAN, DAN, c.Line(MOON, "buy", 3, 10**6, "IOC", purpose="x")),
            c.RecordLine(0, "t2", "dispute", 3, "pi", 1, -5_000_000, 9, 5),
        ):  # fmt: skip
            try:
                floor.submit(command)
            except Refusal:
                continue
        rich = floor.submit(c.RequestPayin(CAT, CAT, CNY, 2_000, "for fees")).result
        floor.submit(c.ConfirmPayin(STAFF, rich))
        floor.submit(sharing.buy(sharing.SHARED, CAT, 10))
        netting.live(lambda command: floor.submit(command).result, hands, 5)
        for member in (CAT, DAN):
            more = c.RequestPayin(member, member, CNY, 1_000, "more")
            floor.submit(c.ConfirmPayin(STAFF, floor.submit(more).result))
        sharing.use(lambda command: floor.submit(command).result, VERA, CAT)
        close_damage.live(lambda command: floor.submit(command).result)
        stages, far_us = (("all", 10_000, 0),), hands.at_us + 9 * clock.DAY_US
        floor.submit(
            c.DraftContract(
                VERA, VERA, CAT, SUN, 5, 1, "analysis", stages, 3, None, far_us,
                False, "{}",
            )
        )  # fmt: skip
        tiers, near_us = ((1, 9), (2, 8)), hands.at_us + 2 * clock.HOUR_US
        floor.submit(c.OpenPool(VERA, VERA, MOON, tiers, 2, near_us))
        floor.submit(c.JoinPool(CAT, CAT, 1, "analysis"))
        with pytest.raises(AnotherText) as known:
            floor.submit(c.SignContract(CAT, CAT, 1, ""))
        floor.submit(c.SignContract(CAT, CAT, 1, known.value.sha256))
    return path


@pytest.fixture
def engine(traded, tmp_path):
    """A copy of it that may be damaged."""
    for file in traded.parent.glob("traded.db*"):
        shutil.copy(file, tmp_path / file.name)
    engine = store.connect(f"sqlite:///{tmp_path / 'traded.db'}", write=True)
    yield engine
    engine.dispose()


def differences(engine):
    """Return what a replay names."""
    with engine.connect() as db:
        return replay(db).differences


def damage(engine, statement, **values):
    """Change the records behind the exchange's back, whatever the CHECKs say."""
    with engine.connect() as db:
        raw = db.connection.driver_connection
        raw.rollback()
        raw.execute("PRAGMA ignore_check_constraints = ON")
        changed = raw.execute(statement, values)
        raw.commit()
        assert changed.rowcount == 1


def test_an_honest_journal_gives_the_recorded_state(engine):
    told = []
    with engine.connect() as db:
        found = replay(db, told.append)
    assert found.differences == []
    assert found.replayed == found.recorded
    assert told[-1] == found.records == proven(engine)
    assert found.rows > 30


COLUMNS = 2  # of each table, unless all are asked for: each costs a replay
CHOICE = random.Random(int(os.environ.get("DATABOURSE_TEST_SEED", "2026")))


def chosen(table):
    """Return the columns of a table to be damaged."""
    columns = list(table.columns)
    if os.environ.get("DATABOURSE_TEST_FULL", "") not in {"", "0"}:
        return columns
    return CHOICE.sample(columns, min(COLUMNS, len(columns)))


CELLS = [(table.name, column.name) for table in REBUILT for column in chosen(table)]


@pytest.mark.parametrize(("table", "column"), CELLS)
def test_a_change_in_any_column_of_any_table_is_named(engine, table, column):
    kind = next(t for t in REBUILT if t.name == table).c[column].type
    new = "COALESCE({0}, 0) + 1000003" if isinstance(kind, Integer) else None
    new = new or "COALESCE({0}, '') || 'x'"
    damage(
        engine,
        f"UPDATE {table} SET {column} = {new.format(column)} WHERE rowid ="
        f" (SELECT max(rowid) FROM {table})",
    )
    found = differences(engine)
    assert any(sentence.startswith(table) for sentence in found), found


@pytest.mark.parametrize("table", [table.name for table in REBUILT])
def test_a_row_that_is_missing_is_named(engine, table):
    damage(
        engine,
        f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})",
    )
    assert any("is missing" in sentence for sentence in differences(engine))


def test_a_row_that_no_command_made_is_named(engine):
    damage(
        engine,
        "INSERT INTO receipts SELECT id + 1, seq, at_us, entitlement, holder, file,"
        " sha256, bytes FROM receipts",
    )
    assert any("does not make it" in sentence for sentence in differences(engine))


@pytest.mark.parametrize(
    ("place", "value"), [(7, ["applied", 99]), (7, ["refused", "busy", {}]), (1, 1)]
)
def test_a_record_that_now_comes_out_otherwise_is_named(engine, place, value):
    with engine.connect() as db:
        seq = db.scalar(
            text("SELECT seq FROM journal WHERE body LIKE '%\"PublishFees\"%'")
        )
        body = db.scalar(text(f"SELECT body FROM journal WHERE seq = {seq}"))
    parts = json.loads(body)
    parts[place] = value
    damage(
        engine,
        "UPDATE journal SET body = :body WHERE seq = :seq",
        body=json.dumps(parts),
        seq=seq,
    )
    found = differences(engine)
    if place == 7:
        assert found[0].startswith(f"Record {seq} (PublishFees)")


def test_a_command_changed_in_the_journal_changes_what_follows(engine):
    with engine.connect() as db:
        row = db.execute(
            text("SELECT seq, body FROM journal WHERE body LIKE '%\"PlaceOrder\"%'")
        ).all()[-1]
    parts = json.loads(row.body)
    parts[6][2][3] += 1  # one more than was asked for
    damage(
        engine,
        "UPDATE journal SET body = :body WHERE seq = :seq",
        body=json.dumps(parts),
        seq=row.seq,
    )
    assert differences(engine)


@pytest.mark.parametrize("body", ["", "[]", '[3,4,1,0,null,"Nothing",[],[]]'])
def test_a_record_that_cannot_be_read_is_named(engine, body):
    damage(engine, "UPDATE journal SET body = :body WHERE seq = 3", body=body)
    assert "Record 3 cannot be read." in differences(engine)


def test_at_most_so_many_differences_are_named(engine, monkeypatch):
    monkeypatch.setattr(module, "DIFFERENCES_MAX", 3)
    with engine.begin() as db:
        db.execute(text("UPDATE transfers SET reason = 'x'"))
    assert len(differences(engine)) == 3


def test_an_empty_journal_gives_an_empty_state(sqlite_url):
    engine = opened(sqlite_url)
    with engine.connect() as db:
        found = replay(db)
    assert (found.records, found.differences) == (0, [])
    engine.dispose()
