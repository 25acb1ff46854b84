"""What certificates and published statistics say of themselves."""

from collections.abc import Mapping

from listings.marking import N_

ATTESTED: Mapping[str, Mapping[str, str]] = {
    "credential": {
        "valid": N_("in force"),
        "corrected": N_("price adjusted"),
        "disputed": N_("in dispute"),
        "revoked": N_("revoked"),
    },
    "certified": {
        "trade": N_("Trade"),
        "record": N_("Journal record"),
        "at_us": N_("Time"),
        "instrument": N_("Instrument"),
        "licence": N_("Licence"),
        "origin": N_("Origin"),
        "terms_sha256": N_("Hash of the terms"),
        "seller": N_("Seller"),
        "buyer": N_("The buyer"),
        "price": N_("Price"),
        "quantity": N_("Units"),
        "amount": N_("Amount"),
        "currency": N_("Currency"),
        "purpose": N_("Declared purpose"),
        "deliveries": N_("Deliveries"),
    },
    "correction": {
        "exclude": N_("taken out"),
        "restore": N_("put back"),
        "adjust": N_("counted at another price"),
    },
    "tape_check": {
        "trades": N_("Trades"),
        "once": N_("Each trade once"),
        "corrections": N_("Corrections"),
        "counted": N_("Trades that count"),
        "value": N_("Turnover, minor units"),
        "untold": N_("Trades of which it is not known"),
    },
    "publication": {
        "proposed": N_("Waits for a second person"),
        "approved": N_("Approved"),
        "rejected": N_("Rejected"),
        "withdrawn": N_("Withdrawn"),
    },
}
