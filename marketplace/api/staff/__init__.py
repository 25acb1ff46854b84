"""The staff desk by API: members, products, money, rights, oversight."""

from marketplace.api.staff import (
    closings,
    members,
    money,
    oversight,
    phases,
    prices,
    privacy,
    publications,
    reconciliation,
    revenue,
    reviews,
    rights,
    rules,
    surveillance,
)

RESOURCES = (
    members.bp,
    reviews.bp,
    money.bp,
    rights.bp,
    oversight.bp,
    publications.bp,
    phases.bp,
    prices.bp,
    privacy.bp,
    reconciliation.bp,
    rules.bp,
    closings.bp,
    revenue.bp,
    surveillance.bp,
)
