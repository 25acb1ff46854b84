"""Everything, on real input: 3,910 listings, 200 members, 10,000 orders, real files."""

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from listings import admission as desk
from listings import instruments, licences, products, releases, tables
from listings.instruments import Unit
from listings.products import Facts
from listings.search.projection import Projection
from listings.search.query import Query
from listings.standard import STANDARD
from listings.vocabulary import SECTORS
from marketplace import projection, warehouse
from marketplace.admission import Decision, decide
from marketplace.app import create_app
from marketplace.cli import main
from marketplace.config import Config
from marketplace.members import sessions, users, verification
from marketplace.members.tables import HOUSE
from marketplace.members.tables import users as logins
from marketplace.members.users import User
from marketplace.members.verification import MemberEvent
from marketplace.services import EXTENSION, Services
from marketplace.trading import commands as c
from marketplace.trading import reads
from marketplace.trading.tables import orders
from settlement import ids, money, statements
from settlement import tables as s
from settlement.statistics.questions import ask
from tests.crowd import PURPOSE, Crowd, Goods
from tests.visitors import PASSWORD, Visitor, credit_code, organisation

SEED = 2026
CATALOGUES = {  # name → files, entries
    "akshare-interfaces": (("interfaces.json", "doc_samples.jsonl"), 1_090),
    "aws-open-data-registry": (
        ("registry.jsonl", "tools_and_applications.jsonl"),
        2_052,
    ),
    "firstdata": (("all-sources.json",), 768),
}
MEMBERS, VENDORS, ORDERS, SUBMITTERS = 200, 12, 10_000, 16
PRICED = 20  # imported listings of each class
CASH = {
    1: 30_000_000,
    2: 5_000_000,
}  # minor units for each; the first needs two of staff
# What may be refused to somebody who trades at random: too little of what is needed,
# and orders that were filled or expired before their cancel arrived.
EXPECTED = {"insufficient_balance", "not_found", "wrong_order"}
DELIVERIES = 3  # of one right for a term
UPDATES = {"annual": "yearly", "real-time": "realtime", "not updated": "never"}


class People(NamedTuple):
    """Who is there."""

    catalogues: dict[str, User]
    members: list[User]  # all that trade, the vendors of the catalogues among them
    staff: dict[str, User]


def databourse(*words: str) -> str:
    """Run a command as the operator does; what it said."""
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def import_catalogues(data: Path) -> None:
    """List the three catalogues, each for a vendor of its own."""
    for number, (name, (files, entries)) in enumerate(CATALOGUES.items(), start=1):
        said = databourse(
            *("member", "add", name, f"vendor@{name}.example"),
            *("--code", credit_code(number), "--vendor", "--buyer", "--verify"),
        )
        vendor = next(word for word in said.split() if word.startswith("mem_"))
        paths = [str(data / name / file) for file in files]
        said = databourse("import", name, *paths, "--vendor", vendor)
        assert f"✓ {entries:,} entries: {entries:,} created," in said
        assert ", 0 refused, " in said


def enrol_everybody(parts: Services) -> People:
    """Register and verify members up to MEMBERS, and the staff."""
    hashed = parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        named = {row.email: row.id for row in db.execute(select(logins))}
        catalogues = {
            name: users.get(db, named[f"vendor@{name}.example"]) for name in CATALOGUES
        }
        members = list(catalogues.values())
        for number in range(100, 100 + MEMBERS - len(members)):
            wanted = organisation(number, vendor=number < 100 + VENDORS, buyer=True)
            email = f"m{number}@member.example"
            member, user = users.sign_up(db, wanted, email, f"M{number}", hashed)
            verification.submit(db, member, user)
            verification.decide(db, member, MemberEvent.VERIFY, None)
            members.append(users.get(db, user))
        roles = ("registrar", "settlement_officer", "settlement_approver")
        staff = {
            role: users.get(
                db, users.add(db, HOUSE, f"{role}@house.example", role, hashed, [role])
            )
            for role in roles
        }
    told = verification.tell_market(parts.reads, parts.gateway)
    assert told == MEMBERS - len(CATALOGUES)
    return People(catalogues, members, staff)


def fund(parts: Services, people: People) -> None:
    """Bring money in for everybody: announced, confirmed, approved above the limit."""
    officer = people.staff["settlement_officer"].id
    approver = people.staff["settlement_approver"].id
    submit = parts.gateway.submit

    def pay_in(user: User) -> None:
        for currency, amount in CASH.items():
            request = c.RequestPayin(user.id, user.member, currency, amount, "start")
            payin = submit(request).result
            if submit(c.ConfirmPayin(officer, payin)).result == "pending":
                submit(c.ApprovePayin(approver, payin))

    with ThreadPoolExecutor(SUBMITTERS) as pool:
        list(pool.map(pay_in, people.members))


def price_imported(parts: Services, people: People, random: Random) -> list[Goods]:
    """Sell some of the imported listings: two instruments each, admitted by staff."""
    p = tables.products
    by_number = {user.member: user for user in people.catalogues.values()}
    made = []
    with parts.writes.begin() as db:
        codes = licences.ensure(db, STANDARD)
        for kind in ("dataset", "service", "application"):
            query = select(p.c.id, p.c.vendor).where(p.c["class"] == kind)
            found = db.execute(query.order_by(p.c.id)).all()
            for row in random.sample(found, PRICED):
                made += add_units(
                    db, codes, row.id, by_number[row.vendor], random, f"R{row.id}"
                )
    for product in sorted({goods.product for goods in made}):
        decide(parts, product, Decision("admit_added"), people.staff["registrar"])
    return made


def add_units(
    db, codes: dict, product: int, vendor: User, random: Random, symbol: str
) -> list[Goods]:
    """Add a right for a term and transferable seats to a product."""
    currency = 2 if random.random() < 0.2 else 1
    price = random.randrange(500, 20_000)
    terms = {
        "TERM": (
            "internal",
            "per_term",
            {"term_days": 365, "deliveries_max": DELIVERIES},
        ),
        "SEAT": ("redistribution", "seat", {"transferable": True}),
    }
    return [
        Goods(
            instruments.add(
                db,
                product,
                Unit(
                    f"{symbol}-{suffix}", codes[licence, "1.0"], mode, currency, **more
                ),
            ),
            product,
            vendor,
            currency,
            price,
            suffix == "SEAT",
        )
        for suffix, (licence, mode, more) in terms.items()
    ]


def list_payloads(
    parts: Services, people: People, data: Path, random: Random
) -> dict[str, list[Goods]]:
    """Describe, register and admit the real files; what is traded of each file."""
    with (data / "payloads" / "manifest.csv").open(encoding="utf-8") as manifest:
        rows = list(csv.DictReader(manifest))
    sectors = {name.zh: code for code, name in SECTORS.items()}
    vendors = people.members[len(CATALOGUES) :][:VENDORS]
    registrar, listed = people.staff["registrar"], {}
    with parts.writes.begin() as db:
        codes = licences.ensure(db, STANDARD)
        for number, row in enumerate(rows):
            vendor = vendors[number % VENDORS]
            facts = facts_of(row, sectors[row["sector_zh"]], data / "payloads")
            product = products.draft(db, vendor.member, facts, vendor.id)
            release = releases.begin(db, product, "2026-11")
            with (data / "payloads" / row["file"]).open("rb") as file:
                releases.add_file(db, release, row["file"], parts.files.put(file))
            releases.finalise(db, release)
            goods = add_units(db, codes, product, vendor, random, f"P{product}")
            listed[row["file"]] = goods
            desk.submit(db, product, vendor)
            desk.approve(db, product, registrar)
            desk.lapse(db, product, registrar)
    for goods in listed.values():
        decide(parts, goods[0].product, Decision("admit"), registrar)
    return listed


def facts_of(row: dict[str, str], sector: str, payloads: Path) -> Facts:
    """Return what the manifest says of a file, and the file of its columns."""
    updates = row["update_frequency"].partition(" (")[0]
    return Facts(
        "dataset",
        row["title_zh"],
        row["title_en"],
        f"{row['title_zh']}，来源：{row['publisher']}。",
        f"{row['title_en']}, published by {row['publisher']}.",
        row["title_zh"],
        row["title_en"],
        keywords=(row["sector_zh"], row["title_zh"]),
        dictionary=tuple(columns_of(payloads / row["file"])),
        sector=sector,
        region="world",
        updates=UPDATES.get(updates, updates),
        publisher=row["publisher"],
        rights_note=row["licence"],
    )


def columns_of(path: Path) -> Iterator[dict[str, str]]:
    """Yield what a table's first line says; other formats describe themselves."""
    names = [path.name]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file))
    for name in names:
        yield {"name": name, "type": "text", "zh": name, "en": name}


def post_prices(parts: Services, everything: Sequence[Goods]) -> None:
    """Let vendors post a price for terms, and offer a number of seats."""
    for goods in everything:
        many = 40 if goods.transferable else 1
        line = c.Line(
            *(goods.instrument, "sell", goods.price, many),
            evergreen=not goods.transferable,
        )
        vendor = goods.vendor
        placed = parts.gateway.submit(c.PlaceOrder(vendor.id, vendor.member, line))
        assert placed.result.state == "open"


def trade(parts: Services, people: People, everything: Sequence[Goods]) -> Counter:
    """Let everybody trade at once; what was refused, by code."""
    crowds = [
        Crowd(parts.gateway, people.members[i::SUBMITTERS], everything, SEED + i)
        for i in range(SUBMITTERS)
    ]
    with ThreadPoolExecutor(SUBMITTERS) as pool:
        list(pool.map(lambda crowd: crowd.trade(ORDERS // SUBMITTERS), crowds))
    assert sum(crowd.accepted for crowd in crowds) >= ORDERS
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


def count_again(parts: Services) -> None:
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
    by_cell: Counter[tuple[str, str | None, str]] = Counter()
    by_instrument: Counter[int] = Counter()
    for asset, price, quantity, instrument, kind, sector in rows:
        code = money.BY_ASSET[asset].code
        by_currency[code] += price * quantity
        by_cell[kind, sector, code] += price * quantity
        by_instrument[instrument] += price * quantity
    assert len(rows) > ORDERS // 10
    assert len(by_cell) > 12
    assert set(by_currency) == {"CNY", "USD"}
    counted = answers(parts, "trades_count")
    assert sum(row["trades"] for row in counted) == len(rows)
    assert sum(row["quantity"] for row in counted) == sum(row.quantity for row in rows)
    days: Counter[str] = Counter()
    for row in answers(parts, "turnover_by_day"):
        days[row["currency"]] += row["turnover"]
    assert days == by_currency
    cells: Counter[tuple[str, str | None, str]] = Counter()
    for row in answers(parts, "turnover_by_class_sector_month"):
        cells[row["class"], row["sector"], row["currency"]] += row["turnover"]
    assert cells == by_cell
    top = answers(parts, "top_instruments", top=10_000)
    assert {row["instrument"]: row["turnover"] for row in top} == by_instrument


def answers(parts: Services, code: str, **more: int) -> list[dict[str, Any]]:
    """Return the answer to a question, unpublished cells included."""
    found = ask(parts.warehouse, code, public=False, **more)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def find_again(app: Flask, parts: Services, people: People, goods: Goods) -> None:
    """Find a listing in Chinese, with its price and its facets, as a buyer does."""
    projection.Prices(parts.reads, parts.writes, parts.config.data).step()
    Projection(parts.reads, parts.index, projection.changes_after).catch_up()
    visitor = signed_in(app, parts, people.members[-1])
    page = visitor.get("/market?q=企鹅+测量")
    assert page.status_code == 200
    assert ids.encode("product", goods.product) in page.text
    everything = parts.index.search(Query())
    assert everything.total >= sum(entries for _, entries in CATALOGUES.values())


def look_at_the_orders(parts: Services, refused: Counter[str]) -> None:
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
        assert db.scalar(resold) > 100
    assert sum(states.values()) >= ORDERS
    assert states.keys() == {"open", "partial", "filled", "cancelled", "expired"}
    ends = {"requested", "immediate_or_cancel", "fill_or_kill", "self_trade"}
    assert ends | {"expired"} <= reasons
    assert refused.keys() <= EXPECTED, refused


def test_real_listings_are_traded_delivered_counted_and_proved(
    require: Callable[[str], str],
    config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, random = Path(require("catalogues")), Random(SEED)
    monkeypatch.setenv("DATABOURSE_DATA", str(config.data))
    import_catalogues(data)
    app = create_app(config)
    parts: Services = app.extensions[EXTENSION]
    try:
        people = enrol_everybody(parts)
        fund(parts, people)
        priced = price_imported(parts, people, random)
        listed = list_payloads(parts, people, data, random)
        everything = [*priced, *(goods for pair in listed.values() for goods in pair)]
        post_prices(parts, everything)
        refused = trade(parts, people, everything)
        look_at_the_orders(parts, refused)
        deliver_everything(app, parts, people, listed, data / "payloads")
        count_again(parts)
        find_again(app, parts, people, listed["penguins.json"][0])
    finally:
        parts.close()
    assert "✓" in databourse("audit")
    assert "✓" in databourse("replay")
