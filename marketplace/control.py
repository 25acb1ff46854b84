"""Market control: who may set phases, stop trading, bust trades."""

from listings.marking import N_

CONTROLLERS = ("surveillance", "admin")
BUSTERS = ("surveillance", "settlement_officer", "settlement_approver")
PHASES = {
    "continuous": N_("Continuous trading"),
    "call": N_("Call: orders collect"),
    "closed": N_("Closed"),
}
