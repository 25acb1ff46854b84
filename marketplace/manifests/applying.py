"""Bring the vendor's products to what its documents say, or say what that would change.

One transaction: it is rolled back if anything is wrong, or if nobody asked for more
than the differences. Each step is the verb that the pages call, so that the same rules
hold; only prices follow after the commit, by the one door, as everywhere.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from listings import admission, catalogue, instruments, licences, products
from listings.instruments import Instrument, Unit
from listings.marking import N_
from listings.plans import Plan
from listings.products import Facts
from listings.standard import ALL
from marketplace.manifests import documents
from marketplace.manifests.reading import Problem, Written, read
from marketplace.manifests.writing import DEFAULTS
from marketplace.members.users import User
from marketplace.pricing import changes
from marketplace.pricing.changes import Writing
from marketplace.trading import reads
from settlement.errors import Forbidden, Invalid, Refusal

CREATED, CHANGED, UNCHANGED = OUTCOMES = ("created", "changed", "unchanged")
ON_MARKET = "listed"
PLACEHOLDER = Facts(kind="dataset")  # for finding the other problems; never kept
T = TypeVar("T")
NEEDED = ("symbol", "licence", "mode")


class Change(NamedTuple):
    """One value that differs."""

    path: str
    before: Any  # None: there is none yet
    after: Any


class Outcome(NamedTuple):
    """What became of a document, or would become of it."""

    line: int
    product: int | None  # None: it is made only when the document is applied
    reference: str | None
    outcome: str  # of OUTCOMES
    changes: tuple[Change, ...]
    waiting: tuple[str, ...]  # symbols whose price waits for their listing


class Judged(NamedTuple):
    """An outcome, and the prices to be set after the commit with their lines."""

    outcome: Outcome
    prices: tuple[tuple[int, int, Problem], ...]  # instrument, price, where


def apply(parts: Writing, text: str, by: User, *, dry_run: bool) -> list[Outcome]:
    """Apply the documents of *text* in the name of a vendor's user.

    Invalid names every problem as ``line: path``, and nothing was done; unless it is
    the market that refuses a price after all: then the rest is done, and applying it
    again goes on from there. With *dry_run* nothing is done in any case.
    """
    if "vendor" not in by.roles:
        raise Forbidden("vendor")
    found, problems = read(text, documents.SCHEMA)
    with parts.writes.connect() as db, db.begin() as transaction:
        work = _Work(db, parts, by, problems)
        judged = [work.judge(document) for document in found]
        if problems or dry_run:
            transaction.rollback()
    _refuse(problems)
    if not dry_run:
        _set_prices(parts, by, judged)
    return [
        each.outcome._replace(product=None)
        if dry_run and each.outcome.outcome == CREATED
        else each.outcome
        for each in judged
    ]


def _set_prices(parts: Writing, by: User, judged: list[Judged]) -> None:
    problems: list[Problem] = []
    for instrument, price, where in (
        wanted for each in judged for wanted in each.prices
    ):
        _tried(
            problems, where, partial(changes.set_price, parts, by, instrument, price)
        )
    _refuse(problems)


def _refuse(problems: list[Problem]) -> None:
    said: dict[str, list[str]] = {}
    for line, path, text in sorted(problems):
        said.setdefault(f"{line}: {path}" if path else str(line), []).append(text)
    if said:
        raise Invalid(said)


def _tried(problems: list[Problem], where: Problem, do: Callable[[], T]) -> T | None:
    """Return what *do* does; None if it is refused, which is a problem of *where*."""
    try:
        return do()
    except Invalid as invalid:
        for field, texts in invalid.problems.items():
            path = f"{where.path}.{field}".rstrip(".")
            problems += [where._replace(path=path, text=text) for text in texts]
    except Refusal as refusal:
        problems.append(where._replace(text=refusal.title()))
    return None


class _Work(NamedTuple):
    """One transaction's work on the documents of one file."""

    db: Connection
    parts: Writing
    by: User
    problems: list[Problem]

    def judge(self, document: Written) -> Judged:
        """Bring one product to what its document says."""
        values, wrong = documents.loaded(document)
        self.problems.extend(wrong)
        facts = documents.facts_in(values.get("facts") or {})
        number, is_new, changed = self._facts(document, values, facts)
        added, prices, waiting = self._units(
            document, number, values.get("instruments") or []
        )
        made = (*changed, *added)
        outcome = CREATED if is_new else CHANGED if made else UNCHANGED
        return Judged(
            Outcome(
                document.line(""),
                number,
                values.get("reference"),
                outcome,
                made,
                waiting,
            ),
            prices,
        )

    def _facts(
        self, document: Written, values: dict[str, Any], facts: Facts
    ) -> tuple[int, bool, tuple[Change, ...]]:
        """Draft or change the product; its number, whether it is new, what differs."""
        number = self._wanted(document, values)
        before = DEFAULTS if number is None else self._now(number)._asdict()
        changed = tuple(
            Change(f"facts.{name}", before[name], value)
            for name, value in facts._asdict().items()
            if value != before[name]
        )
        if number is None:
            draft = partial(self._draft, facts, values.get("reference"))
            made = self._step(document, "facts", draft)
            return made or self._draft(PLACEHOLDER, None), True, changed
        if changed:
            self._step(document, "facts", partial(self._change, number, facts))
        return number, False, changed

    def _draft(self, facts: Facts, reference: str | None) -> int:
        made = products.draft(self.db, self.by.member, facts, self.by.id)
        if reference is not None:
            documents.name(self.db, made, self.by.member, reference)
        return made

    def _wanted(self, document: Written, values: dict[str, Any]) -> int | None:
        """Return the product that the document is of; None: a new one."""
        number, reference = values.get("product"), values.get("reference")
        if (number is None) == (reference is None):
            text = N_("Name the product: either its id or a reference of your own.")
            self.problems.append(Problem(document.line(""), "", text))
            return None
        if reference is not None:
            return documents.named(self.db, self.by.member, reference)
        found = partial(catalogue.product, self.db, number or 0, self.by.member)
        mine = self._step(document, "product", found)
        return mine.id if mine else None

    def _now(self, number: int) -> Facts:
        return products.facts_of(products.find(self.db, number))

    def _change(self, number: int, facts: Facts) -> None:
        """Edit a draft, or hand in other facts of a registered product."""
        row = products.find(self.db, number)
        admission.revise(self.db, number, facts, row.version, self.by)

    def _units(
        self, document: Written, product: int, wanted: list[dict[str, Any]]
    ) -> tuple[
        tuple[Change, ...], tuple[tuple[int, int, Problem], ...], tuple[str, ...]
    ]:
        """Add the instruments that are missing; what differs, prices, what waits."""
        made: list[Change] = []
        prices, waiting = [], []
        numbered = [
            (f"instruments.{n}", each)
            for n, each in enumerate(wanted)
            if each.keys() >= set(NEEDED)
        ]
        for path, values in sorted(
            numbered, key=lambda each: bool(each[1].get("trial_of"))
        ):
            known = {u.symbol: u for u in catalogue.instruments_of(self.db, product)}
            found = known.get(values["symbol"].upper())
            if found is None:
                found = self._add(document, path, product, values, known)
                made.append(Change(path, None, values["symbol"].upper()))
            else:
                self._same(document, path, found, values, known)
            price = values.get("price")
            if found is None or price is None:
                continue
            place = f"{path}.price"
            where = Problem(document.line(place), place, "")
            if found.state != ON_MARKET:
                waiting.append(found.symbol)
            elif (change := self._price(where, found, price)) is not None:
                made.append(change)
                prices.append((found.id, price, where))
        return tuple(made), tuple(prices), tuple(waiting)

    def _add(
        self,
        document: Written,
        path: str,
        product: int,
        values: dict[str, Any],
        known: dict[str, Instrument],
    ) -> Instrument | None:
        db, trial = self.db, values.get("trial_of")
        usual = licences.ensure(db, ALL[:1])[ALL[0].code, ALL[0].version]
        choose = partial(licences.chosen, db, values["licence"], self.by.member, ALL)
        chosen = {name: value for name, value in values.items() if name != "price"} | {
            "symbol": values["symbol"].upper(),
            "licence": self._step(document, path, choose) or usual,
        }
        if not isinstance(chosen.get("plan"), Plan | None):
            chosen["plan"] = None  # its problems are named; the rest may have more
        if trial is not None:
            of = known.get(trial.upper())
            chosen["trial_of"] = of.id if of else 0
        add = partial(instruments.add, db, product, Unit(**chosen))
        number = self._step(document, path, add)
        return instruments.get(db, number) if number else None

    def _same(
        self,
        document: Written,
        path: str,
        found: Instrument,
        values: dict[str, Any],
        known: dict[str, Instrument],
    ) -> None:
        """Refuse other terms under the same symbol: somebody may hold a right."""
        symbols = {unit.id: unit.symbol for unit in known.values()}
        trial = values.get("trial_of")
        now = {name: getattr(found, name) for name in values if hasattr(found, name)}
        now |= {"licence": found.licence.code}
        now |= {"trial_of": symbols.get(found.trial_of or 0)}
        said = values | {"symbol": found.symbol, "price": None}
        said |= {"trial_of": trial.upper() if trial else None}
        for name in now:
            if said[name] != now[name]:
                place = f"{path}.{name}"
                self.problems.append(Problem(document.line(place), place, FIXED))

    def _price(self, where: Problem, unit: Instrument, price: int) -> Change | None:
        """Return the change of a price, that the market would take, if any."""
        posted = reads.posted_prices(self.db, [unit.id]).get(unit.id)
        rise = changes.pending(self.db, [unit.id]).get(unit.id)
        before = rise.price if rise else posted
        if price == before:
            return None
        config = self.parts.config
        check = partial(changes.foreseen, self.db, config, self.by, unit.id, price)
        _tried(self.problems, where, check)
        return Change(where.path, before, price)

    def _step(self, document: Written, path: str, do: Callable[[], T]) -> T | None:
        """Take a step of its own; what is refused is undone and noted by its line."""
        noted: list[Problem] = []

        def nested() -> T:
            with self.db.begin_nested():
                return do()

        done = _tried(noted, Problem(0, path, ""), nested)
        self.problems.extend(
            problem._replace(line=document.line(problem.path)) for problem in noted
        )
        return done


FIXED = N_("An instrument stays as it is: give another one another symbol.")
