"""Words of shares: states of agreements, roles, what is taxed."""

from marketplace.language import N_

PROCEEDS = {
    "split": {
        "waiting": N_("Waits for consent"),
        "in_force": N_("In force"),
        "declined": N_("Declined"),
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
    "taxed": {
        "dataset": N_("Dataset"),
        "service": N_("Data service"),
        "application": N_("Data application"),
        "fee": N_("Fee of the exchange"),
    },
}
