"""A change request: what was approved last against what is proposed, word by word."""

from sqlalchemy import Connection, Row

from listings import products
from listings.differences import Difference, texts_between
from listings.products import Facts
from listings.steps import registration_of
from marketplace.web import drafts
from marketplace.web.codes import code_name

# Fields of a product that are codes → what the codes are of.
CODED = {
    "kind": "class",
    "sector": "sector",
    "industry": "industry",
    "region": "region",
    "updates": "updates",
    "source_route": "route",
    "sensitivity": "sensitivity",
    "personal": "personal",
}


def proposed(db: Connection, row: Row[tuple[object, ...]]) -> list[Difference]:
    """Return the fields in which a product's newest facts are not the registered ones.

    Empty if nothing was registered yet.
    """
    newest = registration_of(db, row.id)
    if newest is None:
        return []
    before = products.facts_from(products.loads(newest.facts))
    return between(before, products.facts_of(row))


def between(before: Facts, after: Facts) -> list[Difference]:
    """Return the fields in which two descriptions differ, as they are typed."""
    return texts_between(_texts(before), _texts(after))


def _texts(facts: Facts) -> dict[str, str]:
    """Return facts as the form shows them; codes by name, absent ones empty."""
    typed = drafts.values(facts)
    typed["dictionary"] = "\n".join(map(drafts.told, facts.dictionary))
    return {
        field: code_name(said, CODED[field]) if field in CODED and said else str(said)
        for field, said in typed.items()
        if field not in _NOT_TYPED and said is not None
    }


_NOT_TYPED = ("rights", "extra")  # its cells are typed one by one; nobody types it
