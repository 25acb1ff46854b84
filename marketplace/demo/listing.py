"""The demo's products, brought to the market by the verbs of vendors and registrar."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection

from listings import admission, instruments, licences, products, releases, windows
from listings.admission import Actor
from listings.files import Storage
from listings.instruments import Unit
from listings.products import Facts
from listings.quality import reports
from listings.quality.child import examine
from listings.standard import STANDARD
from listings.windows import Window
from marketplace.admission import listing_command
from marketplace.demo import dossiers
from marketplace.demo.floor import Traded, Trader, tick_of
from marketplace.demo.members import Cast
from marketplace.demo.pack import PACK
from marketplace.demo.payloads import Goods, Payload, dictionary
from marketplace.demo.products import HONEST_EN, HONEST_ZH, Product, Sold
from marketplace.trading.commands import ListInstrument
from settlement.money import BY_CODE, DEFAULT

# Left on the registrar's desk: one to review, one to admit.
TO_REVIEW, TO_ADMIT = "TECHRAD", "HERITG"
BREAKING = "SPNDL"  # its next release breaks the schema
# Whose files are examined, of each kind some; the others wait for their next release.
EXAMINED = {
    *("SPNDL", "GRNHSE", "AGPRICE", "METROOD", "PORTCL", "FXTICK"),
    *("OPDFLOW", "WXHOUR", "PARKLOT", "EFACTOR", "OEEAPI", "KYBCHK", "WXAPI"),
}
RIGHTS = (
    f"{HONEST_ZH}不含个人信息与商业秘密。\n{HONEST_EN} No personal data, no secrets."
)
SUPPORT = (
    "工作日 9:00–18:00 由供方数据服务组解答，四小时内回复。\n"
    "The vendor's data desk answers on working days, 9:00–18:00, within four hours."
)
_SUFFIXES = {
    "internal": "INT",
    "display": "DIS",
    "derived": "DER",
    "training": "TRN",
    "redistribution": "RED",
    "evaluation": "TRY",
}
# Paid after acceptance: (working days to accept, to deliver; 0: with the trade).
ACCEPTED = {"KYBCHK": (7, 3), "AGPRICE": (7, 0), "OEEAPI": (5, 2), "PORTCL": (7, 0)}
_PER_UNIT = {"seat": "SEAT", "per_call": "PACK"}


def licence_numbers(db: Connection) -> dict[str, int]:
    """Put in the exchange's own licences and the packs'; their numbers by code."""
    made = licences.ensure(db, (*STANDARD, PACK))
    return {code: number for (code, _), number in made.items()}


def symbol(product: Product, sold: Sold) -> str:
    """Return an instrument's symbol: product, kind of right, currency if not CNY."""
    kind = _PER_UNIT.get(sold.mode) or _SUFFIXES[sold.licence]
    money = "" if sold.currency == DEFAULT else f".{sold.currency}"
    return f"{product.code}-{kind}{money}"


def facts(product: Product, vendor: Trader, made: Goods) -> Facts:
    """Return what the vendor says of *product*."""
    columns = [column.name for column in product.columns]
    return Facts(
        product.kind,
        *product.title,
        *product.summary,
        *product.description,
        keywords=product.keywords,
        sector=product.sector,
        industry=product.industry,
        region=product.region,
        updates=product.updates,
        publisher=vendor.person.organisation.name_zh,
        coverage_from=made.coverage[0],
        coverage_until=made.coverage[1],
        row_count=made.row_count,
        size_bytes=sum(len(file.body) for file in made.files),
        dictionary=tuple(dictionary(product)),
        sample={
            "columns": columns,
            "rows": [[row[name] for name in columns] for row in made.sample],
        },
        rights_note=RIGHTS,
        granularity=product.granularity,
        support=SUPPORT,
        **dossiers.declared(product, vendor),
    )


def register(
    db: Connection,
    product: Product,
    vendor: Trader,
    cast: Cast,
    codes: dict[str, int],
    storage: Storage,
    made: Goods,
    label: str,
) -> tuple[int, list[Traded]]:
    """Draft, hand in and register *product*; its number and what is to be traded."""
    actor = Actor(vendor.user, vendor.member)
    number, traded = draft(db, product, vendor, codes, storage, made, label)
    if product.code == BREAKING:
        for one in traded:  # what is bought includes what comes later
            windows.put(db, one.number, Window(None, None))
    admission.submit(db, number, actor)
    registrar = cast.staff["registrar"]
    if product.code != TO_REVIEW:
        dossiers.assess(db, number, product, vendor, cast.assessors, storage)
        dossiers.check(db, number, Actor(registrar.id, registrar.member))
        admission.approve(db, number, registrar, notice_us=0)
        admission.lapse(db, number, registrar)
    return number, traded


def draft(
    db: Connection,
    product: Product,
    vendor: Trader,
    codes: dict[str, int],
    storage: Storage,
    made: Goods,
    label: str,
) -> tuple[int, list[Traded]]:
    """Draft *product* with all that a review asks for; its number, what is traded."""
    actor = Actor(vendor.user, vendor.member)
    number = products.draft(db, vendor.member, facts(product, vendor, made), actor.id)
    release = releases.begin(
        db, number, label, "首个版本（合成数据）。", "First release."
    )
    files = []
    for file in made.files:
        stored = storage.put(BytesIO(file.body))
        filed = releases.add_file(db, release, file.name, stored)
        if product.code in EXAMINED:
            reports.ask(db, filed)
            reports.finish(db, filed, examined(file))
        files.append((filed, stored.sha256, stored.size))
    releases.finalise(db, release)
    traded = [
        Traded(
            instruments.add(db, number, _unit(product, sold, codes)),
            product,
            sold,
            vendor,
            files,
        )
        for sold in product.sold
    ]
    dossiers.prove(db, number, product, vendor, storage)
    return number, traded


def examined(file: Payload) -> dict[str, Any]:
    """Return the report of a file: of our own making, so no child is needed."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "content")
        path.write_bytes(file.body)
        return examine(path, file.name, Path(folder))


def _unit(product: Product, sold: Sold, codes: dict[str, int]) -> Unit:
    times = ACCEPTED.get(product.code, (0, 0))
    return Unit(
        symbol(product, sold),
        codes[sold.licence],
        sold.mode,
        BY_CODE[sold.currency].asset,
        tick_of(sold),
        1,
        sold.term_days,
        sold.deliveries_max,
        sold.transferable,
        None,
        None,
        *((0, 0) if sold.transferable or not sold.price else times),
    )


def admit(
    db: Connection, number: int, registrar: Actor, vendor: Trader
) -> Sequence[ListInstrument]:
    """Admit a registered product, let it publish; what the market is to be told."""
    admission.admit(db, number, registrar)
    by = Actor(vendor.user, vendor.member)
    return [listing_command(by.id, told) for told in admission.publish(db, number, by)]
