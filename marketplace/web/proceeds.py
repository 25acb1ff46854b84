"""Words of shares: states of agreements, roles, what is taxed."""

from listings.marking import N_

PROCEEDS = {
    "split": {
        "waiting": N_("Waits for consent"),
        "in_force": N_("In force"),
        "declined": N_("Not agreed to"),
        "withdrawn": N_("Withdrawn"),
        "replaced": N_("Replaced"),
    },
    "share": {
        "vendor": N_("Vendor"),
        "source": N_("Data source"),
        "operator": N_("Primary operator"),
        "developer": N_("Secondary developer"),
        "licensor": N_("Upstream licensor"),
    },
    "obligation": {
        "due": N_("Not settled yet"),
        "settled": N_("Settled"),
        "failed": N_("Waits for a debt"),
        "written_off": N_("Written off"),
    },
    "run": {
        "frozen": N_("Fixed, waits for approval"),
        "approved": N_("Approved"),
        "executed": N_("Executed"),
        "cancelled": N_("Given up"),
    },
    "debt": {
        "open": N_("Not paid yet"),
        "cured": N_("Paid since"),
        "written_off": N_("Written off"),
        "no_money": N_("No money"),
        "pending": N_("A pay-in is on its way"),
        "suspended": N_("The member is suspended"),
    },
    "rule": {
        "SetCycle": N_("Cycle"),
        "SetCredit": N_("Credit line"),
        "SetReserve": N_("Reserve"),
        "SetPenalties": N_("Scale of penalties"),
        "SetTaxes": N_("Rates of tax"),
        "WriteOff": N_("Default"),
    },
    "taxed": {
        "dataset": N_("Dataset"),
        "service": N_("Data service"),
        "application": N_("Data application"),
        "fee": N_("Fee of the exchange"),
    },
}
