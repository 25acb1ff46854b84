"""A floor, a fake Stripe, and the desk that books what it says."""

from contextlib import contextmanager

from sqlalchemy import select

from marketplace.payments import checkouts
from marketplace.payments.following import CardDesk
from marketplace.payments.tables import foreign_lines
from marketplace.trading import commands as c
from settlement import clock, statements, store
from settlement.ledger import PROVIDER
from settlement.payments.stripe import Stripe
from tests.fake_stripe import SECRET, FakeStripe, serving
from tests.floor import CAT, CNY, count, money, opened, proven, trading

AMOUNT = 20_000
OPEN = 3


def now_s() -> int:
    """Return the present second."""
    return clock.now_us() // clock.SECOND_US


class House:
    """A floor, a fake provider, and the desk between them."""

    def __init__(self, gateway, fake, provider, reads, writes):
        self.gateway, self.fake, self.provider = gateway, fake, provider
        self.reads, self.writes = reads, writes
        self.desk = CardDesk(provider, reads, writes, gateway)

    def ask(self, amount=AMOUNT, member=CAT):
        """Begin a pay-in; its number."""
        command = c.RequestCardPayin(member, member, CNY, amount)
        number = self.gateway.submit(command).result
        with self.writes.begin() as db:
            checkouts.note(db, number, "Pay-in", "http://127.0.0.1/back")
        return number

    def open(self, number):
        """Return the session of the provider's page for a pay-in."""
        checkouts.begin(self.writes, self.provider, number)
        with self.reads.connect() as db:
            return checkouts.find(db, number).session

    def paid(self, amount=AMOUNT, member=CAT):
        """Have somebody pay; the pay-in's number and the payment's id."""
        number = self.ask(amount, member)
        payment = self.fake.pay(self.open(number))
        self.desk.look()
        return number, payment

    def state(self, number):
        with self.reads.connect() as db:
            return statements.payin(db, number).state

    def refused(self):
        """Return why lines are not booked."""
        query = select(foreign_lines.c.refused).where(foreign_lines.c.refused != "")
        with self.reads.connect() as db:
            return sorted(db.execute(query).scalars())

    def at(self, owner, pocket=OPEN):
        return money(self.reads, owner, pocket)

    def reconciled(self):
        """Everything is proven, and what we book is what the provider has."""
        proven(self.reads)
        assert -self.at(PROVIDER) == self.fake.balance()
        assert count(self.reads, foreign_lines) == len(self.fake.lines)


@contextmanager
def housed(url, retries=0):
    fake = FakeStripe()
    writes = opened(url)
    reads = store.connect(url)
    with trading(url) as gateway, serving(fake) as address:
        provider = Stripe("sk_test_x", SECRET, address, retries=retries)
        yield House(gateway, fake, provider, reads, writes)
    reads.dispose()
    writes.dispose()
