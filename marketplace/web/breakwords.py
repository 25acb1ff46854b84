"""What breaks, their causes and the accounts of their journals are called."""

from listings.marking import N_

RAILS = {
    "card": N_("Card"),
    "bank": N_("Bank"),
    "trade": N_("Trades and rights"),
}
CAUSES = {
    "card_mismatch": N_("The provider's line does not fit its pay-in"),
    "not_found": N_("The provider names a pay-in that is none"),
    "unknown_kind": N_("A kind of line that we do not know"),
    "unknown_currency": N_("A currency that we do not keep"),
    "not_at_provider": N_("Booked here, not found at the provider"),
    "bank_unknown": N_("A bank line that names nothing of ours"),
    "bank_amount": N_("Another amount than announced"),
    "bank_twice": N_("Paid twice"),
    "bank_returned": N_("A payout that came back"),
    "bank_refused": N_("Named, but not to be booked as it stands"),
    "credit_missing": N_("A pay-in that the bank does not show"),
    "debit_missing": N_("A payout that the bank does not show"),
    "trade": N_("A trade whose right and money do not agree"),
}
REVERSALS = {
    "late": N_("It came after the close"),
    "amount": N_("Another amount was booked"),
    "party": N_("Another member was booked"),
    "account": N_("Another account was booked"),
    "twice": N_("It was booked twice"),
}
ENDS = {"cleared": N_("agrees by now"), "corrected": N_("corrected by a journal")}
SIDES = {
    "bank": N_("Bank account of the house"),
    "provider": N_("Account at the payment provider"),
    "costs": N_("Costs of providers and banks"),
    "suspense": N_("Money whose owner is not known"),
    "income": N_("The house's own money"),
    "member": N_("The member's free money"),
}
