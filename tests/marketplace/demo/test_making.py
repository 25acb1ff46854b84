import json
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from listings import catalogue, products, releases, tables
from listings.files import Storage
from listings.quality import measured
from listings.search.index import open_index
from listings.search.query import Query
from listings.stages import ProductState
from marketplace import demo
from marketplace.approvals.tables import approvals
from marketplace.community import announcements, holders
from marketplace.community.tables import questions, ratings, watches
from marketplace.config import Config
from marketplace.demo.people import PASSWORD, logins
from marketplace.members import profiles, users
from marketplace.members.passwords import Passwords
from marketplace.members.tables import members
from marketplace.surveillance.detectors import detect
from marketplace.surveillance.seen import look
from marketplace.trading.mandate_tables import mandates
from marketplace.trading.replay import replay
from marketplace.trading.tables import orders
from marketplace.trading.tender_tables import tender_bids, tenders
from settlement import clock, store
from settlement.invariants import violations
from settlement.tables import entitlements, journal, payins, payouts, receipts, trades


@pytest.fixture
def db(market):
    config, _ = market
    engine = store.connect(config.database_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def count(db, table, *where):
    return db.scalar(select(func.count()).select_from(table).where(*where))


def test_the_market_is_as_large_as_its_summary_says(market, db):
    _, summary = market
    assert summary.members == 31
    assert summary.listings == sum(catalogue.counts(db).values()) >= 58
    assert summary.orders == count(db, orders)
    assert summary.commands == count(db, journal)
    assert 1_500 < summary.trades == count(db, trades)
    listed = tables.instruments.c.state == "listed"
    assert summary.instruments == count(db, tables.instruments, listed)


def test_the_books_balance_and_no_invariant_is_broken(db):
    assert list(violations(db)) == []


def test_the_journal_replays_to_what_is_recorded(db):
    found = replay(db)
    assert found.differences == []
    assert found.replayed == found.recorded


def test_members_have_reviewed_asked_and_followed(db):
    replied = select(ratings).where(ratings.c.reply != "")
    assert db.execute(replied).first()
    assert count(db, ratings) == 14
    assert count(db, ratings, ratings.c.at_us > clock.now_us()) == 0
    assert count(db, questions, questions.c.answer == "") == 3
    assert count(db, questions, questions.c.answered_us > questions.c.at_us) == 5
    assert count(db, watches) >= 30


def test_everything_happened_in_the_four_weeks(db):
    first, last = db.execute(
        select(func.min(trades.c.at_us), func.max(trades.c.at_us))
    ).one()
    assert last <= clock.now_us()
    assert 26 * clock.DAY_US < last - first < 28 * clock.DAY_US
    latest = db.scalar(select(func.max(journal.c.at_us)))
    assert latest <= clock.now_us()
    assert db.scalar(select(func.max(tables.reviews.c.at_us))) <= clock.now_us()


def test_a_listing_comes_after_its_steps_and_before_its_trades(db):
    when = select(
        tables.reviews.c.product, tables.reviews.c.event, tables.reviews.c.at_us
    )
    steps = {}
    for product, event, at_us in db.execute(when):
        steps.setdefault(product, {})[event] = at_us
    whole = [found for found in steps.values() if "admit" in found]
    assert len(whole) >= 60
    for found in whole:
        assert found["submit"] < found["approve"] < found["lapse"] < found["admit"]
    early = (
        select(func.count())
        .select_from(trades)
        .join(tables.instruments, tables.instruments.c.id == trades.c.instrument)
        .join(
            tables.listings,
            tables.listings.c.product == tables.instruments.c.product,
        )
        .where(trades.c.at_us < tables.listings.c.admitted_us)
    )
    assert db.scalar(early) == 0


def test_there_is_something_to_see_on_every_page(db):
    assert count(db, receipts) > 500
    assert count(db, payouts, payouts.c.state == "paid") > 5
    assert {state for (state,) in db.execute(select(orders.c.state).distinct())} == {
        *("open", "partial", "filled", "cancelled", "expired")
    }
    ended = entitlements.c.state == "revoked"
    assert count(db, entitlements, ended) > 50  # passed on to others
    assert len({code for (code,) in db.execute(select(trades.c.currency))}) >= 3


def test_the_staff_finds_work_on_every_desk(db):
    assert count(db, members, members.c.state == "pending") == 2
    assert count(db, tables.products, tables.products.c.state == "in_review") == 2
    assert len(profiles.waiting(db)) == 1
    assert count(db, tables.listings, tables.listings.c.state == "pending") == 2
    assert count(db, payins, payins.c.state == "created") >= 1
    assert count(db, payins, payins.c.state == "pending") >= 1
    assert count(db, payouts, payouts.c.state == "requested") >= 1


def test_there_is_a_product_at_every_step_of_its_life(db):
    p, li = tables.products.c, tables.listings.c
    assert {state for (state,) in db.execute(select(p.state).distinct())} == {
        state.value for state in ProductState
    }
    states = {state for (state,) in db.execute(select(li.state).distinct())}
    assert states == {"pending", "admitted", "listed", "suspended", "delisted"}


def test_a_returned_product_says_why_at_each_field(db):
    r = tables.reviews.c
    query = select(r.reasons).where(r.machine == "product", r.event == "return")
    (reasons,) = db.execute(query).scalars()
    assert {"source_statement", "dictionary", "title_en"} == json.loads(reasons).keys()


def test_a_change_waits_while_the_registered_facts_stay_in_force(db):
    queue = catalogue.queue(db, "in_review")
    (changed,) = [one for one in queue if one.listing_state == "listed"]
    row = products.find(db, changed.id)
    assert row.proposed is not None
    before, after = products.listed_facts(row), products.facts_of(row)
    assert before.summary_zh != after.summary_zh
    assert before.updates != after.updates


def test_an_order_waits_inside_a_member_and_an_agent_has_a_mandate(db):
    (waiting,) = db.execute(select(approvals.c.member, approvals.c.state))
    assert waiting.state == "waiting"
    (given,) = db.execute(select(mandates.c.member, mandates.c.state))
    assert tuple(given) == (waiting.member, "active")


def test_detectors_raise_hardly_a_false_alarm(db):
    seen = look(db, 0)
    assert len(seen.deals) > 2_000
    assert len(seen.orders) > 4_000
    assert len(detect(seen)) * 500 < len(seen.deals)


def test_tenders_ask_for_deposits_and_one_waits_to_be_opened(db):
    states = select(tenders.c.state).where(tenders.c.deposit > 0)
    assert set(db.execute(states).scalars()) == {"open", "closed"}
    bonds = db.execute(select(tender_bids.c.bond)).scalars().all()
    assert bonds == ["held"] * 5


def test_a_breaking_release_waits_for_its_holders(db):
    waiting = releases.waiting(
        db, [row.id for row in db.execute(select(tables.products.c.id))]
    )
    (release,) = waiting
    # Thirty days from the demo's last day, which may have been the day before.
    assert release.live_us > clock.now_us() + 28 * clock.DAY_US
    reached = set(holders.affected(db, release.product))
    accepted = announcements.accepted_by(db, release.id)
    assert accepted < reached
    assert len(accepted) == 1


def test_a_release_drifted_from_the_one_before(db):
    newest = func.max(tables.releases.c.label)
    label = db.scalar(select(newest))
    query = select(tables.releases.c.id).where(tables.releases.c.label == label)
    moved = [measured.of_release(db, number).drift for (number,) in db.execute(query)]
    assert any(moved)


def test_a_vendor_agreed_to_one_purpose_and_is_asked_for_another(db):
    r = tables.access_requests.c
    query = select(r.wanted, r.state).order_by(r.id)
    assert [tuple(row) for row in db.execute(query)] == [
        ("model_training", "approved"),
        ("redistribution", "open"),
    ]
    used = entitlements.c.purpose == "model_training"
    symbol = tables.instruments.c.symbol == "TRKGPS-FLEX"
    number = db.scalar(select(tables.instruments.c.id).where(symbol))
    assert count(db, entitlements, used, entitlements.c.instrument == number) == 1


def test_lively_instruments_are_quoted_on_both_sides(db):
    live = orders.c.state.in_(("open", "partial"))
    sides = (
        select(orders.c.instrument, func.count(orders.c.side.distinct()))
        .join(tables.instruments, tables.instruments.c.id == orders.c.instrument)
        .where(live, tables.instruments.c.transferable == 1)
        .group_by(orders.c.instrument)
    )
    found = dict(db.execute(sides).all())
    assert len(found) >= 20
    assert sum(count == 2 for count in found.values()) >= 0.9 * len(found)


def test_what_is_delivered_is_in_the_storage(market, db):
    config, _ = market
    storage = Storage(config.files_url)
    rows = db.execute(select(tables.files)).all()
    assert len(rows) == 140
    assert all(storage.has(row.storage_key) for row in rows)


def test_search_finds_the_listings_with_their_prices(market):
    config, summary = market
    index = open_index(config.search_url)
    assert index.search(Query("")).total == summary.listings
    found = index.search(Query("天气预报"))
    assert found.total >= 1
    assert index.search(Query("weather forecast")).total >= 1


def test_the_tape_has_every_trade(market):
    config, summary = market
    days = {path.parent.name for path in config.warehouse().rglob("day=*/*.parquet")}
    assert len(days) >= 28  # and today, if something traded or was mended today
    assert summary.trades


def test_anyone_can_sign_in_with_the_printed_password(db):
    passwords = Passwords()
    for login in (logins()[0], logins()[7], logins()[-1]):
        assert (
            users.find(db, login.email, passwords, login.password).email == login.email
        )
    assert logins()[0].password == PASSWORD


def test_a_market_is_built_once_and_noticed(market, tmp_path):
    config, _ = market
    assert demo.is_built(config)
    assert not demo.is_built(Config.at(tmp_path / "empty").prepared())


def test_the_same_seed_gives_the_same_journal(market, tmp_path, db):
    config = replace(Config.at(tmp_path / "again"), fast_passwords=True)
    demo.build(config, seed=3)
    again = store.connect(config.database_url)
    head = select(journal.c.hash).order_by(journal.c.seq.desc()).limit(1)
    with again.connect() as other:
        assert other.scalar(head) == db.scalar(head)
    again.dispose()
