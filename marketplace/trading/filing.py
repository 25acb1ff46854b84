"""Filed deals carried out: entered, confirmed by the other side, registered."""

import re

from marketplace.trading.filings import (
    NOTE_MAX,
    TITLE_MAX,
    Filing,
    FilingEvent,
    FilingState,
)
from marketplace.trading.market import Market, handles
from marketplace.trading.orders import VALUE_MAX
from marketplace.trading.recording import (
    ConfirmFiling,
    FileTrade,
    RegisterFiling,
    WithdrawFiling,
)
from marketplace.trading.rights import check_reason
from marketplace.trading.texts import fits
from marketplace.trading.venue import NotVerified, WrongOrder
from settlement.errors import IllegalMove, NotFound, OwnWork
from settlement.ids import encode
from settlement.money import BY_ASSET

SHA256 = re.compile("[0-9a-f]{64}")


@handles(FileTrade)
def file_trade(market: Market, command: FileTrade, seq: int, at_us: int) -> int:
    """Enter a deal that was made elsewhere; the filing's number."""
    for party in (command.member, command.other):
        if party not in market.verified:
            raise NotVerified(party)
    if command.member == command.other:
        raise WrongOrder("other")
    for text, most in ((command.title, TITLE_MAX), (command.note, NOTE_MAX)):
        if not fits(text, most):
            raise WrongOrder("title" if text is command.title else "note")
    if not command.title.strip():
        raise WrongOrder("title")
    if command.currency not in BY_ASSET or not 0 <= command.amount <= VALUE_MAX:
        raise WrongOrder("amount")
    if not 0 < command.dealt_us <= at_us:
        raise WrongOrder("dealt_us")
    if not SHA256.fullmatch(command.evidence):
        raise WrongOrder("evidence")
    parties = (command.member, command.other)
    seller, buyer = parties if command.sells else reversed(parties)
    filing = Filing(
        market.filings.last + 1, seq, at_us, command.by, seller, buyer, command.member,
        command.title, command.currency, command.amount, command.dealt_us,
        command.note, command.evidence,
    )  # fmt: skip
    market.filings.open(filing)
    return filing.number


@handles(ConfirmFiling)
def confirm(market: Market, command: ConfirmFiling, _seq: int, _at_us: int) -> None:
    """Confirm or contest what the other side filed."""
    filing = market.filings.get(command.filing)
    if filing.other != command.member:
        raise NotFound("filing", encode("filing", filing.number))
    check_reason(command.reason)
    if not command.agrees and not command.reason.strip():
        raise WrongOrder("reason")
    event = FilingEvent.CONFIRM if command.agrees else FilingEvent.CONTEST
    if filing.state is not FilingState.ENTERED:
        raise IllegalMove("filing", str(filing.state), str(event))
    filing.confirmed_by = command.by
    market.filings.move(filing, event, command.reason)


@handles(WithdrawFiling)
def withdraw(market: Market, command: WithdrawFiling, _seq: int, _at_us: int) -> None:
    """Take back what the member filed and nobody confirmed yet."""
    filing = market.filings.get(command.filing)
    if filing.filer != command.member:
        raise NotFound("filing", encode("filing", filing.number))
    market.filings.move(filing, FilingEvent.WITHDRAW)


@handles(RegisterFiling)
def register(market: Market, command: RegisterFiling, _seq: int, _at_us: int) -> None:
    """Put a confirmed deal on record, or refuse it with a reason.

    Who entered or confirmed it does not decide on it.
    """
    filing = market.filings.get(command.filing)
    check_reason(command.reason)
    if command.by in (filing.by, filing.confirmed_by):
        raise OwnWork
    if not command.approve and not command.reason.strip():
        raise WrongOrder("reason")
    event = FilingEvent.REGISTER if command.approve else FilingEvent.REFUSE
    if filing.state is not FilingState.CONFIRMED:
        raise IllegalMove("filing", str(filing.state), str(event))
    filing.decided_by = command.by
    market.filings.move(filing, event, command.reason)
