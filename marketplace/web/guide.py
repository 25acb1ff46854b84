"""Help: what is what, how to, fees; states drawn from the tables of the code."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from listings.formats.kinds import FORMATS, carried
from listings.formats.odrl import ACTIONS
from listings.licences import EXCLUSIVITY, PURPOSES, USES
from listings.marking import N_
from listings.products import Facts
from listings.quality import (
    archives,
    content,
    drift,
    examination,
    profiles,
    readers,
    records,
    scores,
)
from listings.standard import ALL
from marketplace import exporting
from marketplace.api.agents import protocol
from marketplace.api.agents import tools as agent_tools
from marketplace.delivery.delta import LINK_S
from marketplace.delivery.sharings import ACCESS_S, LIVING_MAX
from marketplace.holidays import day_of
from marketplace.pricing.changes import notice_of
from marketplace.privacy.retention import CLASSES
from marketplace.services import services
from marketplace.streams.feed import STREAMS_EACH_MAX
from marketplace.surveillance import desk
from marketplace.trading.pending import exceptions
from marketplace.trading.tape import SIZES
from marketplace.web.diagrams import draw
from marketplace.web.facts import NAMES
from marketplace.web.surveillance import DETECTOR_NAMES, DETECTOR_RULES
from marketplace.web.vocabulary import GLOSSARY, MACHINE_NAMES, MACHINES
from marketplace.web.words import TOPICS
from marketplace.webhooks import endpoints, queue
from settlement import clock, statements
from settlement.payments.payins import ALONE_MAX

bp = Blueprint("help", __name__, url_prefix="/help")
# What an examination stops at: its number, and what it is of.
LIMITS = (
    (readers.ROWS_MAX, N_("rows of a table; the figures are of the first ones")),
    (readers.CELLS_MAX, N_("cells of a table; wide tables have fewer rows examined")),
    (records.COLUMNS_MAX, N_("columns of a table; more is quarantined")),
    (profiles.PROFILED_MAX, N_("columns of a table that get a profile")),
    (readers.TABLES_MAX, N_("tables of one file")),
    (content.TEXT_MAX // 2**20, N_("mebibytes of text; more is quarantined")),
    (archives.UNPACKED_MAX // 2**20, N_("mebibytes unpacked; more is quarantined")),
    (archives.ENTRIES_MAX, N_("entries of an archive")),
    (archives.RATIO_MAX, N_("times that an entry may be larger unpacked")),
    (int(examination.WALL_S), N_("seconds; what takes longer is quarantined")),
)


@bp.get("/")
def show() -> ResponseReturnValue:
    """Show how to buy, sell and pay, and the kinds of orders."""
    return render_template("help/how_to.html", purposes=PURPOSES, alone_max=ALONE_MAX)


@bp.get("/glossary")
def glossary() -> ResponseReturnValue:
    """Show the words of the exchange in both languages."""
    return render_template("help/glossary.html", words=GLOSSARY)


@bp.get("/states")
def states() -> ResponseReturnValue:
    """Show what may happen to what, drawn from the code's own tables."""
    return render_template(
        "help/states.html",
        diagrams=[draw(machine) for machine in MACHINES],
        names=MACHINE_NAMES,
        topics=TOPICS,
    )


@bp.get("/prices")
def prices() -> ResponseReturnValue:
    """Show the rules for prices: modes, plans, rises, personal prices, public data."""
    return render_template("help/prices.html", notice=notice_of(services().config))


@bp.get("/market-data")
def market_data() -> ResponseReturnValue:
    """Show what everybody is told of the market, when, and how to follow it."""
    return render_template(
        "help/market_data.html",
        rule=services().config.tape,
        sizes=SIZES,
        each_max=STREAMS_EACH_MAX,
    )


@bp.get("/retention")
def kept() -> ResponseReturnValue:
    """Show what is kept how long, and how a person is forgotten."""
    return render_template("help/retention.html", classes=CLASSES)


@bp.get("/sharing")
def sharing() -> ResponseReturnValue:
    """Show how Delta Sharing opens a right to the tools that a buyer uses."""
    return render_template(
        "help/sharing.html",
        link_s=LINK_S,
        most=LIVING_MAX,
        access_min=ACCESS_S // 60,
    )


@bp.get("/webhooks")
def webhooks() -> ResponseReturnValue:
    """Show how messages of webhooks look, are signed, repeated and verified."""
    return render_template(
        "help/webhooks.html",
        families=endpoints.FAMILIES,
        most=endpoints.WEBHOOKS_MAX,
        kept_days=queue.KEPT_US // clock.DAY_US,
        end_days=queue.END_US // clock.DAY_US,
    )


@bp.get("/agents")
def agents() -> ResponseReturnValue:
    """Show how an agent connects, and which tools it has."""
    return render_template(
        "help/agents.html",
        address=request.host_url.rstrip("/") + protocol.PATH,
        tools=agent_tools.TOOLS,
        most=agent_tools.DELIVERED_MAX,
    )


@bp.get("/models")
def models() -> ResponseReturnValue:
    """Show the ways to agree a price, when each suits, and the rules of auctions."""
    return render_template("help/models.html")


@bp.get("/licences")
def licences() -> ResponseReturnValue:
    """Show how to read a licence, and how machines read it."""
    return render_template(
        "help/licences.html",
        standard=ALL,
        purposes=PURPOSES,
        uses=USES,
        actions=ACTIONS,
        exclusivity=EXCLUSIVITY,
    )


@bp.get("/quality")
def quality() -> ResponseReturnValue:
    """Show how quality is measured: dimensions, methods, samples, limits."""
    return render_template(
        "help/quality.html",
        dimensions=scores.DIMENSIONS,
        methods=scores.methods(),
        limits=LIMITS,
        slight=drift.SLIGHT,
        great=drift.GREAT,
    )


@bp.get("/fees")
def fees() -> ResponseReturnValue:
    """Show the fee schedule in force, with an example."""
    with services().reads.connect() as db:
        return render_template("help/fees.html", fees=statements.fees(db))


@bp.get("/acceptance")
def acceptance() -> ResponseReturnValue:
    """Show how delivery and acceptance work, and this year's working days."""
    year = clock.moment(clock.now_us()).year
    with services().reads.connect() as db:
        days = {day_of(day): worked for day, worked in exceptions(db).items()}
    return render_template(
        "help/acceptance.html",
        year=year,
        days={day: worked for day, worked in days.items() if day.year == year},
    )


@bp.get("/surveillance")
def surveillance() -> ResponseReturnValue:
    """Show what is looked for in the market, and how often a detector errs."""
    with services().reads.connect() as db:
        return render_template(
            "help/surveillance.html",
            rates=desk.rates(db),
            names=DETECTOR_NAMES,
            rules=DETECTOR_RULES,
        )


@bp.get("/formats")
def formats() -> ResponseReturnValue:
    """Show the formats of the catalogue and what each of them carries."""
    return render_template(
        "help/formats.html",
        formats=FORMATS,
        carried=carried(),
        fields=Facts._fields,
        names=NAMES,
        page=exporting.PAGE,
        sheets=exporting.SHEETS,
        sheet_page=exporting.SHEET_PAGE,
    )
