"""The staff desk by API: members, products, money, rights, oversight."""

from marketplace.api.staff import (
    members,
    money,
    oversight,
    phases,
    prices,
    reviews,
    rights,
    surveillance,
)

RESOURCES = (
    members.bp,
    reviews.bp,
    money.bp,
    rights.bp,
    oversight.bp,
    phases.bp,
    prices.bp,
    surveillance.bp,
)
