"""What the parts of a licence are called where two are compared."""

from collections.abc import Mapping

from listings.marking import N_

DIFFERENCES: Mapping[str, str] = {
    "same": N_("unchanged"),
    "changed": N_("changed"),
    "added": N_("added"),
    "removed": N_("removed"),
}
# The fields of a licence's terms.
TERMS: Mapping[str, str] = {
    "uses": N_("Uses"),
    "purposes": N_("Purposes"),
    "on_request": N_("Purposes on request"),
    "exclusivity": N_("Exclusivity"),
    "field": N_("Field of use"),
    "territory": N_("Territory"),
    "term_days": N_("Term in days"),
    "volume_max": N_("Deliveries included"),
    "transfer": N_("May be passed on"),
    "retention": N_("After the end"),
    "derivation": N_("Derived works"),
    "attribution": N_("Name the source"),
    "share_alike": N_("Share under the same terms"),
    "delete_days": N_("Days to delete"),
    "report_days": N_("Days between reports"),
}
DUTIES: Mapping[str, str] = {
    "attribute": N_("Say where the source is named"),
    "report": N_("Report the use"),
    "delete": N_("Delete the data"),
}
DUTY_STATES: Mapping[str, str] = {
    "done": N_("done"),
    "overdue": N_("overdue"),
    "soon": N_("due soon"),
    "later": N_("later"),
}
CLAUSES = {
    "difference": DIFFERENCES,
    "term": TERMS,
    "duty": DUTIES,
    "duty_state": DUTY_STATES,
}
