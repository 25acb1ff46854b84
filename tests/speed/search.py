"""Search: 100,000 listings in Whoosh, 1,000,000 in PostgreSQL, peers beside them.

Bilingual listings made from a seed; words are drawn as in a real catalogue, few very
often and most rarely. Every query counts all facets and marks its matches; "cold" is
the first time that it is asked, "warm" any later time. Peers get the same terms,
filters, facets and orders: SQLite FTS5, tantivy, and PostgreSQL's own full text
(`tsvector`, GIN, `ts_rank`, GROUP BY). Visible is the time from a commit in the
catalogue until a search finds the change, through the projection. One thread.

SEARCH_WHOOSH and SEARCH_POSTGRES in the environment choose other sizes,
SEARCH_PEERS that of the peers; 0 leaves them out.
"""

import json
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from statistics import median, quantiles
from time import sleep

from sqlalchemy import Connection, Engine, text

from listings.search.entry import Entry, Facet
from listings.search.index import Index, open_index
from listings.search.projection import Change, Projection
from listings.search.query import Query, Sort
from settlement import clock, store
from settlement.errors import Refusal
from tests.speed import Table
from tests.speed._peers import Fts5, FullText, Peer, Tantivy
from tests.speed._server import create_database, server

SEED = 20_260_401
WHOOSH = int(os.environ.get("SEARCH_WHOOSH", "100000"))  # listings
POSTGRES = int(os.environ.get("SEARCH_POSTGRES", "1000000"))
PEERS = int(os.environ.get("SEARCH_PEERS", str(POSTGRES)))
QUERIES = 300
PEER_QUERIES = 60  # of the same: some peers take seconds
CHANGES = 20
ZH_WORDS = (10, 40)  # of a description, from and to
EN_WORDS = (10, 40)
P95_AIM_MS = 100
HOSTILE_AIM_MS = 250
VISIBLE_AIM_MS = 1_000
PERCENTILES = ("queries", "p50 ms", "p95 ms", "p99 ms", "max ms")

_ZH = [
    *("数据", "统计", "气象", "观测", "温度", "降水", "股票", "行情", "交易", "证券"),
    *("上海", "深圳", "北京", "人口", "普查", "经济", "指数", "价格", "历史", "实时"),
    *("接口", "服务", "企业", "登记", "信用", "评价", "医疗", "健康", "交通", "流量"),
    *("卫星", "遥感", "影像", "土地", "农业", "产量", "能源", "电力", "消费", "零售"),
    *("物流", "海关", "进口", "出口", "教育", "就业", "工资", "住房", "环境", "空气"),
    *("质量", "水文", "地震", "地图", "坐标", "文本", "语音", "图像", "标注", "模型"),
    *("训练", "样本", "城市", "乡村", "财政", "税收", "银行", "利率", "汇率", "基金"),
    *("债券", "期货", "保险", "法律", "专利", "科研", "论文", "生物", "基因", "药品"),
]
_EN = [
    *("data", "statistics", "weather", "observation", "temperature", "rainfall"),
    *("stock", "market", "quotes", "trade", "exchange", "population", "census"),
    *("economy", "index", "price", "history", "service", "company", "credit"),
    *("health", "hospital", "traffic", "flow", "satellite", "imagery", "land"),
    *("crop", "yield", "energy", "power", "retail", "logistics", "customs"),
    *("import", "export", "education", "employment", "wage", "housing", "air"),
    *("environment", "quality", "river", "earthquake", "map", "coordinate"),
    *("text", "speech", "image", "label", "model", "training", "sample", "city"),
    *("village", "budget", "tax", "bank", "rate", "fund", "bond", "future"),
    *("insurance", "law", "patent", "research", "paper", "biology", "gene"),
]
# The long tail: every catalogue has thousands of words that few listings share.
_SYLLABLES = [
    "ba",
    "co",
    "di",
    "fu",
    "ge",
    "hi",
    "jo",
    "ku",
    "la",
    "me",
    "ni",
    "po",
    "ra",
    "se",
    "ti",
    "vu",
]
_TAIL = [f"{a}{b}{c}" for a in _SYLLABLES for b in _SYLLABLES for c in _SYLLABLES]
_ZIPF = list(accumulate(1 / rank for rank in range(2, 200)))
_PUNCTUATION = 5  # Chinese words between two commas
_HOSTILE = (
    "*",
    "?????*",
    "a* OR b* OR c*",
    "[a TO z]",
    "NOT " * 200,
    "(" * 3_000,
    "\x00" * 100,
    "x" * 10_000,
    "😀" * 200,
    " ".join(f"{word[:3]}*" for word in _EN[:5]),
    " ".join(_EN[:20]),
    "".join(_ZH[:25]),
    " ".join(word[0] for word in _ZH[:5]),
    '"' + " ".join(_EN[:20]) + '"',
)


def entries(number: int) -> Iterator[Entry]:
    """Yield *number* listings, always the same."""
    chance = random.Random(SEED)
    for id_ in range(1, number + 1):
        vendor = chance.randrange(1, 200)
        yield Entry(
            id_,
            _sentences(chance, 5),
            " ".join(_words(chance, _EN, 6)).capitalize(),
            clock.DAY_US * id_,
            summary_zh=_sentences(chance, 8),
            summary_en=" ".join(_words(chance, _EN, 10)),
            description_zh=_sentences(chance, chance.randint(*ZH_WORDS)),
            description_en=" ".join(_words(chance, _EN, chance.randint(*EN_WORDS))),
            keywords=tuple(_words(chance, _EN, 4)),
            vendor_id=vendor,
            vendor_zh=f"数商{vendor}",
            vendor_en=f"Vendor {vendor}",
            kind=chance.choice(("dataset", "service", "application")),
            sector=f"sector{chance.randrange(12)}",
            region=f"region{chance.randrange(34)}",
            licence=chance.choice(("CC0-1.0", "CC-BY-4.0", "MIT", "own", "")),
            price=chance.choice((None, 0, 50_00, 500_00, 5_000_00, 50_000_00)),
            updates=chance.choice(("daily", "weekly", "monthly", "yearly")),
        )


def _words(chance: random.Random, lexicon: Sequence[str], number: int) -> list[str]:
    """Return words by Zipf's law; one in three from the long tail."""
    frequent = chance.choices(lexicon, cum_weights=_ZIPF[: len(lexicon)], k=number)
    return [
        word if chance.random() < 2 / 3 else chance.choice(_TAIL) for word in frequent
    ]


def _sentences(chance: random.Random, number: int) -> str:
    """Return Chinese text: words in a row, a comma now and then."""
    words = _words(chance, _ZH, number)
    return "，".join(
        "".join(words[at : at + _PUNCTUATION]) for at in range(0, number, _PUNCTUATION)
    )


def queries(number: int) -> Iterator[Query]:
    """Yield mixed queries: one to four words of either language, filters, orders."""
    chance = random.Random(SEED + 1)
    for _ in range(number):
        words = chance.choices(
            _ZH + _EN + _TAIL[:40], k=chance.choice((0, 1, 1, 2, 2, 3, 4))
        )
        if chance.random() < 0.1 and len(words) > 1:
            words = [f'"{" ".join(words)}"']
        if chance.random() < 0.1:
            words.append(chance.choice(_EN)[:4] + "*")
        filters: dict[Facet, frozenset[str]] = {}
        if chance.random() < 0.4:
            filters[Facet.KIND] = frozenset({"dataset"})
        if chance.random() < 0.3:
            filters[Facet.SECTOR] = frozenset({"sector1", "sector2"})
        yield Query(
            " ".join(words),
            filters,
            chance.choice(tuple(Sort)),
            chance.choice((1, 1, 1, 2, 5)),
            language=chance.choice(("zh", "en")),
        )


def run() -> Iterator[Table]:
    """Build the indexes, ask, attack and change them; yield what was measured."""
    with tempfile.TemporaryDirectory() as name, server() as port:
        directory = Path(name)
        engines = [
            (open_index(f"whoosh:{directory}/index"), "Whoosh", WHOOSH),
            (open_index(create_database(port, "search")), "PostgreSQL", POSTGRES),
        ]
        for index, engine, number in engines:
            if not number:  # left out
                continue
            yield _build(index, engine, number)
            yield _ask(index, engine, number)
            yield _attack(index, engine)
            yield _change(index, engine, directory / engine)
            index.close()
        for number in sorted({min(WHOOSH, PEERS), PEERS} - {0}):
            yield _peers(number, directory, port)


def _build(index: Index, engine: str, number: int) -> Table:
    began_s = clock.elapsed_s()
    index.rebuild(entries(number))
    built_s = clock.elapsed_s() - began_s
    began_s = clock.elapsed_s()
    assert index.count() == number
    opened_s = clock.elapsed_s() - began_s
    return Table(
        f"search: build ({engine})",
        ("listings", "seconds", "listings/s", "open ms"),
        [(number, round(built_s, 2), round(number / built_s), round(opened_s * 1e3))],
    )


def _ask(index: Index, engine: str, number: int) -> Table:
    asked = list(queries(QUERIES))
    kinds = {
        "cold": [_milliseconds(index, query) for query in asked],
        "warm": [_milliseconds(index, query) for query in asked],
    }
    return Table(
        f"search: {engine}, {number:,} listings, all facets"
        f" (aim: p95 < {P95_AIM_MS} ms)",
        ("memory", *PERCENTILES),
        [(kind, *_percentiles(taken)) for kind, taken in kinds.items()],
        note=f"load {os.getloadavg()[0]:.1f}",
    )


def _peers(number: int, directory: Path, port: int) -> Table:
    place = directory / str(number)
    place.mkdir()
    peers: dict[str, Peer] = {
        "SQLite FTS5": Fts5(place),
        "tantivy": Tantivy(place),
        "tsvector": FullText(create_database(port, f"peer_{number}")),
    }
    asked = list(queries(PEER_QUERIES))
    rows = []
    for name, peer in peers.items():
        began_s = clock.elapsed_s()
        peer.build(entries(number))
        built_s = clock.elapsed_s() - began_s
        taken = []
        for query in asked:
            began_s = clock.elapsed_s()
            peer.ask(query)
            taken.append((clock.elapsed_s() - began_s) * 1e3)
        rows.append((name, round(built_s), *_percentiles(taken)))
    return Table(
        f"search: peers at {number:,} listings, cold, all facets",
        ("peer", "build s", *PERCENTILES),
        rows,
        note=f"load {os.getloadavg()[0]:.1f}",
    )


def _attack(index: Index, engine: str) -> Table:
    taken = [_milliseconds(index, Query(text)) for text in _HOSTILE]
    return Table(
        f"search: {engine}, hostile queries (aim: all < {HOSTILE_AIM_MS} ms)",
        ("memory", *PERCENTILES),
        [("cold", *_percentiles(taken))],
    )


def _change(index: Index, engine_name: str, directory: Path) -> Table:
    """Commit changes to a catalogue and wait until a search finds each."""
    directory.mkdir()
    engine = store.connect(f"sqlite:///{directory}/catalogue.db", write=True)
    with engine.begin() as db:
        db.execute(text("CREATE TABLE changes (position INTEGER PRIMARY KEY, facts)"))
    projection = Projection(engine, index, _changes_after)
    projection.start()
    listings = list(entries(CHANGES))
    taken = []
    for number, entry in enumerate(listings):
        _record(engine, entry._replace(title_en=f"marker{number}"))
        began_s = clock.elapsed_s()
        while not index.search(Query(f"marker{number}")).total:
            sleep(0.005)
        taken.append((clock.elapsed_s() - began_s) * 1e3)
    projection.stop()
    engine.dispose()
    return Table(
        f"search: {engine_name}, from commit to visible (aim: < {VISIBLE_AIM_MS} ms)",
        ("how", *PERCENTILES),
        [("one by one", *_percentiles(taken))],
    )


def _record(engine: Engine, entry: Entry) -> None:
    with engine.begin() as db:
        db.execute(
            text("INSERT INTO changes (facts) VALUES (:facts)"),
            {"facts": json.dumps(entry)},
        )


def _changes_after(db: Connection, position: int, limit: int) -> list[Change]:
    rows = db.execute(
        text("SELECT * FROM changes WHERE position > :p ORDER BY position LIMIT :n"),
        {"p": position, "n": limit},
    )
    found = [(at, Entry(*json.loads(facts))) for at, facts in rows]
    return [Change(at, entry.id, entry) for at, entry in found]


def _milliseconds(index: Index, query: Query) -> float:
    began_s = clock.elapsed_s()
    with suppress(Refusal):  # a refusal is an answer too
        index.search(query)
    return (clock.elapsed_s() - began_s) * 1e3


def _percentiles(taken: list[float]) -> tuple[int, float, float, float, float]:
    hundredths = quantiles(taken, n=100, method="inclusive")
    return (
        len(taken),
        round(median(taken), 1),
        round(hundredths[94], 1),
        round(hundredths[98], 1),
        round(max(taken), 1),
    )
