"""The demo's products at every step of their life, each by the verbs that lead there.

What never came to the market is in ``stages.toml``; the rest are listed products whose
life went on: changed, suspended, taken off, with a drift, with a breaking release.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from io import BytesIO, StringIO

from sqlalchemy import Connection, Engine, update

from listings import admission, products, releases
from listings.admission import Actor
from listings.files import Storage
from listings.formats.rows import PRICE
from listings.quality import reports
from listings.registration import passing
from marketplace.admission import untold
from marketplace.community import announcements, holders, looks
from marketplace.community.tables import looks as seen
from marketplace.demo import dates, dossiers, listing
from marketplace.demo.floor import Floor, Traded, Trader
from marketplace.demo.members import Cast
from marketplace.demo.payloads import Payload, goods
from marketplace.demo.products import Product, staged
from marketplace.members import profiles, users
from marketplace.members.profiles import Profile
from settlement import clock

CHANGED, DRIFTED, BREAKING = "OPDFLOW", "AGPRICE", listing.BREAKING
SUSPENDED, DELISTED = "FIRECAL", "FESTAPP"
OLD, NEW = "load_pct", "spindle_load_pct"  # what breaks: a column renamed
NOTICE_DAYS = 30
LOOKERS, LOOKED_DAYS = 6, 3
CONSENTS = 1  # holders who accept the breaking release at once
REMARKS = {
    "source_statement": "请写明渔港申报系统的主管单位和数据授权的起止日期。",
    "dictionary": "catch_t 请注明是申报量还是核定量。",
    "title_en": "“Inshore” 与中文“近海”口径不一，请核对。",
}
OBJECTION = (
    "本商圈的停车占用数据由我司设备采集，未见授权；请供方说明来源。"
    " The occupancy of our car parks was measured by our devices."
)
WHY_SUSPENDED = "抽检发现数据字典与文件不一致，请供方更正后申请恢复。"
WHY_DELISTED = "供方停止维护，已购使用权按合同继续有效。"
# How many days from now a product would be admitted: its steps are dated by that.
_DAYS = {"returned": 5.0, "publicity": 5.5, "objection": 5.5, "admitted": 0.0}
_TERM_DAYS = 1_096


class Stages:
    """Brings products to the steps that four weeks of trading do not show."""

    def __init__(
        self, floor: Floor, writes: Engine, cast: Cast, storage: Storage
    ) -> None:
        """Act by the members of *cast*; files go to *storage*."""
        self._floor, self._writes = floor, writes
        self._cast, self._storage = cast, storage
        registrar = cast.staff["registrar"]
        self._registrar = Actor(registrar.id, registrar.member)

    def make(
        self,
        numbers: Mapping[str, int],
        traded: Mapping[str, Sequence[Traded]],
        seed: int,
        first: datetime,
    ) -> None:
        """Make everything; listed products by their codes."""
        with self._writes.begin() as db:
            codes = listing.licence_numbers(db)
            for stage, product in staged().items():
                self._stage(db, stage, product, codes, seed, first)
            self._change(db, numbers[CHANGED], traded[CHANGED][0].vendor)
            self._look(db, (numbers[DRIFTED], numbers[BREAKING], numbers[SUSPENDED]))
            self._drift(db, numbers[DRIFTED], traded[DRIFTED][0], seed, first)
            self._break(db, numbers[BREAKING], traded[BREAKING][0], seed, first)
            self._ask_for_profile(db, traded[SUSPENDED][0].vendor)
        self._end(numbers[SUSPENDED], "suspended", WHY_SUSPENDED)
        self._end(numbers[DELISTED], "delisted", WHY_DELISTED)
        for code in (DRIFTED, BREAKING):  # later buyers get what is served now
            self._tell(numbers[code])

    def _stage(
        self,
        db: Connection,
        stage: str,
        product: Product,
        codes: dict[str, int],
        seed: int,
        first: datetime,
    ) -> None:
        vendor = self._cast.vendors[product.vendor]
        actor, made = Actor(vendor.user, vendor.member), goods(product, seed, first)
        if stage == "draft":
            facts = listing.facts(product, vendor, made)._replace(
                description_en="", scene="", rights=None, extra={PRICE: _PROPOSED}
            )
            products.draft(db, vendor.member, facts, actor.id)
            return
        number, _ = listing.draft(
            *(db, product, vendor, codes, self._storage, made, f"{first:%Y-%m}")
        )
        admission.submit(db, number, actor)
        if stage == "returned":
            admission.return_(db, number, REMARKS, self._registrar)
        else:
            dossiers.check(db, number, self._registrar)
            self._registered(db, stage, number, product, vendor)
        self._date(db, stage, number)

    def _registered(
        self, db: Connection, stage: str, number: int, product: Product, vendor: Trader
    ) -> None:
        """Approve a product and go on from there."""
        ends = stage in {"admitted", "lapsed"}
        wait_us = 0 if ends else dates.NOTICE_DAYS * clock.DAY_US
        admission.approve(db, number, self._registrar, wait_us)
        if stage == "objection":
            buyer = self._cast.buyers[0]
            by = Actor(buyer.user, buyer.member)
            admission.object_(db, number, OBJECTION, by)
        if ends:
            admission.lapse(db, number, self._registrar)
        if stage == "admitted":
            assessors = self._cast.assessors
            dossiers.assess(db, number, product, vendor, assessors, self._storage)
            admission.admit(db, number, self._registrar)
        if stage == "lapsed":
            passing.expire(db, number)

    @staticmethod
    def _date(db: Connection, stage: str, number: int) -> None:
        days = _DAYS.get(stage, -float(_TERM_DAYS))
        at_us = clock.now_us() + int(days * clock.DAY_US)
        dates.move_listings(db, {number: at_us})

    def _change(self, db: Connection, number: int, vendor: Trader) -> None:
        """Let the vendor hand other facts in; the registered ones stay in force."""
        row = products.find(db, number)
        before = products.facts_of(row)
        facts = before._replace(
            summary_zh=before.summary_zh.replace("。", "，自本版起按科室细分。", 1),
            summary_en=before.summary_en.rstrip(".") + ", now by department.",
            updates="weekly",
            keywords=(*before.keywords, "科室"),
            scene=before.scene + "\n新增：医联体按科室调配号源。",
        )
        by = Actor(vendor.user, vendor.member)
        admission.change(db, number, facts, row.version, by)

    def _drift(
        self, db: Connection, number: int, one: Traded, seed: int, first: datetime
    ) -> None:
        """Publish a release whose prices are dearer."""
        self._release(db, number, one, seed, first, ("第二版", "Second"), _dearer)

    def _break(
        self, db: Connection, number: int, one: Traded, seed: int, first: datetime
    ) -> None:
        """Finalise a release that renames a column; some of its holders agree."""
        words = ("负载字段改名", "The load has another name")
        release = self._release(db, number, one, seed, first, words, _renamed)
        reached = holders.affected(db, number)
        by_member = {buyer.member: buyer.user for buyer in self._cast.buyers}
        for member in [m for m in reached if m in by_member][:CONSENTS]:
            announcements.accept(db, release, users.get(db, by_member[member]))

    def _release(
        self,
        db: Connection,
        number: int,
        one: Traded,
        seed: int,
        first: datetime,
        words: tuple[str, str],
        rewrite: "Rewrite",
    ) -> int:
        """Add the next release of a product, its table rewritten; return it."""
        label = f"{first.year + first.month // 12}-{first.month % 12 + 1:02}"
        release = releases.begin(
            db, number, label, f"{words[0]}（合成数据）。", f"{words[1]}."
        )
        for made in goods(one.product, seed, first).files:
            file = Payload(made.name, _rewritten(made, rewrite))
            stored = self._storage.put(BytesIO(file.body))
            filed = releases.add_file(db, release, file.name, stored)
            reports.ask(db, filed)
            reports.finish(db, filed, listing.examined(file))
        by = users.get(db, one.vendor.user)
        announcements.finalise(db, release, by, NOTICE_DAYS)
        dates.move_release(db, release, self._floor.at_us)
        return release

    def _look(self, db: Connection, numbers: tuple[int, ...]) -> None:
        """Let some buyers look at products three days before they change."""
        at_us = clock.now_us() - LOOKED_DAYS * clock.DAY_US
        for buyer in self._cast.buyers[:LOOKERS]:
            for number in numbers:
                looks.look(db, buyer.member, number)
        db.execute(update(seen).values(at_us=at_us))

    def _ask_for_profile(self, db: Connection, vendor: Trader) -> None:
        """Let a verified vendor ask for another profile."""
        known = vendor.person.organisation
        moved = known.address.replace("演示路", "示范大道")
        by = users.get(db, vendor.user)
        profiles.change(db, Profile(known.representative, moved), by)

    def _end(self, number: int, state: str, why: str) -> None:
        """Suspend a listing or take it off the market; holders are told."""
        verb = admission.suspend if state == "suspended" else admission.delist
        with self._writes.begin() as db:
            verb(db, number, why, self._registrar)
            announcements.tell_standing(db, number, state, why, self._registrar.member)
        self._tell(number)

    def _tell(self, number: int) -> None:
        with self._writes.connect() as db:
            commands = list(untold(db, number, self._registrar.id))
        for command in commands:
            self._floor.must(command)


_PROPOSED = {"price": "4800.00", "currency": "CNY", "mode": "whole"}
Rewrite = Callable[[list[dict[str, str]]], list[dict[str, str]]]


def _rewritten(file: Payload, rewrite: Rewrite) -> bytes:
    """Return a CSV file with its rows rewritten; the dictionary names what they do."""
    if not file.name.endswith(".csv"):
        named = file.body.decode()
        return (
            named.replace(f'"{OLD}"', f'"{NEW}"') if rewrite is _renamed else named
        ).encode()
    rows = rewrite(list(csv.DictReader(StringIO(file.body.decode()))))
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _dearer(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Raise every decimal number by a half."""

    def moved(text: str) -> str:
        whole, point, _ = text.partition(".")
        return f"{float(text) * 1.5:.2f}" if point and whole.isdigit() else text

    return [{name: moved(text) for name, text in row.items()} for row in rows]


def _renamed(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Call a column by another name."""
    return [
        {NEW if name == OLD else name: text for name, text in row.items()}
        for row in rows
    ]
