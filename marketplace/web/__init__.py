"""The pages: server-rendered, one area a file; they work without JavaScript."""

from flask import Flask

from marketplace.web import (
    accounts,
    cash,
    codes,
    colleagues,
    forms,
    guide,
    home,
    layout,
    listings,
    orders,
    oversight,
    reviews,
    rights,
    sales,
    search,
    staff,
    statistics,
    tickets,
    vendor,
    words,
)

# The staff desk is in three files; importing the others adds to the first's views.
assert oversight.bp is staff.bp
assert sales.bp is vendor.bp  # likewise the vendor's desk
assert colleagues.bp is accounts.bp  # and the account
assert reviews.STEPS
AREAS = (
    home,
    search,
    listings,
    tickets,
    orders,
    rights,
    cash,
    vendor,
    staff,
    statistics,
    guide,
    accounts,
)


def register(app: Flask) -> None:
    """Give the application its pages, and the templates their words and forms."""
    words.init_app(app)
    codes.init_app(app)
    forms.init_app(app)
    layout.init_app(app)
    for area in AREAS:
        app.register_blueprint(area.bp)
