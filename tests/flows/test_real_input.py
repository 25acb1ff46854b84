"""Everything, on real input: catalogues, members, orders, files.

By default a sample of it: one of ten listings, 60 members, 2,000 orders, every file.
`make full` takes all of it: 3,910 listings, 200 members, 10,000 orders.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from listings import tables
from listings.search.projection import Projection
from listings.search.query import Query
from marketplace import projection, warehouse
from marketplace.app import create_app
from marketplace.config import Config
from marketplace.members import sessions
from marketplace.members.users import User
from marketplace.services import EXTENSION, Services
from marketplace.trading import commands as c
from marketplace.trading import reads
from marketplace.trading.tables import orders
from settlement import ids, money, statements
from settlement import tables as s
from settlement.statistics.questions import ask
from tests.flows.crowd import PURPOSE, Crowd, Goods
from tests.flows.real_market import (
    CATALOGUES,
    DELIVERIES,
    FULL,
    SAMPLE,
    SUBMITTERS,
    VENDORS,
    People,
    Size,
    databourse,
    enrol_everybody,
    fund,
    import_catalogues,
    list_payloads,
    post_prices,
    price_imported,
)
from tests.visitors import Visitor

# Real catalogues and payloads are no part of this repository; they may lie beside it.
BESIDE = Path(__file__).resolve().parents[2].with_name("shared") / "data"
WHERE = "DATABOURSE_TEST_CATALOGUES"  # the variable that names another place
SEED = int(os.environ.get("DATABOURSE_TEST_SEED", "2026"))
# What may be refused to somebody who trades at random: too little of what is needed,
# and orders that were filled or expired before their cancel arrived.
EXPECTED = {"insufficient_balance", "not_found", "wrong_order"}


@pytest.fixture
def size(full: bool) -> Size:
    """How much is listed and traded."""
    return FULL if full else SAMPLE


@pytest.fixture
def data() -> Path:
    """Where the real catalogues and payloads are; without them, skip by name."""
    found = Path(os.environ.get(WHERE, BESIDE))
    for name in (*CATALOGUES, "payloads"):
        if not (found / name).is_dir():
            pytest.skip(f"needs catalogues: no {name}; set {WHERE} to their directory")
    return found


def trade(
    parts: Services, people: People, everything: Sequence[Goods], orders: int
) -> Counter:
    """Let everybody trade at once; what was refused, by code."""
    crowds = [
        Crowd(parts.gateway, people.members[i::SUBMITTERS], everything, SEED + i)
        for i in range(SUBMITTERS)
    ]
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        list(pool.map(lambda crowd: crowd.trade(orders // SUBMITTERS), crowds))
    assert sum(crowd.accepted for crowd in crowds) >= orders
    return sum((crowd.refused for crowd in crowds), Counter())


def signed_in(app: Flask, parts: Services, user: User) -> Visitor:
    """A browser in which *user* is signed in."""
    client = app.test_client()
    with parts.writes.begin() as db:
        token = sessions.start(db, user.id, "a test")
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = token, True
    return Visitor(client, user)


def buy_now(parts: Services, visitor: Visitor, goods: Goods) -> int:
    """Take the posted price by the order ticket; the entitlement that follows."""
    with parts.reads.connect() as db:
        asked = reads.best(db, [goods.instrument])[goods.instrument].offer
    answer = visitor.post(
        f"/listings/{ids.encode('product', goods.product)}/order",
        instrument=ids.encode("instrument", goods.instrument),
        kind="now",
        quantity="1",
        price=money.plain(asked, money.BY_ASSET[goods.currency].code),
        purpose=PURPOSE,
        accept="1",
        key=f"now-{goods.instrument}",
    )
    assert answer.status_code == 303, answer.text
    with parts.reads.connect() as db:
        newest = statements.entitlements_of(db, visitor.user.member, limit=1).rows[0]
    assert newest.instrument == goods.instrument
    return newest.id


def download(
    parts: Services, visitor: Visitor, entitlement: int, path: Path
) -> tuple[str, int]:
    """Find the file on the page of the right, fetch it, compare it; its address."""
    with parts.reads.connect() as db:
        right = statements.entitlement(db, entitlement, visitor.user.member)
        (promised,) = statements.terms(db, right.terms)["release"]["files"]
    page = f"/rights/{ids.encode('entitlement', entitlement)}"
    assert path.name in visitor.get(page).text
    address = f"{page}/files/{promised['id']}"
    answer = visitor.post(address)
    assert answer.status_code == 200, answer.text
    real = path.read_bytes()
    assert answer.data == real
    assert promised["sha256"] == hashlib.sha256(real).hexdigest()
    assert answer.headers["X-Content-SHA256"] == promised["sha256"]
    assert answer.content_length == promised["size"] == len(real)
    return address, ids.decode("receipt", answer.headers["X-Receipt"])


def deliver_everything(
    app: Flask,
    parts: Services,
    people: People,
    listed: dict[str, list[Goods]],
    payloads: Path,
) -> None:
    """Buy and download every real file, each by another member."""
    members = people.members[len(CATALOGUES) + VENDORS :]
    for number, (name, (term, _)) in enumerate(listed.items()):
        visitor = signed_in(app, parts, members[number])
        right = buy_now(parts, visitor, term)
        address, receipt = download(parts, visitor, right, payloads / name)
        assert receipt == number + 1
    refuse_what_no_right_covers(app, parts, people, visitor, right, address)
    with parts.reads.connect() as db:
        receipts = db.execute(select(s.receipts)).all()
    sent = Counter(receipt.sha256 for receipt in receipts)
    real = {hash_of(payloads / name) for name in listed}
    assert sent.keys() == real
    assert len(receipts) == len(listed) + DELIVERIES - 1


def refuse_what_no_right_covers(
    app: Flask,
    parts: Services,
    people: People,
    holder: Visitor,
    right: int,
    address: str,
) -> None:
    """Ask as somebody else, more often than bought, and after the right has ended."""
    stranger = signed_in(app, parts, people.members[-1])
    assert stranger.post(address).status_code == 404
    for _ in range(DELIVERIES - 1):
        assert holder.post(address).status_code == 200
    refused = holder.post(address)
    assert (refused.status_code, "X-Receipt" in refused.headers) == (403, False)
    parts.gateway.submit(c.RevokeRight(people.staff["registrar"].id, right))
    refused = holder.post(address)
    assert (refused.status_code, "X-Receipt" in refused.headers) == (403, False)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def count_again(parts: Services, orders: int) -> None:
    """Compare the statistics with sums over the records, made here in plain Python."""
    warehouse.Feed(parts.reads, parts.config.warehouse()).step()
    t, i, p = s.trades, tables.instruments, tables.products
    query = (
        select(t.c.currency, t.c.price, t.c.quantity, t.c.instrument, p.c["class"])
        .add_columns(p.c.sector)
        .join_from(t, i, i.c.id == t.c.instrument)
        .join(p, p.c.id == i.c.product)
    )
    with parts.reads.connect() as db:
        rows = db.execute(query).all()
    by_currency: Counter[str] = Counter()
    by_cell: Counter[tuple[str, str, str]] = Counter()
    by_instrument: Counter[int] = Counter()
    for asset, price, quantity, instrument, kind, sector in rows:
        code = money.BY_ASSET[asset].code
        by_currency[code] += price * quantity
        by_cell[kind, sector or "unknown", code] += price * quantity
        by_instrument[instrument] += price * quantity
    assert len(rows) > orders // 10
    assert len(by_cell) > 12
    assert set(by_currency) == {"CNY", "USD"}
    counted = answers(parts, "s06_trades")
    assert sum(row["trades"] for row in counted) == len(rows)
    days: Counter[str] = Counter()
    for row in answers(parts, "s05_turnover"):
        days[row["currency"]] += row["turnover"]
    assert days == by_currency
    cells: Counter[tuple[str, str, str]] = Counter()
    for row in answers(parts, "s05_turnover", by=("class", "sector")):
        cells[row["class"], row["sector"], row["currency"]] += row["turnover"]
    assert cells == by_cell
    top = answers(parts, "top_instruments", top=10_000)
    sold: Counter[int] = Counter()
    for row in top:  # where three parties traded in a month
        sold[row["instrument"]] += row["turnover"]
    assert sold <= by_instrument
    assert len(sold) > len(by_instrument) // 10


def answers(parts: Services, code: str, **more: Any) -> list[dict[str, Any]]:
    """Return the answer to a question, unpublished cells included."""
    found = ask(parts.warehouse, code, **more)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def find_again(
    app: Flask, parts: Services, people: People, goods: Goods, imported: int
) -> None:
    """Find a listing in Chinese, with its price and its facets, as a buyer does."""
    projection.Prices(parts.reads, parts.writes, parts.config.data).step()
    Projection(parts.reads, parts.index, projection.changes_after).catch_up()
    visitor = signed_in(app, parts, people.members[-1])
    page = visitor.get("/market?q=企鹅+测量")
    assert page.status_code == 200
    assert ids.encode("product", goods.product) in page.text
    everything = parts.index.search(Query())
    assert everything.total > imported


def look_at_the_orders(parts: Services, refused: Counter[str], many: int) -> None:
    """Make sure that the trading was worth auditing: everything that can happen did."""
    o, t, i = orders, s.trades, tables.instruments
    with parts.reads.connect() as db:
        states = dict(
            db.execute(select(o.c.state, func.count()).group_by(o.c.state)).all()
        )
        reasons = set(db.execute(select(o.c.reason).distinct()).scalars())
        resold = (
            select(func.count())
            .select_from(t.join(i, i.c.id == t.c.instrument))
            .join(tables.products, tables.products.c.id == i.c.product)
            .where(t.c.seller != tables.products.c.vendor)
        )
        assert db.scalar(resold) > many // 100
    assert sum(states.values()) >= many
    assert states.keys() == {"open", "partial", "filled", "cancelled", "expired"}
    ends = {"requested", "immediate_or_cancel", "fill_or_kill", "self_trade"}
    assert ends | {"expired"} <= reasons
    assert refused.keys() <= EXPECTED, refused


def test_real_listings_are_traded_delivered_counted_and_proved(
    data: Path,
    size: Size,
    tmp_path: Path,
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = Random(SEED)
    monkeypatch.setenv("DATABOURSE_DATA", str(config.data))
    imported = import_catalogues(data, tmp_path, size.every)
    app = create_app(config)
    parts: Services = app.extensions[EXTENSION]
    try:
        people = enrol_everybody(parts, size.members)
        fund(parts, people)
        priced = price_imported(parts, people, random)
        listed = list_payloads(parts, people, data, random)
        everything = [*priced, *(goods for pair in listed.values() for goods in pair)]
        post_prices(parts, everything)
        refused = trade(parts, people, everything, size.orders)
        look_at_the_orders(parts, refused, size.orders)
        deliver_everything(app, parts, people, listed, data / "payloads")
        count_again(parts, size.orders)
        find_again(app, parts, people, listed["penguins.json"][0], imported)
    finally:
        parts.close()
    assert "✓" in databourse("audit")
    assert "✓" in databourse("replay")
