"""What codes are called on the pages: states, reasons, kinds; and facts of refusals."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask
from flask_babel import gettext

from listings.marking import N_
from marketplace import formatting
from marketplace.control import PHASES
from marketplace.language import per_visitor
from marketplace.members.organisations import KINDS
from marketplace.members.roles import NAMES
from marketplace.web import breakwords, objections
from marketplace.web.attested import ATTESTED
from marketplace.web.clauses import CLAUSES
from marketplace.web.dealings import DEALINGS
from marketplace.web.dossier import DOSSIER
from marketplace.web.findings import QUALITY
from marketplace.web.proceeds import PROCEEDS
from marketplace.web.tidings import TIDINGS
from marketplace.web.tones import tone
from marketplace.web.transfers import INVOICES, REASONS
from settlement.errors import Invalid, Refusal
from settlement.money import BY_ASSET, BY_CODE

WORDS: Mapping[str, Mapping[str, str]] = {
    **DEALINGS,
    **ATTESTED,
    **TIDINGS,
    **PROCEEDS,
    "order": {
        "open": N_("Waiting"),
        "partial": N_("Partly filled"),
        "filled": N_("Filled"),
        "cancelled": N_("Cancelled"),
        "expired": N_("Expired"),
    },
    "origin": {
        "book": N_("Book"),
        "pinned": N_("Posted price, kept"),
        "negotiated": N_("Negotiated"),
        "auction": N_("Call auction"),
        "contest": N_("Auction"),
        "group": N_("Group buy"),
        "filed": N_("Filed"),
    },
    "phase": PHASES,
    "case": {
        "open": N_("Being looked into"),
        "proposed": N_("Waits for a second person"),
        "flagged": N_("Flagged"),
        "dismissed": N_("Dismissed"),
    },
    "side": {"buy": N_("Buy"), "sell": N_("Sell")},
    "reason": {
        "requested": N_("as you asked"),
        "immediate_or_cancel": N_("the rest was not there at once"),
        "fill_or_kill": N_("not all of it was there at once"),
        "no_liquidity": N_("nobody was on the other side"),
        "self_trade": N_("it would have met your own order"),
        "delisted": N_("the instrument was delisted"),
        "suspended": N_("the member was suspended"),
        "audience": N_("the vendor no longer lets the member trade it"),
        "consent": N_("the vendor's consent to the purpose ended"),
        "right_ended": N_("the right behind the offer ended"),
        "above_ceiling": N_("it was above a ceiling set for public data"),
        "sold_out": N_("another buyer got a right that excludes it"),
        "replaced": N_("a newer offer took its place"),
        "stopped": N_("the exchange stopped trading"),
        "price_band": N_("the rest would have traded outside the price band"),
        "amended": N_("it was replaced by a new order"),
        "expired": N_("its time was over"),
    },
    "time": {
        "GTC": N_("until cancelled"),
        "IOC": N_("at once or not at all (partly is fine)"),
        "FOK": N_("all at once or nothing"),
        "GTD": N_("until a day"),
    },
    "trade": {
        "matched": N_("Matched"),
        "due": N_("Due in its cycle"),
        "escrowed": N_("In escrow"),
        "delivered": N_("Delivered"),
        "disputed": N_("Disputed"),
        "settled": N_("Settled"),
        "unwound": N_("Unwound"),
        "busted": N_("Busted"),
        "adjusted": N_("Price adjusted"),
    },
    "fair": {
        "below": N_("below the fair-value band"),
        "within": N_("within the fair-value band"),
        "above": N_("above the fair-value band"),
        "sector": N_("sector"),
        "licence": N_("licence"),
        "region": N_("region"),
        "updates": N_("frequency"),
        "rows": N_("size"),
    },
    "right": {
        "active": N_("In force"),
        "suspended": N_("Suspended"),
        "expired": N_("Ended"),
        "revoked": N_("Given up or revoked"),
    },
    "payin": {
        "created": N_("Announced"),
        "pending": N_("Waits for approval"),
        "succeeded": N_("Credited"),
        "failed": N_("Did not arrive"),
        "refunded": N_("Refunded"),
        "disputed": N_("Disputed"),
        "charged_back": N_("Charged back"),
    },
    "payout": {
        "requested": N_("Requested, money held"),
        "approved": N_("Approved"),
        "submitted": N_("On its way"),
        "paid": N_("Paid"),
        "failed": N_("Failed, money returned"),
        "cancelled": N_("Withdrawn"),
    },
    **INVOICES,
    "transfer": REASONS,
    "rail": breakwords.RAILS,
    "break": breakwords.CAUSES,
    "break_end": breakwords.ENDS,
    "ledger_side": breakwords.SIDES,
    "reversal": breakwords.REVERSALS,
    "dispute": objections.STATES,
    "objection": objections.REASONS,
    "member": {
        "invited": N_("Signed up"),
        "pending": N_("Under verification"),
        "verified": N_("Verified"),
        "suspended": N_("Suspended"),
        "rejected": N_("Rejected"),
    },
    "product": {
        "draft": N_("Draft"),
        "in_review": N_("In review"),
        "returned": N_("Returned to you"),
        "publicity": N_("In public notice"),
        "objection": N_("Objection raised"),
        "registered": N_("Registered"),
        "lapsed": N_("Lapsed"),
    },
    "listing": {
        "pending": N_("Not yet listed"),
        "refused": N_("Sent back by the registrar"),
        "admitted": N_("Approved, not yet published"),
        "listed": N_("Listed"),
        "suspended": N_("Trading suspended"),
        "delisted": N_("Delisted"),
    },
    "class": {
        "dataset": N_("Dataset"),
        "service": N_("Data service"),
        "application": N_("Data application"),
    },
    "event": {
        "submit": N_("submit"),
        "issue": N_("issue"),
        "refuse": N_("refuse"),
        "return": N_("return"),
        "approve": N_("approve"),
        "object": N_("object"),
        "lapse": N_("notice lapses"),
        "change": N_("change"),
        "renew": N_("renew"),
        "request": N_("ask again"),
        "publish": N_("publish"),
        "pass": N_("checked: passed"),
        "pledge": N_("pledge marked"),
        "lift_pledge": N_("pledge lifted"),
        "settle_dispute": N_("dispute settled"),
        "claim": N_("taken on"),
        "release": N_("given back"),
        "compliance": N_("compliance opinion"),
        "quality": N_("quality opinion"),
        "valuation": N_("valuation"),
        "remind": N_("renewal is due"),
        "expire": N_("expires"),
        "decline": N_("decline"),
        "cancel": N_("cancel"),
        "admit": N_("admit"),
        "suspend": N_("suspend"),
        "resume": N_("resume"),
        "restore": N_("restore"),
        "delist": N_("delist"),
        "take": N_("take"),
        "counter": N_("counter"),
        "fill_some": N_("partial fill"),
        "fill_rest": N_("last fill"),
        "succeed": N_("money arrives"),
        "fail": N_("fails"),
        "refund": N_("refund"),
        "dispute": N_("dispute"),
        "win": N_("won"),
        "lose": N_("lost"),
        "pay": N_("paid"),
        "revoke": N_("revoke"),
        "verify": N_("verify"),
        "reject": N_("reject"),
        "escrow": N_("escrow"),
        "answer": N_("answer"),
        "agree": N_("agree"),
        "deliver": N_("deliver"),
        "accept": N_("accept"),
        "settle": N_("settle"),
        "uphold": N_("uphold"),
        "dismiss": N_("dismiss"),
        "resolve": N_("resolve"),
        "withdraw": N_("withdraw"),
        "replace": N_("replaced"),
        "defer": N_("deferred"),
        "freeze": N_("freeze"),
        "execute": N_("execute"),
        "write_off": N_("written off"),
    },
    "scope": {
        "read": N_("Read what you may see"),
        "trade": N_("Place and cancel orders"),
        "approve": N_("Approve what colleagues order"),
        "vendor": N_("Run the vendor's desk"),
        "assess": N_("Give opinions as an assessor"),
        "staff": N_("Work at the staff desk"),
    },
    "facet": {
        "kind": N_("Class"),
        "sector": N_("Sector"),
        "region": N_("Region"),
        "licence": N_("Licence"),
        "price": N_("Price"),
        "updates": N_("Update frequency"),
        "vendor": N_("Vendor"),
    },
    "price": {
        "free": N_("Free"),
        "under_100": N_("Under ¥100"),
        "100_1k": N_("¥100 to ¥1,000"),
        "1k_10k": N_("¥1,000 to ¥10,000"),
        "10k_100k": N_("¥10,000 to ¥100,000"),
        "over_100k": N_("¥100,000 and more"),
        "ask": N_("Ask for a quote"),
    },
    "sort": {
        "relevance": N_("Relevance"),
        "newest": N_("Newest"),
        "price": N_("Price, low to high"),
        "-price": N_("Price, high to low"),
    },
    "organisation": {**KINDS, "house": N_("The exchange")},
    "role": NAMES,
    "needed": {
        **NAMES,
        "verified": N_("Verified member"),
        "session": N_("Sign in with a password"),
    },
    "step": {
        "confirm": N_("Confirm"),
        "approve": N_("Approve"),
        "reject": N_("Reject"),
        "pay": N_("Record as paid"),
        "fail": N_("Refuse"),
    },
    "measure": {
        "suspend": N_("Suspend the right"),
        "restore": N_("Restore the right"),
        "revoke": N_("Revoke the right for good"),
    },
    **DOSSIER,
    **QUALITY,
    **CLAUSES,
}

_MONEY = {"needed", "available", "value", "value_max", "amount", "amount_max"}
_MOST = "value_max amount_max limit maximum orders_max offers_max ceiling"
FACTS: Mapping[str, str] = {
    **dict.fromkeys(_MOST.split(), N_("At most")),
    "needed": N_("Needed"),
    "available": N_("Available"),
    "value": N_("Value"),
    "symbol": N_("Instrument"),
    "last_day": N_("Last day"),
    "publication": N_("Publication"),
    "tick": N_("Price step"),
    "lot": N_("Quantity step"),
    "quantity": N_("Quantity"),
    "price": N_("Price"),
    "deliveries_max": N_("Deliveries included"),
    "retry_after_s": N_("Seconds to wait"),
    "length": N_("Characters"),
    "count": N_("Count"),
    "price_max": N_("Ceiling in the smallest unit"),
    "floor": N_("At least"),
    "last": N_("Last price"),
    "times": N_("Times the last price, at most"),
    "placed": N_("Orders placed today"),
    "traded": N_("Trades today"),
    "reason": N_("Reason"),
    "name": N_("Name"),
    "why": N_("Why"),
    "what": N_("At"),
    "table": N_("Table"),
    "limit_s": N_("Seconds at most"),
    "field": N_("Field"),
    "fact": N_("Fact"),
    "state": N_("State"),
    "condition": N_("What the licence asks about"),
}


# Which words of `WORDS` a machine's states have, where the names differ.
TOPICS = {"entitlement": "right", "book": "listing"}


def word(code: object, topic: str) -> str:
    """Return what *code* is called in the visitor's language; itself if unknown."""
    text = WORDS[topic].get(str(code))
    return str(gettext(text)) if text else str(code)


def facts(refusal: Refusal) -> list[tuple[str, str]]:
    """Return what a member needs to understand *refusal*: names and values."""
    if isinstance(refusal, Invalid):
        return []
    return known_facts(refusal.facts())


def known_facts(given: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return those facts of a refusal that have a name: names and values."""
    return [
        (str(gettext(FACTS[name])), _shown(name, value, given))
        for name, value in given.items()
        if name in FACTS and value != ""
    ]


def _shown(name: str, value: Any, given: Mapping[str, Any]) -> str:
    if isinstance(value, int):
        currency = str(given.get("asset", ""))
        if name in _MONEY and currency in BY_CODE:
            return formatting.amount(value, currency)
        return formatting.number(value)
    if name == "needed":  # a role, or one of several
        return " / ".join(word(role, "needed") for role in str(value).split(" / "))
    if name == "state":
        machine = str(given.get("machine", "book"))
        return word(value, TOPICS.get(machine, machine))
    return word(value, "finding" if name == "why" else "field")


def currency_code(asset: int) -> str:
    """Return the ISO code of a currency's asset number."""
    return BY_ASSET[asset].code


def translated_pairs(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return codes with their names in the visitor's language, for a choice."""
    return [(code, str(gettext(name))) for code, name in pairs]


def init_app(app: Flask) -> None:
    """Give templates the filters of this module."""
    filters = {
        "word": per_visitor(word),
        "words_of": lambda codes, topic: [(c, word(c, topic)) for c in codes],
        "tone": tone,
        "facts": facts,
        "known_facts": known_facts,
        "translated_pairs": translated_pairs,
        "currency": currency_code,
    }
    app.jinja_env.filters.update(filters)
