"""What the demo's members say of each other's products: reviews, questions, follows."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, update

from listings import tables
from marketplace.community import (
    blind,
    buyers,
    complaints,
    looks,
    questions,
    ratings,
    watches,
)
from marketplace.community import tables as said
from marketplace.community.buyers import Marks
from marketplace.community.ratings import Scores
from marketplace.demo.floor import Trader
from marketplace.members import users
from marketplace.members.users import User
from settlement import clock
from settlement.tables import trades

REVIEWED = 14  # products with a review, each by a buyer of it
ASKED = 8  # of them, with a question as well
FOLLOWED = 5  # products that each of the first buyers follows
FOLLOWERS = 6
UNANSWERED = 3  # the last questions wait for their vendors


class _Review(NamedTuple):
    """What a buyer writes and the vendor replies."""

    scores: Scores
    text: str
    reply: str = ""


# By buyers at home, and by those abroad.
_REVIEWS = {
    False: (
        _Review(
            Scores(5, 5, 4),
            "字段与数据字典一致，抽查三百行未发现缺失。更新比承诺的时间还早半天。",
            "感谢认可。下个版本将增加区县一级的汇总，敬请关注。",
        ),
        _Review(
            Scores(4, 4, 5),
            "口径说明清楚，客服当天就回复了编码问题。希望能提供更长的历史。",
            "历史数据正在整理，计划下季度以新版本提供，已购用户按许可可直接取用。",
        ),
        _Review(Scores(4, 5, 4), "样例与正式文件结构完全相同，接入只用了一个下午。"),
        _Review(
            Scores(3, 4, 3),
            "整体可用，但个别站点的时间戳跨日时有重复，需要自行去重。",
            "问题已定位，是补传造成的重复，下一版本修正，并会在公告中说明。",
        ),
        _Review(Scores(5, 4, 5), "用于排产预测，误差比自建口径下降明显，会续购。"),
    ),
    True: (
        _Review(
            Scores(5, 5, 4),
            "Columns are exactly as documented, and the file loads without cleaning.",
            "Thank you. English labels for the codes come with the next release.",
        ),
        _Review(
            Scores(4, 3, 4),
            "Good coverage. Two units in the dictionary were in the old notation.",
            "Corrected in the dictionary; the data itself was right.",
        ),
    ),
}
# What is reported of listings: its kind, and the words.
_REPORTS = (
    ("facts", "字段说明写“每日更新”，最近三天没有新的记录，请核实更新频率。"),
    ("other", "The sample names a unit that the dictionary does not explain."),
)
# A question and its answer.
_QUESTIONS = {
    False: (
        (
            "历史版本是否可以随当前版本一并下载？",
            "许可写明含历史版本的可以，见许可页。",
        ),
        ("字段缺失值是留空还是用特殊值表示？", "一律留空，不使用特殊值。"),
        ("能否按地市拆分购买？", "目前只整体提供；如有需要，可在“需求”中发布。"),
    ),
    True: (
        (
            "Are the times local or UTC?",
            "Local (UTC+8); the dictionary says so for each column.",
        ),
        (
            "May results be published in a paper?",
            "Findings yes, under the licence for research; the data itself no.",
        ),
    ),
}


def speak(db: Connection, buyers: list[Trader]) -> None:
    """Let buyers review what they bought, ask, and follow; vendors reply and answer."""
    abroad = {one.member: one.person.abroad for one in buyers}
    reviews = {far: cycle(texts) for far, texts in _REVIEWS.items()}
    asked = {far: cycle(texts) for far, texts in _QUESTIONS.items()}
    speakers = {one.member: users.get(db, one.user) for one in buyers}
    bought = list(_purchases(db, speakers))
    for number, row in enumerate(bought):
        far, vendor = abroad[row.buyer], _vendor(db, row.vendor)
        _review(db, row, next(reviews[far]), speakers[row.buyer], vendor)
        if number < ASKED:
            text, answer = next(asked[far])
            answer = answer if number < ASKED - UNANSWERED else ""
            _ask(db, row, (text, answer), speakers[row.buyer], vendor)
    _report(db, bought, speakers)
    _look_around(db, buyers)
    for place, one in enumerate(buyers[:FOLLOWERS]):
        for row in bought[place : place + FOLLOWED]:
            watches.follow(db, one.member, watches.PRODUCT, row.product)
        watches.follow(db, one.member, watches.VENDOR, bought[place].vendor)


def _look_around(db: Connection, buyers: list[Trader]) -> None:
    """Let buyers look at listings, at some more than at others; most buy nothing."""
    li = tables.listings.c
    query = select(li.product).where(li.state == "listed").order_by(li.product)
    now_us = clock.now_us()
    looks.write(
        db,
        [
            (one.member, product, now_us - (1 + (product + place) % 27) * clock.DAY_US)
            for product in db.execute(query).scalars()
            for place, one in enumerate(buyers)
            if (7 * product + 3 * place) % (4 + product % 5) < 3
        ],
    )


def _report(db: Connection, bought: list[Any], speakers: dict[int, User]) -> None:
    """Let two buyers report a listing; one report is answered by nobody yet."""
    for row, (kind, text) in zip(bought, _REPORTS, strict=False):
        number = complaints.complain(db, row.product, kind, text, speakers[row.buyer])
        _date(db, said.complaints, number, {"at_us": _later(row.at_us, 3)})


def _purchases(db: Connection, speakers: dict[int, User]) -> Iterator[Any]:
    """Yield the first purchase of each of some products, by many buyers."""
    i, p = tables.instruments.c, tables.products.c
    query = (
        select(trades.c.id, trades.c.buyer, trades.c.at_us, i.product, p.vendor)
        .join(tables.instruments, i.id == trades.c.instrument)
        .join(tables.products, p.id == i.product)
        .where(trades.c.buyer.in_(list(speakers)), trades.c.seller == p.vendor)
        .where(trades.c.state == ratings.SETTLED)
        .order_by(trades.c.id)
    )
    products: set[int] = set()
    turns = dict.fromkeys(speakers, 0)
    for row in db.execute(query):
        if row.product not in products and turns[row.buyer] <= len(products) // 5:
            products.add(row.product)
            turns[row.buyer] += 1
            yield row
        if len(products) == REVIEWED:
            return


def _vendor(db: Connection, member: int) -> User:
    (first, *_) = users.of_member(db, member)
    return users.get(db, first.id)


def _review(
    db: Connection, row: Any, review: _Review, buyer: User, vendor: User
) -> None:
    """Write a review two days after the trade; the reply comes the day after that.

    A vendor that replies has rated its buyer before, a day after the trade.
    """
    number = ratings.rate(db, row.id, review.scores, review.text, buyer)
    at_us = _later(row.at_us, 2)
    when = {"at_us": at_us, "open_us": _later(at_us, blind.WINDOW_DAYS)}
    if review.reply:
        buyers.rate(db, row.id, Marks(5, review.scores.support), "", vendor)
        theirs = {"at_us": _later(row.at_us, 1), "open_us": at_us}
        mine = said.buyer_ratings.c.trade == row.id
        db.execute(update(said.buyer_ratings).where(mine).values(theirs))
        when["open_us"] = at_us
        ratings.reply(db, number, review.reply, vendor)
        when["reply_us"] = _later(at_us, 1)
    _date(db, said.ratings, number, when)


def _ask(
    db: Connection, row: Any, texts: tuple[str, str], buyer: User, vendor: User
) -> None:
    """Ask half a day before the purchase; the answer takes some hours."""
    text, answer = texts
    number = questions.ask(db, row.product, text, buyer)
    at_us = row.at_us - clock.DAY_US // 2
    when = {"at_us": at_us}
    if answer:
        questions.answer(db, number, answer, vendor)
        when["answered_us"] = at_us + (3 + number) * clock.HOUR_US
    _date(db, said.questions, number, when)


def _date(db: Connection, table: Any, number: int, when: dict[str, int]) -> None:
    db.execute(update(table).where(table.c.id == number).values(**when))


def _later(at_us: int, days: int) -> int:
    """Return the moment *days* later, or now if that is still to come."""
    return min(at_us + days * clock.DAY_US, clock.now_us())
