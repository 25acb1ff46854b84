"""What the help pages explain is what the code has: every word, every machine."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from types import ModuleType

import listings
import marketplace
import settlement
from listings.registration import checklist
from listings.stages import ListingState, ProductState
from marketplace.schema import metadata
from marketplace.web.lifecycle import OF_LISTING, OF_PRODUCT
from marketplace.web.vocabulary import GLOSSARY, MACHINES
from settlement import ids
from settlement.states import Machine
from tests.visitors import Visitor, app, config, parts, people, visit

__all__ = ["app", "config", "parts", "people", "visit"]

# A module's or a table's name → the word that the design gives to its meaning.
PLURALS = {"deliveries": "delivery"}
# The words of the design (§5): whatever of ours is named by one must be explained.
WORDS = {
    *("member", "vendor", "buyer", "merchant", "user", "product", "release"),
    *("registration", "listing", "licence", "instrument", "order", "quote", "demand"),
    *("trade", "contract", "clearing", "obligation", "settlement", "cycle", "account"),
    *("pocket", "transfer", "hold", "entitlement", "delivery", "acceptance", "payin"),
    *("payout", "refund", "dispute", "journal", "record", "certificate", "refusal"),
    "house",
}


# Needs what only those install who have a cluster: pyspark and sqlglot.
EXTRA = "settlement.statistics.spark"


def modules() -> Iterator[ModuleType]:
    """Import and yield every module of the rooms, but the migrations and the extra."""
    for room in (listings, marketplace, settlement):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if ".migrations" not in found.name and found.name != EXTRA:
                yield importlib.import_module(found.name)


def test_every_state_machine_of_the_code_is_on_the_help_page(
    visit: Callable[[str], Visitor],
):
    there = {
        id(value): value
        for module in modules()
        for value in vars(module).values()
        if isinstance(value, Machine)
    }
    assert len(there) >= 8
    assert {m.name for m in there.values()} == {m.name for m in MACHINES}
    page = visit("").get("/help/states").text
    for machine in there.values():
        drawn = re.search(
            rf'<section[^>]*id="{machine.name}".*?</section>', page, re.DOTALL
        )
        assert drawn, machine.name
        assert drawn[0].count("<li>") == len(machine.moves), machine.name
        states = {str(s) for s in machine.moves.values()}
        states |= {str(before) for before, _ in machine.moves}
        assert drawn[0].count("<rect") == len(states), machine.name


def named_in_the_code() -> set[str]:
    """Return the singular names of our modules, tables, columns and kinds of ids."""
    names = {module.__name__.rpartition(".")[2] for module in modules()}
    names |= {"settlement"} | set(ids.KINDS)
    for found in metadata.tables.values():
        names |= {found.name} | {column.name for column in found.columns}
    parts = {part for name in names for part in name.split("_")}
    return {PLURALS.get(part, part.removesuffix("s")) for part in parts}


def test_the_glossary_explains_every_word_of_the_design_that_the_code_uses(
    visit: Callable[[str], Visitor],
):
    explained = {en for _, en, _ in GLOSSARY}
    assert WORDS & named_in_the_code() <= explained, (
        WORDS & named_in_the_code()
    ) - explained
    page = visit("").get("/help/glossary").text
    for zh, en, _ in GLOSSARY:
        assert f">{en}<" in page, en
        assert f">{zh}<" in page, zh


def test_every_state_of_a_product_and_a_listing_is_explained_to_its_users(
    visit: Callable[[str], Visitor],
):
    assert OF_PRODUCT.keys() == set(ProductState)
    assert OF_LISTING.keys() == set(ListingState)
    page = visit("").get("/help/listing").text
    for machine, states in (("product", OF_PRODUCT), ("listing", OF_LISTING)):
        table = re.search(rf'<section[^>]*id="{machine}".*?</section>', page, re.DOTALL)
        assert table, machine
        assert table[0].count('<th scope="row">') == len(states)


def test_the_registrars_help_names_every_line_of_the_checklist(
    visit: Callable[[str], Visitor],
):
    page = visit("").get("/help/review").text
    for line in checklist.LINES.values():
        assert line.question.zh in page, line
