"""The pages: server-rendered, one area a file; they work without JavaScript."""

from flask import Flask

from marketplace.web import (
    acceptance,
    access,
    accounts,
    applications,
    approvals,
    assessments,
    baskets,
    books,
    busts,
    buying,
    calls,
    cash,
    cashguide,
    certificates,
    changes,
    cleanrooms,
    closings,
    codes,
    colleagues,
    community,
    compare,
    complaints,
    connection,
    contests,
    continuity,
    contracts,
    control,
    credentials,
    cuts,
    demands,
    dictionary,
    disclosure,
    dispersion,
    disputes,
    duties,
    evidence,
    examples,
    exports,
    fees,
    fetches,
    filings,
    fits,
    forms,
    fundsflow,
    funnel,
    guide,
    home,
    hooks,
    intake,
    invoices,
    layout,
    licences,
    lifecycle,
    listings,
    log,
    makers,
    mandates,
    market,
    netting,
    notices,
    orders,
    oversight,
    pools,
    privacy,
    profiles,
    publications,
    publicdata,
    publicity,
    publisher,
    quality,
    quotes,
    reconciliation,
    revenue,
    reviews,
    rights,
    sales,
    search,
    searches,
    selling,
    serving,
    shares,
    sheets,
    staff,
    statements,
    statistics,
    surveillance,
    tenders,
    tickets,
    timelines,
    vendor,
    waiting,
    wizard,
    words,
)

# These add views to an area that begins in another file: importing them is enough.
assert all(
    (
        calls.service,
        serving.serve,
        oversight.rights,
        reviews.EVENTS,
        sales.bids,
        colleagues.people,
    )
)
assert all((selling.set_price, buying.offered, publicdata.register, dispersion.report))
assert all((evidence.NO_FILE, profiles.write, acceptance.accept))
assert all((disputes.mine, fees.fees, shares.statement, netting.runs))
assert all((statements.statement_file, fundsflow.draw_flows, invoices.CHOOSE))
assert all((waiting.NEXT, wizard.STEPS, tenders.seal))
assert all((duties.show, duties.of_buyers))
assert all((quality.report, connection.call, fetches.cancel_fetch))
assert all((control.market, examples.EXAMPLES, busts.trade, makers.owed))
assert dictionary.PAGE
assert all((cuts.NOT_ROWS, fits.FIGURES, continuity.continue_rights))
assert lifecycle.OF_PRODUCT
assert all((complaints.decide_complaint, funnel.funnel))
assert all((reconciliation.HANDS, cashguide.money))
assert all((surveillance.DETECTOR_NAMES, closings.ITEMS, revenue.YEAR_MAX))
assert all((publications.calendar, publisher.desk, market.indices, privacy.desk))
assert all((credentials.trade_status, cleanrooms.ask_cleanroom))
assert all((credentials.trade_status, applications.launch))
AREAS = (
    home,
    search,
    searches,
    compare,
    demands,
    quotes,
    filings,
    contests,
    pools,
    contracts,
    approvals,
    mandates,
    listings,
    books,
    sheets,
    licences,
    exports,
    tickets,
    baskets,
    orders,
    rights,
    cash,
    notices,
    access,
    intake,
    changes,
    community,
    vendor,
    assessments,
    staff,
    statistics,
    disclosure,
    guide,
    accounts,
    hooks,
    certificates,
    log,
    publicity,
    timelines,
)


def register(app: Flask) -> None:
    """Give the application its pages, and the templates their words and forms."""
    words.init_app(app)
    codes.init_app(app)
    forms.init_app(app)
    layout.init_app(app)
    notices.init_app(app)
    cleanrooms.init_app(app)
    for area in AREAS:
        app.register_blueprint(area.bp)
