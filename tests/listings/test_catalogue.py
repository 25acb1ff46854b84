"""The catalogue's reads and the positions of its changes."""

from ast import literal_eval

import pytest
from sqlalchemy import event

from listings import admission, catalogue, products, tables
from listings.admission import Actor
from listings.products import Facts
from settlement import store
from settlement.errors import NotFound
from tests.gates import approve, prove, to_market

VENDOR, REGISTRAR = Actor(5, 7), Actor(9, 0)


def listed(db, product):
    return to_market(db, product, VENDOR, REGISTRAR)


def test_the_other_language_stands_in_for_a_missing_text(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        listed(db, product)
        shown = catalogue.listing(db, product)
        brief = catalogue.summaries(db, [product])[product]
    assert shown.title("zh") == "江苏逐日气温"
    assert shown.title("en") == "Daily temperatures of Jiangsu"
    assert shown.summary("en") == brief.summary("en") == "十三个地级市的逐日气温。"
    assert shown.description("zh") == "One row is one city on one day."


def test_search_is_told_of_listed_products_only(engine, drafted):
    product = drafted()
    with engine.begin() as db:
        assert [c.entry for c in catalogue.changes_after(db, 0, 10)] == [None]
        listed(db, product)
        (change,) = catalogue.changes_after(db, 0, 10)
        assert change.product_id == change.entry.id == product
        assert change.entry.licence == "internal"
        assert change.entry.price is None
        assert change.entry.region == "32"
        admission.suspend(db, product, "a complaint", REGISTRAR)
        (change,) = catalogue.changes_after(db, change.position, 10)
        assert change.entry is None


def test_positions_grow_and_only_the_newest_change_of_a_product_stays(engine):
    with engine.begin() as db:
        made = [products.draft(db, 7, Facts("dataset"), 5) for _ in range(3)]
        catalogue.touch(db, made)
        catalogue.touch(db, [made[0], made[0]])
        found = catalogue.changed(db, 0, 10)
        assert [product for _, product in found] == [made[1], made[2], made[0]]
        positions = [position for position, _ in found]
        assert positions == sorted(set(positions))
        assert catalogue.changed(db, positions[1], 10) == found[2:]
        assert catalogue.changed(db, 0, 1) == found[:1]


def test_a_vendor_pages_through_its_own_products(engine):
    with engine.begin() as db:
        mine = [products.draft(db, 7, Facts("dataset"), 5) for _ in range(5)]
        products.draft(db, 8, Facts("dataset"), 6)
        first = catalogue.products_of(db, 7, limit=3)
        assert [row.id for row in first] == mine[:1:-1]
        rest = catalogue.products_of(db, 7, before=first[-1].id, limit=3)
        assert [row.id for row in rest] == mine[1::-1]


def test_the_staff_see_each_queue_oldest_first(engine, drafted):
    first, second = drafted(), drafted(symbol="OTHER")
    with engine.begin() as db:
        for product in (second, first):
            prove(db, product)
            admission.submit(db, product, VENDOR)
        queued = catalogue.queue(db, "in_review")
        assert [row.id for row in queued] == [first, second]
        assert [r.id for r in catalogue.queue(db, "in_review", after=first)] == [second]
        approve(db, first, REGISTRAR)
        admission.lapse(db, first, REGISTRAR)
        assert [row.id for row in catalogue.queue(db, "pending")] == [first]
        assert catalogue.queue(db, "listed") == []


def test_home_shows_what_is_new_and_how_much_there_is(engine, drafted):
    first, second = drafted(), drafted(symbol="OTHER")
    with engine.begin() as db:
        listed(db, first)
        listed(db, second)
        assert [row.id for row in catalogue.newest(db)] == [second, first]
        assert catalogue.counts(db) == {"dataset": 2}
        unit = catalogue.instruments_of(db, first)[0]
        named = catalogue.traded(db, [unit.id, 999])
    assert named.keys() == {unit.id}
    assert named[unit.id].title("zh") == "江苏逐日气温"


def test_a_draft_is_not_in_public(engine, drafted):
    product = drafted()
    with engine.connect() as db:
        with pytest.raises(NotFound):
            catalogue.listing(db, product)
        assert catalogue.summaries(db, [product]) == {}
        assert catalogue.product(db, product, vendor=7).state == "draft"


def test_the_newest_listings_are_read_in_the_order_of_an_index(sqlite_url):
    engine = store.connect(sqlite_url, write=True)
    tables.products.metadata.create_all(engine)
    asked: list[str] = []
    event.listen(
        engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, values, *_: asked.append(
            str(statement) if not values else f"{statement} -- {values}"
        ),
    )
    with engine.connect() as db:
        assert catalogue.newest(db) == []
        statement, _, values = asked[-1].partition(" -- ")
        plan = db.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", literal_eval(values)
        ).all()
    engine.dispose()
    steps = " / ".join(row[3] for row in plan)
    assert "ix_listings_newest" in steps
    assert "TEMP B-TREE" not in steps
