"""The tables of the statistics: what is corrected, and what was published."""

from sqlalchemy import CheckConstraint, Column, Index, Text

from settlement.store import Whole, table

corrections = table(
    "corrections",  # trades taken out, put back, at another price; only added to
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("trade", Whole, nullable=False),
    Column("at_us", Whole, nullable=False),
    Column("by_user", Whole, nullable=False),
    Column("event", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("bust", Whole, unique=True),  # that it follows, if it does
    Column("price", Whole),  # to which the trade was adjusted
    Column("fee", Whole),  # and what it is charged then
    CheckConstraint("event IN ('exclude', 'restore', 'adjust')", name="event"),
    CheckConstraint(
        "(event = 'adjust') = (price IS NOT NULL AND fee IS NOT NULL)", name="price"
    ),
    CheckConstraint("reason <> ''", name="reason"),
)
Index("ix_corrections_trade", corrections.c.trade, corrections.c.id)

queries = table(
    "queries",  # the texts of questions that were published; only added to
    Column("sha256", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

publications = table(
    "publications",  # the figures of a month as they were at a moment; a vintage each
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("period", Text, nullable=False),  # 2026-11
    Column("last_day", Text, nullable=False),  # of what is counted: 2026-11-20
    Column("vintage", Whole, nullable=False),  # 1, 2 … of the same month
    Column("seq", Whole, nullable=False),  # the last record that is counted …
    Column("head", Text, nullable=False),  # … and its hash
    Column("correction", Whole, nullable=False),  # the last one that is known
    Column("dimensions", Text, nullable=False),  # hash and folder of what it is about
    Column("sha256", Text, nullable=False),  # of all of it
    Column("reason", Text, nullable=False),  # of a revision; empty for the first
    Column("release_us", Whole, nullable=False),  # under embargo until then
    Column("made_us", Whole, nullable=False),
    Column("proposed_by", Whole, nullable=False),
    Column("state", Text, nullable=False),
    Column("decided_by", Whole),
    Column("decided_us", Whole),
    Column("withdrawn_by", Whole),
    Column("withdrawn_us", Whole),
    Column("withdrawn_because", Text),
    CheckConstraint(
        "state IN ('proposed', 'approved', 'rejected', 'withdrawn')", name="state"
    ),
    CheckConstraint("vintage > 0 AND release_us >= made_us", name="order"),
    CheckConstraint(
        "(state = 'proposed') = (decided_by IS NULL)"
        " AND (state = 'rejected' OR decided_by <> proposed_by)",
        name="two_persons",
    ),
    CheckConstraint(
        "(state = 'withdrawn') = (coalesce(withdrawn_because, '') <> '')",
        name="withdrawn",
    ),
)
Index("ix_publications_period", publications.c.period, publications.c.vintage)

figures = table(
    "figures",  # one published table: the answer to a question, by some dimensions
    Column("id", Whole, primary_key=True, autoincrement=False),
    Column("publication", Whole, nullable=False),
    Column("question", Text, nullable=False),
    Column("by", Text, nullable=False),  # class,sector
    Column("query", Text, nullable=False),  # hash of its text, in `queries`
    Column("columns", Text, nullable=False),  # JSON
    Column("rows", Text, nullable=False),  # JSON; what is withheld is null
    Column("withheld", Whole, nullable=False),
    Column("sha256", Text, nullable=False),  # of columns, a line feed and rows
)
Index("ix_figures_question", figures.c.question, figures.c.by, figures.c.publication)
Index("ix_figures_publication", figures.c.publication, figures.c.id)
