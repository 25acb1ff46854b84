"""A market of real listings: catalogues imported, members enrolled, files for sale."""

import csv
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import NamedTuple

from click.testing import CliRunner
from sqlalchemy import Connection, select

from listings import instruments, licences, products, releases, tables
from listings.instruments import Unit
from listings.products import Facts
from listings.standard import STANDARD
from listings.vocabulary import SECTORS
from marketplace.admission import Decision, act, decide
from marketplace.cli import main
from marketplace.members import users, verification
from marketplace.members.tables import HOUSE
from marketplace.members.tables import users as logins
from marketplace.members.users import User
from marketplace.members.verification import MemberEvent
from marketplace.services import Services
from marketplace.trading import commands as c
from tests.flows.crowd import Goods
from tests.gates import DECLARED, assess, register
from tests.visitors import PASSWORD, credit_code, organisation

CATALOGUES = {  # name → files, those of which the entries are, how many they are
    "akshare-interfaces": (("interfaces.json", "doc_samples.jsonl"), 1, 1_090),
    "aws-open-data-registry": (
        ("registry.jsonl", "tools_and_applications.jsonl"),
        2,
        2_052,
    ),
    "firstdata": (("all-sources.json",), 1, 768),
}
VENDORS, SUBMITTERS = 12, 16
PRICED = 20  # imported listings of each class
DELIVERIES = 3  # of one right for a term
# Minor units for each member, by currency; two of staff must agree to the first.
CASH = {1: 30_000_000, 2: 5_000_000}
UPDATES = {"annual": "yearly", "real-time": "realtime", "not updated": "never"}


class People(NamedTuple):
    """Who is there."""

    catalogues: dict[str, User]
    members: list[User]  # all that trade, the vendors of the catalogues among them
    staff: dict[str, User]


class Size(NamedTuple):
    """How much of everything."""

    every: int  # of so many entries of a catalogue, one is listed
    members: int
    orders: int


SAMPLE, FULL = Size(10, 60, 2_000), Size(1, 200, 10_000)


def databourse(*words: str) -> str:
    """Run a command as the operator does; what it said."""
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def import_catalogues(data: Path, scratch: Path, every: int) -> int:
    """List the three catalogues, each for a vendor of its own; how many entries."""
    total = 0
    for number, (name, (files, first, all_)) in enumerate(CATALOGUES.items(), start=1):
        said = databourse(
            *("member", "add", name, f"vendor@{name}.example"),
            *("--code", credit_code(number), "--vendor", "--buyer", "--verify"),
        )
        vendor = next(word for word in said.split() if word.startswith("mem_"))
        paths, entries = [data / name / file for file in files], all_
        if every > 1:
            thinned = [thin(path, scratch, every) for path in paths[:first]]
            paths[:first] = [path for path, _ in thinned]
            entries = sum(left for _, left in thinned)
        said = databourse("import", name, *map(str, paths), "--vendor", vendor)
        assert f"✓ {entries:,} entries: {entries:,} created," in said
        assert ", 0 refused, " in said
        total += entries
    return total


def thin(path: Path, scratch: Path, every: int) -> tuple[Path, int]:
    """Copy one of *every* entries of a file; the copy, and how many it has."""
    copy, text = scratch / path.name, path.read_text(encoding="utf-8")
    if path.suffix == ".jsonl":
        kept = text.splitlines()[::every]
        copy.write_text("\n".join(kept), encoding="utf-8")
        return copy, len(kept)
    document = json.loads(text)
    name = next(name for name, value in document.items() if isinstance(value, list))
    document[name] = document[name][::every]
    copy.write_text(json.dumps(document), encoding="utf-8")
    return copy, len(document[name])


def enrol_everybody(parts: Services, many: int) -> People:
    """Register and verify members up to so many, and the staff."""
    hashed = parts.passwords.hash(PASSWORD)
    with parts.writes.begin() as db:
        named = {row.email: row.id for row in db.execute(select(logins))}
        catalogues = {
            name: users.get(db, named[f"vendor@{name}.example"]) for name in CATALOGUES
        }
        members = list(catalogues.values())
        for number in range(100, 100 + many - len(members)):
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
    assert told == many - len(CATALOGUES)
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
    db: Connection, codes: dict, product: int, vendor: User, random: Random, symbol: str
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
            register(db, product, vendor, registrar)
            assess(db, product)
    for goods in listed.values():
        decide(parts, goods[0].product, Decision("admit"), registrar)
        act(parts, goods[0].product, "publish", goods[0].vendor)
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
        **DECLARED,
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
