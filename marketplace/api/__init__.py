"""The JSON API, version 1: one area a file; its description and a page to try it."""

from importlib.metadata import version

from flask import Flask

from marketplace.api import (
    access,
    account,
    agents,
    applications,
    approvals,
    busts,
    cards,
    cash,
    changes,
    ckan,
    cleanrooms,
    community,
    compare,
    contests,
    contracts,
    delta,
    demands,
    dictionary,
    disputes,
    docs,
    entitlements,
    escrows,
    fees,
    fetches,
    filings,
    formats,
    hooks,
    imports,
    invoices,
    licences,
    limits,
    listings,
    log,
    mandates,
    manifests,
    market,
    metering,
    notices,
    offers,
    orders,
    phases,
    pools,
    products,
    publications,
    quality,
    registration,
    releases,
    runs,
    sales,
    searches,
    service,
    sharings,
    splits,
    staff,
    statements,
    statistics,
    stops,
    streams,
    tenders,
    timelines,
    trades,
    webhooks,
)
from marketplace.api.document import describe

assert service.get_service  # it adds to the area of `quality`
assert fetches.fetch_file  # and it to that of `releases`
assert dictionary.get_dictionary  # and it to that of `products`
RESOURCES = (
    market.bp,
    phases.bp,
    streams.bp,
    limits.bp,
    stops.bp,
    listings.bp,
    formats.bp,
    licences.bp,
    statistics.bp,
    publications.bp,
    account.bp,
    orders.bp,
    offers.bp,
    contests.bp,
    contracts.bp,
    pools.bp,
    approvals.bp,
    mandates.bp,
    trades.bp,
    escrows.bp,
    fees.bp,
    splits.bp,
    statements.bp,
    invoices.bp,
    runs.bp,
    disputes.bp,
    busts.bp,
    log.bp,
    cash.bp,
    cards.bp,
    entitlements.bp,
    sharings.bp,
    cleanrooms.bp,
    metering.bp,
    products.bp,
    registration.bp,
    releases.bp,
    manifests.bp,
    imports.bp,
    quality.bp,
    sales.bp,
    searches.bp,
    compare.bp,
    demands.bp,
    tenders.bp,
    filings.bp,
    access.bp,
    notices.bp,
    hooks.bp,
    applications.bp,
    community.bp,
    changes.bp,
    timelines.bp,
    *staff.RESOURCES,
)


def register(app: Flask) -> None:
    """Give the application its API, described at ``/api/v1/openapi.json``."""
    document = describe(app, version("databourse"))
    for resource in RESOURCES:
        document.register_blueprint(resource)
    docs.init_app(app)
    app.register_blueprint(ckan.bp)
    app.register_blueprint(delta.bp)
    app.register_blueprint(webhooks.bp)
    app.register_blueprint(applications.calls)
    app.register_blueprint(agents.bp)
