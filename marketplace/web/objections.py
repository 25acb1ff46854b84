"""Words of disputes: states, reasons."""

from listings.marking import N_

STATES = {
    "open": N_("Waits for the vendor"),
    "mediation": N_("Before the exchange"),
    "agreed": N_("Ended by agreement"),
    "decided": N_("Decided"),
    "withdrawn": N_("Withdrawn"),
}
REASONS = {
    "not_delivered": N_("It was not delivered"),
    "incomplete": N_("Parts are missing"),
    "not_as_described": N_("It is not as described"),
    "quality": N_("Its quality is not as promised"),
    "unusable": N_("It cannot be read or used"),
}
