"""Market control: who may set phases and stop trading, and what phases are called."""

from marketplace.language import N_

CONTROLLERS = ("surveillance", "admin")
PHASES = {
    "continuous": N_("Continuous trading"),
    "call": N_("Call: orders collect"),
    "closed": N_("Closed"),
}
