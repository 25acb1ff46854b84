"""Plans in the API: how the use of a metered right is charged."""

from typing import Any

from marshmallow import fields, post_load

from listings.plans import (
    PACK_MAX,
    PERIOD_DAYS_MAX,
    SEATS_MAX,
    TIERS_MAX,
    UNITS_MAX,
    Plan,
    Tier,
)
from marketplace.api.fields import Body, Int, Long
from settlement.money import AMOUNT_MAX


class TierSchema(Body):
    """Units up to a number, counted after the free ones, at one price."""

    up_to = Int(1, UNITS_MAX, required=True, allow_none=True)
    price = Int(0, AMOUNT_MAX, required=True)

    @post_load
    def tier(self, data: dict[str, Any], **_: Any) -> Tier:
        """Return the tier."""
        return Tier(**data)


class PlanSchema(Body):
    """How use is charged on top of the price; all counts are of one period."""

    pack = Int(1, PACK_MAX, load_default=1)
    tiers = fields.List(
        fields.Nested(TierSchema), load_default=[], validate=Long(0, TIERS_MAX)
    )
    period_days = Int(1, PERIOD_DAYS_MAX, load_default=30)
    free_units = Int(0, UNITS_MAX, load_default=0)
    spend_cap = Int(0, AMOUNT_MAX, load_default=None, allow_none=True)
    quota = Int(1, UNITS_MAX, load_default=None, allow_none=True)
    seats = Int(1, SEATS_MAX, load_default=1)

    @post_load
    def plan(self, data: dict[str, Any], **_: Any) -> Plan:
        """Return the plan."""
        return Plan(**(data | {"tiers": tuple(data["tiers"])}))
