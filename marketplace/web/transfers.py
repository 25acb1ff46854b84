"""What the reason of a transfer is called."""

from marketplace.language import N_

REASONS = {
    "payin": N_("Pay-in"),
    "payout": N_("Payout"),
    "payout_hold": N_("Held for a payout"),
    "payout_release": N_("Payout given back"),
    "quote_hold": N_("Held for an offer"),
    "quote_release": N_("Released by an offer"),
    "hold": N_("Held for an order"),
    "release": N_("Released by an order"),
    "payment": N_("Payment for a trade"),
    "fee": N_("Exchange fee"),
    "escrow": N_("Paid into escrow"),
    "accepted": N_("Accepted: out of escrow"),
    "accepted_fee": N_("Exchange fee"),
    "refund": N_("Refund"),
    "bust": N_("Trade busted: money back"),
    "bust_fee": N_("Fee given back with a busted trade"),
    "adjust": N_("Price of a trade adjusted"),
    "adjust_fee": N_("Fee of an adjusted trade"),
    "fee_back": N_("Fee given back with a refund"),
    "escrow_back": N_("Given back from escrow"),
    "deposit": N_("Deposit of an auction"),
    "deposit_back": N_("Deposit given back"),
    "forfeit": N_("Deposit forfeited"),
    "delivery": N_("Delivery"),
    "grant": N_("Grant"),
}
