"""Commands of contracts: drafted, signed, returned, cancelled; see `agreements`."""

from typing import NamedTuple


class Stage(NamedTuple):
    """One part of a contract: what is due then, its share of the price, by when."""

    name: str
    bps: int  # basis points of the price; those of all stages are 10,000
    days: int  # working days to deliver it, from the last signature; 0: it is there


class DraftContract(NamedTuple):
    """Put a contract to the other side, to be signed by all before *expires_us*.

    *text* is the canonical JSON of its clauses; what is sold is frozen with them.
    """

    by: int
    member: int
    to: int
    instrument: int
    price: int  # minor units per unit
    quantity: int
    purpose: str  # what the buyer needs the data for
    stages: tuple[Stage, ...]
    days: int  # working days that the buyer has to accept; 0: settled at once
    term_us: int | None  # how long the right lasts; None: without end
    expires_us: int
    house: bool  # whether the exchange signs as the third party
    text: str
    evidence: str = ""  # SHA-256 of a contract that exists on paper
    offer: int = 0  # the open offer that it carries out
    follows: int = 0  # the contract that it is a new draft of


class SignContract(NamedTuple):
    """Sign a contract as it reads: the last signature makes the trade."""

    by: int
    member: int  # the vendor, the buyer, or the exchange
    contract: int
    sha256: str  # of the text that was read


class ReturnContract(NamedTuple):
    """Refuse to sign, with the reason; who drafted it takes it back."""

    by: int
    member: int
    contract: int
    reason: str


class CancelSale(NamedTuple):
    """Ask to end a trade in escrow, agree to it, or not: what waits goes back.

    Who asked may also think better of it.
    """

    by: int
    member: int  # the buyer or the seller
    trade: int
    agrees: bool
    reason: str
