"""Erasures: two persons decide what is forgotten; the records say that it was.

The market only keeps count of them. What is erased stands outside the journal, or is
sealed in it under a key that is destroyed: no record is changed, none is lacking.
"""

import re
from dataclasses import dataclass
from typing import NamedTuple

from marketplace.trading.market import Market, handles
from marketplace.trading.proposals import proposable
from marketplace.trading.venue import WrongOrder
from settlement.errors import OwnWork, Refusal
from settlement.ids import encode

PERSON = "person"
WHAT = re.compile(r"[a-z]{1,30}", re.ASCII)
UNTIL_MAX_US = 2**62


@dataclass(eq=False)
class AlreadyErased(Refusal):
    """What could be told of this person was erased before."""

    user: str


class Erase(NamedTuple):
    """Forget a person, or what a class of records has from before a moment.

    Of a person the name and the address go at once; the key of what was written goes
    at *until_us*, when no law asks for the texts any more.
    """

    by: int
    what: str  # "person", or the code of a class
    subject: int  # the user; 0: all of a class
    until_us: int


@proposable(Erase)
def check(market: Market, step: Erase) -> None:
    """Refuse what cannot be erased, or was; nobody proposes to erase themselves."""
    if not WHAT.fullmatch(step.what):
        raise WrongOrder("what")
    if (step.what == PERSON) != (step.subject > 0):
        raise WrongOrder("subject")
    if not 0 < step.until_us <= UNTIL_MAX_US:
        raise WrongOrder("until_us")
    if step.subject == step.by > 0:
        raise OwnWork
    if step.subject in market.erasures.persons:
        raise AlreadyErased(encode("user", step.subject))


@handles(Erase)
def erase(market: Market, command: Erase, seq: int, at_us: int) -> None:
    """Record that something is to be forgotten; who keeps it follows the records."""
    check(market, command)
    if command.what == PERSON:
        market.erasures.persons.add(command.subject)
    market.erasures.new.append(
        (seq, at_us, command.by, command.what, command.subject, command.until_us)
    )
