"""The market: search in two languages, facets with counts, results with highlights."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from listings import catalogue, licences
from listings.search.entry import Facet
from listings.search.query import LENGTH_MAX, PAGE_MAX, VALUES_MAX, Query, Sort
from listings.search.results import Count, Results
from marketplace.community.searches import NAME_MAX, address_of
from marketplace.language import language
from marketplace.members import organisations
from marketplace.services import services
from marketplace.web.codes import CODES, code_name, in_language
from marketplace.web.forms import Form, Whole, again, choice, read, text
from marketplace.web.prices import tags
from marketplace.web.words import word

bp = Blueprint("search", __name__)
LICENCE_NAME_MAX = 60  # characters of a licence's title in the facet


class SearchForm(Form):
    """What is looked for, in which order, which page; the facets come beside it."""

    q = text(LENGTH_MAX, needed=False)
    sort = choice((sort.value for sort in Sort), needed=False, default="relevance")
    page = Whole(1, PAGE_MAX, load_default=1)


def nothing_found() -> ResponseReturnValue:
    """Show the search page with the refusal and without results."""
    return render_template(
        "search/search.html", results=None, query=Query(), facets={}, address=""
    )


@bp.get("/market")
@again(nothing_found)
def show() -> ResponseReturnValue:
    """Show what the market has for a query, and the ways to narrow it."""
    typed = read(SearchForm(), request.args)
    query = Query(
        typed["q"], _filters(), Sort(typed["sort"]), typed["page"], language=_language()
    )
    exact = request.args.get("exact") == "1"
    results, corrected = services().finder.find(query, exact=exact)
    numbers = [hit.id for hit in results.hits]
    with services().reads.connect() as db:
        products = catalogue.summaries(db, numbers)
        facets = _facets(db, results)
        return render_template(
            "search/search.html",
            results=results,
            query=query,
            corrected=corrected,
            address=address_of(query.text, list(request.args.items(multi=True))),
            products=products,
            tags=tags(db, numbers),
            vendors=organisations.names(db, {p.vendor for p in products.values()}),
            facets=facets,
            name=_called(query.text, facets),
            sorts=[(sort.value, word(sort.value, "sort")) for sort in Sort],
        )


def _language() -> Any:
    return language()


def _filters() -> dict[Facet, frozenset[str]]:
    """Return the chosen values of each facet, as the address has them."""
    chosen = {
        facet: frozenset(request.args.getlist(facet.value)[: VALUES_MAX + 1])
        for facet in Facet
    }
    return {facet: values for facet, values in chosen.items() if values}


def _facets(db: Connection, results: Results) -> dict[str, Sequence[tuple[Count, str]]]:
    """Return the counts of each facet with their names in the visitor's language."""
    titles = _licence_titles(db, results.facets.get(Facet.LICENCE, ()))
    return {
        facet.value: [(count, _name(facet, count, titles)) for count in counts]
        for facet, counts in results.facets.items()
    }


def _called(words: str, facets: Mapping[str, Sequence[tuple[Count, str]]]) -> str:
    """Return what a search is called when it is saved: its words and its filters."""
    chosen = [
        name for counts in facets.values() for count, name in counts if count.is_chosen
    ]
    return " · ".join(filter(None, [" ".join(words.split()), *chosen]))[:NAME_MAX]


def _licence_titles(db: Connection, counts: Sequence[Count]) -> Mapping[str, str]:
    known = licences.offered(db, [count.code for count in counts])
    return {
        lic.code: in_language((lic.title_zh, lic.title_en))[:LICENCE_NAME_MAX]
        for lic in known
    }


def _name(facet: Facet, count: Count, titles: Mapping[str, str]) -> str:
    if facet is Facet.VENDOR:
        return in_language((count.name_zh, count.name_en))
    if facet is Facet.PRICE:
        return word(count.code, "price")
    if facet is Facet.LICENCE:
        return titles.get(count.code, count.code)
    return code_name(count.code, facet.value) if facet.value in CODES else count.code
