"""Statements of a market in which everything happened: they tie to the ledger."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from marketplace.trading import proceeds, summaries
from marketplace.trading.summaries import Span
from settlement import store
from settlement.flows import Figure
from settlement.store import PAGE_MAX
from tests.invariants.conftest import open_market

ALWAYS_US = 2**53


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    url = f"sqlite:///{tmp_path_factory.mktemp('summaries')}/market.db"
    open_market(url)
    engine = store.connect(url)
    with engine.connect() as db:
        yield db
    engine.dispose()


@pytest.fixture(scope="module")
def owners(db: Connection) -> list[int]:
    found = db.execute(text("SELECT DISTINCT owner FROM accounts WHERE owner >= 0"))
    return list(found.scalars())


def held(db: Connection, last: int) -> Counter[tuple[int, int]]:
    """Return what each has of each currency after a transfer, by plain SQL."""
    moves = """
        SELECT owner, asset, SUM(amount) FROM (
            SELECT a.owner, a.asset, t.amount FROM transfers t
            JOIN accounts a ON a.id = t.credit
            WHERE a.pocket < 3 AND a.asset < 1000 AND a.owner >= 0 AND t.id <= :last
            UNION ALL
            SELECT a.owner, a.asset, -t.amount FROM transfers t
            JOIN accounts a ON a.id = t.debit
            WHERE a.pocket < 3 AND a.asset < 1000 AND a.owner >= 0 AND t.id <= :last
        ) AS moved GROUP BY owner, asset
    """
    found = db.execute(text(moves), {"last": last})
    return Counter({(owner, asset): total for owner, asset, total in found})


def test_the_statements_of_all_are_what_the_ledger_has(
    db: Connection, owners: list[int]
) -> None:
    always = summaries.span(db, 0, ALWAYS_US)
    figures = set()
    for owner in owners:
        for one in summaries.summaries(db, owner, always):
            figures |= {line.figure for line in one.lines}
            assert one.opening == 0
            balance = (
                "SELECT SUM(balance) FROM accounts"
                " WHERE owner = :owner AND asset = :asset AND pocket < 3"
            )
            known = {"owner": owner, "asset": one.currency}
            assert db.scalar(text(balance), known) == one.closing
    assert figures == set(Figure)  # so everything was in it


def test_each_figure_is_the_sum_of_the_transfers_that_it_opens(
    db: Connection, owners: list[int]
) -> None:
    always = summaries.span(db, 0, ALWAYS_US)
    for owner in owners:
        for one in summaries.summaries(db, owner, always):
            for line in one.lines:
                page = summaries.postings(
                    db, owner, always, one.currency, line.figure, limit=PAGE_MAX
                )
                amounts = [row.amount for row in page.rows]
                assert (sum(amounts), len(amounts)) == (line.amount, line.moves)


@given(st.data())
def test_periods_carry_on_where_the_one_before_ended(
    db: Connection, owners: list[int], data: st.DataObject
) -> None:
    whole = summaries.span(db, 0, ALWAYS_US)
    cut = data.draw(st.integers(0, whole.seq))
    last = db.scalar(
        text(f"SELECT COALESCE(MAX(id), 0) FROM transfers WHERE seq <= {cut}")
    )
    first, rest = Span(0, cut, 0, last), Span(cut, whole.seq, last, whole.last)
    owner = data.draw(st.sampled_from(owners))
    before = {one.currency: one for one in summaries.summaries(db, owner, first)}
    after = summaries.summaries(db, owner, rest)
    there = held(db, last)
    for one in after:
        earlier = before.get(one.currency)
        assert one.opening == (earlier.closing if earlier else 0)
        assert one.opening == there[owner, one.currency]
    both = Counter[Figure]()
    for one in (*before.values(), *after):
        both.update({line.figure: line.amount for line in one.lines})
    all_of_it = Counter[Figure]()
    for one in summaries.summaries(db, owner, whole):
        all_of_it.update({line.figure: line.amount for line in one.lines})
    assert both == all_of_it


def test_a_moment_finds_the_records_before_it(db: Connection) -> None:
    moments = db.execute(text("SELECT seq, at_us FROM journal ORDER BY seq")).all()
    middle = moments[len(moments) // 2]
    found = summaries.span(db, middle.at_us, ALWAYS_US)
    first = next(row.seq for row in moments if row.at_us >= middle.at_us)
    assert found.after_seq == first - 1
    assert summaries.span(db, 0, 0) == Span(0, 0, 0, 0)


def test_the_tax_of_a_statement_is_that_of_its_trades(
    db: Connection, owners: list[int]
) -> None:
    """Of a member whose sales all settled at once nothing else is taxed."""
    later = "".join(
        f" AND id NOT IN (SELECT trade FROM {table})"
        for table in ("escrows", "obligations", "refunds", "busts")
    )
    every = "SELECT id FROM trades WHERE seller = :owner AND price > 0"
    metered = text("SELECT COUNT(*) FROM tabs WHERE vendor = :owner")
    always, seen = summaries.span(db, 0, ALWAYS_US), 0
    for owner in owners:
        known = {"owner": owner}
        sales = db.execute(text(every), known).scalars().all()
        plain = db.execute(text(every + later), known).scalars().all()
        if sales != plain or not sales or db.scalar(metered, known):
            continue
        lines = [proceeds.tax_lines(db, number) for number in sales]
        found = summaries.summaries(db, owner, always)
        assert sum(one.taxes.sales for one in found) == sum(x.amount for x in lines)
        assert sum(one.taxes.fees for one in found) == sum(x.fee_amount for x in lines)
        seen += len(lines)
    assert seen
