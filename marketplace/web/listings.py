"""A listing: facts, dictionary, sample, rights, files, and the books to trade in."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from listings import catalogue, consents, instruments, visibility
from listings.catalogue import Listing
from listings.cleanroom import settings as cleanrooms
from listings.cuts import settings as cuts
from listings.fitting import settings as fitting
from listings.instruments import Instrument
from listings.licences import PURPOSES, USES, Licence
from listings.quality import availability, measured
from listings.quality.scores import INTERVAL_DAYS
from marketplace.community import (
    access,
    activity,
    complaints,
    looks,
    neighbours,
    questions,
    ratings,
    scorecards,
    watches,
)
from marketplace.evidence import case
from marketplace.members import organisations
from marketplace.members.signing import me, record
from marketplace.pricing import fairness
from marketplace.services import services
from marketplace.trading import board, reads, rooms
from marketplace.trading.board import Board
from marketplace.trading.reads import Best, Levels
from marketplace.trading.timetable import Phase
from marketplace.web import exports, uptime
from marketplace.web.pricelist import pricelist
from settlement import clock, ids, statements

bp = Blueprint("listings", __name__)
DEPTH = 8
TRADES_SHOWN = 10
CALLS_SHOWN = 5
NOBODY_WAITS = Best(None, None)


class Desk(NamedTuple):
    """What the ticket needs of one instrument: its book, and the visitor's means."""

    unit: Instrument
    levels: Levels
    best: Best
    last: int | None
    trades: Any
    is_open: bool  # the market has it and takes orders
    free: int  # the visitor's free money, minor units
    held_units: int  # of the right, free to sell
    board: Board | None  # its phase; None: the market does not know it yet
    auctions: Any  # what its last calls came to
    agreed: tuple[str, ...]  # purposes on request that the vendor agreed to
    to_ask: tuple[str, ...]  # those to ask the vendor for
    room: dict[str, Any] | None  # a clean room that it opens instead of files
    cut: dict[str, Any] | None  # what its licence leaves of the tables


class Glance(NamedTuple):
    """What is delivered, how, and when the next release is due by its rhythm."""

    media: tuple[str, ...]
    delivery: str  # a way of `tidings`
    due_us: int | None


@bp.get("/listings/<product>")
def show(product: str) -> ResponseReturnValue:
    """Show a listing with one of its instruments chosen."""
    if program := exports.elsewhere(product):
        return program
    with services().reads.connect() as db:
        found = catalogue.listing(db, ids.decode("product", product), me().member)
        changed = looks.since_last(db, me().member, found.id)
        if me().member > 0 and looks.is_due(db, me().member, found.id):
            record(lambda write: looks.look(write, me().member, found.id))
        units = catalogue.instruments_of(db, found.id)
        numbers = [unit.id for unit in units]
        unit, best = chosen(units), reads.best(db, numbers)
        return render_template(
            "listings/listing.html",
            listing=found,
            comparable=fitting.of_product(db, found.id),
            changed=changed,
            evidence=case(db, found.id),
            vendor=organisations.names(db, [found.vendor]).get(found.vendor),
            units=units,
            best=best,
            pricelist=pricelist(db, found, units, best),
            last=reads.last_prices(db, numbers),
            fair=(fair := fairness.bands(db, numbers, clock.now_us())),
            fair_band=fair.get(unit.id) if unit else None,
            books=reads.books_of(db, numbers),
            desk=desk(db, unit) if unit else None,
            contests=rooms.of_instruments(db, numbers),
            releases=(released := _releases(db, found)),
            glance=glance(found, released),
            quality=measured.of_product(db, found.id),
            service=availability.of_product(db, found.id),
            strip=uptime.strip,
            lines=uptime.chart,
            licences=_licences(units),
            purposes=PURPOSES,
            uses=USES,
            **talk(db, found),
            may_trade=visibility.may_trade(db, found.id, me().member),
            visibility=visibility.of(db, found.id),
            access_request=access.newest(db, found.id, me().member),
            neighbours=neighbours.of_listing(db, found, me().member),
            activity=activity.of_instruments(db, numbers),
            answered=scorecards.answers(db, found.vendor),
            **exports.of_page(db, found),
        )


@bp.get("/instruments/<instrument>")
def instrument(instrument: str) -> ResponseReturnValue:
    """Go to the listing of an instrument, with it chosen."""
    with services().reads.connect() as db:
        unit = instruments.get(db, ids.decode("instrument", instrument))
        visibility.check_instrument(db, unit.id, me().member)
    product = ids.encode("product", unit.product)
    address = url_for(".show", product=product, instrument=instrument)
    return redirect(address, HTTPStatus.SEE_OTHER)


def talk(db: Connection, found: Listing) -> dict[str, Any]:
    """Return what members say of a listing, and what the visitor may say."""
    member = me().member
    staff = me().is_authenticated and me().is_staff
    reviews = ratings.of_product(db, found.id, hidden=staff)
    asked = questions.of_product(db, found.id, hidden=staff)
    authors = {row.member for row in (*reviews, *asked)}
    signed_in = member > 0
    return {
        "ratings": reviews,
        "rating_mean": ratings.mean(db, found.id),
        "questions": asked,
        "authors": organisations.names(db, authors),
        "to_rate": ratings.to_rate(db, found.id, member) if signed_in else [],
        "follows": signed_in and watches.follows(db, member, "product", found.id),
        "followers": watches.count(db, "product", found.id),
        "now_us": clock.now_us(),
        "complaint_kinds": complaints.KINDS,
        "complaint": complaints.of_member(db, found.id, member) if signed_in else None,
    }


def desk(db: Connection, unit: Instrument) -> Desk:
    """Return what is known about trading in *unit* now."""
    known = unit.id in reads.books_of(db, [unit.id])
    phase = board.board(db, unit.id) if known else None
    is_open = phase is not None and phase.state == "listed"
    asked = consents.on_request(unit)
    agreed = consents.of_member(db, unit.product, me().member) if asked else ()
    balances = {b.asset: b.free for b in statements.balances(db, me().member)}
    return Desk(
        unit,
        reads.levels(db, unit.id, DEPTH),
        reads.best(db, [unit.id]).get(unit.id, NOBODY_WAITS),
        reads.last_prices(db, [unit.id]).get(unit.id),
        reads.trades_of_instrument(db, unit.id, limit=TRADES_SHOWN),
        is_open and phase is not None and phase.phase is not Phase.CLOSED,
        balances.get(unit.currency, 0),
        balances.get(unit.id, 0),
        phase,
        board.auctions_of(db, unit.id, limit=CALLS_SHOWN),
        tuple(code for code in asked if code in agreed),
        tuple(code for code in asked if code not in agreed),
        cleanrooms.of_instruments(db, [unit.id]).get(unit.id),
        cuts.of_instruments(db, [unit.id]).get(unit.id),
    )


def glance(found: Listing, released: Sequence[tuple[Any, Any]]) -> Glance:
    """Return how *found* is delivered, by its newest release that is served."""
    now_us = clock.now_us()
    served = next(
        (
            (release, files)
            for release, files in released
            if release.revoked_us is None and release.live_us <= now_us
        ),
        None,
    )
    files = served[1] if served else ()
    media = dict.fromkeys(file.name.rpartition(".")[2].upper() for file in files)
    days = INTERVAL_DAYS.get(found.updates or "")
    due_us = served[0].live_us + days * clock.DAY_US if served and days else None
    way = {"service": "api", "application": "application"}.get(found.kind)
    return Glance(tuple(media), way or ("files" if served else "source"), due_us)


def chosen(units: list[Instrument]) -> Instrument | None:
    """Return the instrument that the address names, else the first."""
    wanted = request.values.get("instrument", "")
    by_id = {ids.encode("instrument", unit.id): unit for unit in units}
    return by_id.get(wanted) or next(iter(units), None)


def _licences(units: list[Instrument]) -> list[Licence]:
    """Return each licence of *units* once."""
    return list({unit.licence.id: unit.licence for unit in units}.values())


def _releases(db: Connection, found: Listing) -> list[tuple[Any, Any]]:
    """Return the finalised releases with their files."""
    return [
        (release, catalogue.files_of(db, release.id))
        for release in catalogue.releases_of(db, found.id)
        if release.finalised_us is not None
    ]
