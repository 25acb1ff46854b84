"""Commands of mandates: given, and ended; see `mandates`."""

from typing import NamedTuple


class GiveMandate(NamedTuple):
    """Let *user* spend the member's money within bounds, and no further.

    An *agent* may do nothing but what a mandate lets it; a colleague keeps all else
    that its roles allow, and is bounded in what it spends.
    """

    by: int
    member: int
    user: int
    name: str
    agent: bool
    currency: int  # asset number of the money
    price_max: int | None  # minor units per unit
    daily_max: int  # minor units in a day of the exchange
    total_max: int | None  # minor units in all
    approval_above: int | None  # what one order costs at most without a second person
    unique: bool  # nothing that the member has a right to, or has ordered, already
    instruments: tuple[int, ...]  # ascending; empty: any
    purposes: tuple[str, ...]  # ascending; empty: any
    until_us: int


class EndMandate(NamedTuple):
    """End a mandate at once: an agent's orders are cancelled, and nothing follows."""

    by: int
    member: int
    mandate: int
