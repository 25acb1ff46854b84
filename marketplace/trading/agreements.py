"""Contracts to be signed: between vendor and buyer, with the exchange as third if said.

Each party signs the same text, known by its hash, in any order, until a deadline; the
buyer's signature holds the money, the last one makes the trade. A refusal returns the
contract with its reason. Source: domain §4 (contract), §6; model contracts of NDA and
SAMR, 2025.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from marketplace.trading.agenda import Agenda
from marketplace.trading.drafting import Stage
from settlement.canonical import canonical
from settlement.errors import NotFound, Refusal
from settlement.ids import encode
from settlement.ledger import HOUSE
from settlement.money import BPS
from settlement.states import Machine

STAGES_MAX = 12
NAME_MAX = 80  # characters of a stage's name
TEXT_MAX = 60_000  # characters of the clauses, as canonical JSON
OPEN_MAX = 200  # contracts that one member has out to be signed


class AgreementState(StrEnum):
    """Where a contract stands until the trade, whose state it is from then on."""

    SIGNING = "signing"
    SIGNED = "signed"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class AgreementEvent(StrEnum):
    """What can happen to a contract."""

    CONCLUDE = "conclude"
    RETURN = "return"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"


_S, _E = AgreementState, AgreementEvent
AGREEMENT = Machine(
    "agreement",
    {
        (_S.SIGNING, _E.CONCLUDE): _S.SIGNED,
        (_S.SIGNING, _E.RETURN): _S.RETURNED,
        (_S.SIGNING, _E.WITHDRAW): _S.WITHDRAWN,
        (_S.SIGNING, _E.EXPIRE): _S.EXPIRED,
    },
)


@dataclass(eq=False)
class TooManyContracts(Refusal):
    """The member has as many contracts out to be signed as it may have."""

    contracts_max: int


@dataclass(eq=False)
class AnotherText(Refusal):
    """This is not the text of the contract: read it again before signing."""

    sha256: str


@dataclass(eq=False)
class AlreadySigned(Refusal):
    """This party has signed the contract already."""

    agreement: int


CONFLICTS: tuple[type[Refusal], ...] = (TooManyContracts, AnotherText, AlreadySigned)


class Signature(NamedTuple):
    """Who signed for a party, in the order of the table's columns."""

    agreement: int
    party: int
    by: int
    seq: int
    at_us: int


@dataclass(slots=True, eq=False)
class Agreement:
    """One contract, in the order of the table's columns; money in minor units."""

    number: int
    seq: int
    at_us: int
    by: int
    drafter: int
    vendor: int
    buyer: int
    house: bool
    instrument: int
    currency: int
    price: int
    quantity: int
    purpose: str
    terms: int  # the whole text, with what is sold
    sha256: str  # of it
    stages: tuple[Stage, ...]
    days: int
    term_us: int | None
    deliveries_max: int | None
    expires_us: int
    evidence: str
    offer: int
    follows: int
    state: AgreementState = AgreementState.SIGNING
    reason: str = ""
    ended_by: int | None = None
    trade: int | None = None
    signatures: dict[int, Signature] = field(default_factory=dict)

    rank = 50  # on the agenda

    @property
    def due_us(self) -> int | None:
        """Return when it ends by itself; None once it has ended."""
        return self.expires_us if self.state is AgreementState.SIGNING else None

    @property
    def value(self) -> int:
        """Return what the buyer pays in all."""
        return self.price * self.quantity

    @property
    def parties(self) -> tuple[int, ...]:
        """Return who has to sign."""
        return (self.vendor, self.buyer, *([HOUSE] if self.house else []))

    @property
    def held(self) -> int:
        """Return what the buyer has held for it: the price, from its signature on."""
        waits = self.state is AgreementState.SIGNING and self.buyer in self.signatures
        return self.value if waits else 0

    def row(self) -> tuple[object, ...]:
        """Return the values in the order of the table's columns."""
        return (
            self.number, self.seq, self.at_us, self.by, self.drafter, self.vendor,
            self.buyer, int(self.house), self.instrument, self.currency, self.price,
            self.quantity, self.purpose, self.terms, self.sha256,
            canonical(self.stages), self.days, self.term_us, self.deliveries_max,
            self.expires_us, self.evidence, self.offer, self.follows, str(self.state),
            self.reason, self.ended_by, self.trade,
        )  # fmt: skip


def amounts(value: int, stages: tuple[Stage, ...]) -> tuple[int, ...]:
    """Return what each stage pays; the last takes the remainder (domain §8)."""
    first = [value * stage.bps // BPS for stage in stages[:-1]]
    return (*first, value - sum(first))


class Agreements:
    """The contracts that wait for signatures; others live on in the records."""

    def __init__(self, agenda: Agenda) -> None:
        """Start with none; they end on *agenda*."""
        self._agenda = agenda
        self.live: dict[int, Agreement] = {}
        self.last = 0
        self.changed: dict[int, Agreement] = {}
        self.signed: list[Signature] = []  # new since the last drain
        self._open: dict[int, int] = {}  # who drafted → how many

    def check_room(self, drafter: int) -> None:
        """Refuse with TooManyContracts beyond what one member may have out."""
        if self._open.get(drafter, 0) >= OPEN_MAX:
            raise TooManyContracts(OPEN_MAX)

    def open(self, agreement: Agreement) -> None:
        """Take a new contract up."""
        self.last = agreement.number
        self.changed[agreement.number] = agreement
        self.restore(agreement)

    def restore(self, agreement: Agreement) -> None:
        """Take over a contract that waits, from the records."""
        self.live[agreement.number] = agreement
        drafter = agreement.drafter
        self._open[drafter] = self._open.get(drafter, 0) + 1
        self._agenda.put(agreement)

    def get(self, number: int, party: int) -> Agreement:
        """Return a contract that waits for *party* among others; else NotFound."""
        found = self.live.get(number)
        if found is None or party not in found.parties:
            raise NotFound("agreement", encode("agreement", max(0, number)))
        return found

    def sign(self, agreement: Agreement, signature: Signature) -> None:
        """Note a signature."""
        agreement.signatures[signature.party] = signature
        self.signed.append(signature)

    def move(self, agreement: Agreement, event: AgreementEvent) -> None:
        """End the signing by *event*; see `agreeing` for what it holds."""
        agreement.state = AGREEMENT.after(agreement.state, event)
        self.changed[agreement.number] = agreement
        self._agenda.put(agreement)
        del self.live[agreement.number]
        self._open[agreement.drafter] -= 1
        if not self._open[agreement.drafter]:
            del self._open[agreement.drafter]
