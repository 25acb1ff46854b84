"""The staff desk's fees: schedules, a new one with rules, and its foretaste."""

import re
from http import HTTPStatus
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from marshmallow import ValidationError

from listings.marking import N_
from marketplace.members import users
from marketplace.members.roles import STAFF, needs
from marketplace.members.signing import me
from marketplace.pricing import foretaste
from marketplace.services import services
from marketplace.trading.charging import KINDS, ORIGINS
from marketplace.trading.commands import PublishFees
from marketplace.trading.gateway import KEY_LENGTH_MAX
from marketplace.web.forms import NEEDED, OUT_OF_RANGE, Form, Parsed, again, read, text
from marketplace.web.staff import bp
from settlement import clock, ids, money, statements
from settlement.errors import Invalid, NotFound
from settlement.fees import TRADE_BPS_MAX, FeeSchedule, Rule, rules_of
from settlement.journal import read as read_record
from settlement.money import BY_ASSET, BY_CODE

RATE = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))?", re.ASCII)
NOT_A_RATE = N_("Give a percentage with at most two decimals, for example 2.5.")
CONFIRM = N_("Confirm that this counts for every trade from now on.")
NOT_A_RULE = N_("A rule has eight parts between commas; see the example.")
RULES_LENGTH_MAX = 8_000  # characters
ANY = "*"


def rate_of(typed: str, most: int = TRADE_BPS_MAX) -> int:
    """Return a percentage as basis points; ValidationError if it is none."""
    parts = RATE.fullmatch(typed.strip().removesuffix("%").strip())
    if parts is None:
        raise ValidationError(NOT_A_RATE)
    bps = int(parts[1]) * 100 + int((parts[2] or "").ljust(2, "0"))
    if bps > most:
        raise ValidationError(OUT_OF_RANGE)
    return bps


class Rate(Parsed):
    """A percentage, as basis points."""

    def parse(self, typed: str) -> int:
        """Return what was typed as a number; ValidationError if it is none."""
        return rate_of(typed)


class FeesForm(Form):
    """The rate of a new schedule and its rules, under a key: it happens once."""

    rate = Rate(required=True, error_messages={"required": NEEDED})
    rules = text(RULES_LENGTH_MAX, needed=False)
    confirm = text(1, needed=False)
    key = text(KEY_LENGTH_MAX)


def rule_in(line: str) -> tuple[Any, ...]:
    """Return the values of a rule as it is typed; ValueError if it is none.

    ``dataset, auction, CNY, *, 2, 20.00, 5.00, 10000: 2.5; 50000: 2``: class, way of
    trading, currency, seller, percent, fixed, minimum, tiers.
    """
    kind, origin, code, seller, rate, *amounts = map(str.strip, line.split(","))
    fixed, minimum, tiers = [*amounts, "", "", ""][:3]
    currency = 0 if code == ANY else BY_CODE[code].asset
    known = code if currency else money.DEFAULT
    parts = [part.split(":") for part in tiers.split(";") if part.strip()]
    return (
        currency,
        "" if kind == ANY else kind,
        "" if origin == ANY else origin,
        0 if seller == ANY else ids.decode("member", seller),
        (
            rate_of(rate),
            money.parse(fixed or "0", known),
            money.parse(minimum or "0", known),
            tuple((money.parse(end, known), rate_of(bps)) for end, bps in parts),
        ),
    )


def rule_out(rule: Rule) -> str:
    """Return a rule as it is typed."""
    code = BY_ASSET[rule.currency].code if rule.currency else ANY
    known, rate = code if rule.currency else money.DEFAULT, rule.rate
    ends = [(money.plain(end, known), _percent(bps)) for end, bps in rate.tiers]
    tiers = "; ".join(f"{end}: {part}" for end, part in ends)
    seller = ids.encode("member", rule.seller) if rule.seller else ANY
    amounts = [money.plain(amount, known) for amount in (rate.fixed, rate.minimum)]
    parts = [rule.kind or ANY, rule.origin or ANY, code, seller, _percent(rate.bps)]
    return ", ".join([*parts, *amounts, tiers]).rstrip(", ")


def _percent(bps: int) -> str:
    return f"{bps // 100}.{bps % 100:02}"


def _rules(typed: dict[str, Any]) -> tuple[tuple[Any, ...], ...]:
    """Return the rules that were typed, one a line; Invalid if one is none."""
    try:
        lines = [line for line in typed["rules"].splitlines() if line.strip()]
        return tuple(rule_in(line) for line in lines)
    except (ValueError, KeyError, NotFound, ValidationError, money.NotAnAmount) as bad:
        raise Invalid({"rules": [NOT_A_RULE]}) from bad


@bp.get("/fees")
@needs(*STAFF)
def fees() -> ResponseReturnValue:
    """Show the fee schedule in force and all before it."""
    return _page([])


def _page(tasted: list[foretaste.Foretaste]) -> ResponseReturnValue:
    with services().reads.connect() as db:
        schedules, present = statements.fee_history(db), statements.fees(db)
        by = {
            row.version: read_record(row.body).command[0]
            for row in schedules
            if row.body is not None
        }
        return render_template(
            "staff/fees.html",
            fees=present,
            rules="\n".join(map(rule_out, present.rules)),
            schedules=schedules,
            by=by,
            who=users.names(db, by.values()),
            most=TRADE_BPS_MAX,
            tasted=tasted,
            kinds=KINDS[1:],
            origins=ORIGINS[1:],
        )


@bp.post("/fees/preview")
@needs(*STAFF)
@again(fees)
def preview_fees() -> ResponseReturnValue:
    """Show what a schedule would have taken of the last 30 days' trades."""
    typed = read(FeesForm())
    g.typed = request.values  # the form shows it again
    schedule = FeeSchedule(0, typed["rate"], rules_of(_rules(typed)))
    since_us = clock.now_us() - foretaste.DAYS * clock.DAY_US
    with services().reads.connect() as db:
        return _page(foretaste.of(db, schedule, since_us))


@bp.post("/fees")
@needs("admin")
@again(fees)
def publish_fees() -> ResponseReturnValue:
    """Put a new fee schedule in force, once however often it is sent."""
    typed = read(FeesForm())
    if not typed["confirm"]:
        raise Invalid({"confirm": [CONFIRM]})
    command = PublishFees(me().id, typed["rate"], _rules(typed))
    services().gateway.submit(command, typed["key"])
    flash(gettext("The new fee schedule is in force."), "success")
    return redirect(url_for(".fees"), HTTPStatus.SEE_OTHER)
