"""Cuts in use: a vendor sets one, a buyer takes a table of a right that is cut."""

from functools import partial

from listings import instruments
from listings.cuts import settings
from listings.cuts.settings import Cut
from marketplace.admission import tell_market
from marketplace.delivery import shares
from marketplace.delivery.content import Content
from marketplace.delivery.files import Delivery, check_running, permit
from marketplace.members.users import User
from marketplace.services import Services
from marketplace.trading.commands import Deliver
from settlement import ids, statements
from settlement.errors import NotFound

PARQUET = "application/vnd.apache.parquet"


def settle(parts: Services, user: User, instrument: int, cut: Cut | None) -> None:
    """Let an instrument of the user's sell tables cut so from now on; Invalid.

    The market is told at once; rights already sold keep their terms.
    """
    with parts.writes.begin() as db:
        unit = instruments.get(db, instrument)
        if unit.vendor != user.member:
            raise NotFound("instrument", ids.encode("instrument", instrument))
        settings.put(db, instrument, cut)
    tell_market(parts, unit.product, user.id)


def deliver(
    parts: Services, user: User, entitlement: int, name: str, key: str | None = None
) -> Delivery:
    """Deliver a table of a right whose licence cuts it, as Parquet; counted once.

    NotFound unless the right is theirs, is cut and opens that table; what
    `files.permit` refuses; NotTabular if the cut leaves nothing of it.
    """
    with parts.reads.connect() as db:
        right = statements.entitlement(db, entitlement, user.member)
        if "cut" not in statements.terms(db, right.terms):
            raise NotFound("table", name[:80])
        permit(db, user, right)
        found = shares.table(db, right, name)
    version = found.at()
    prepared = version.prepared(parts)
    check = partial(check_running, parts, right.id)
    content = Content(parts.files, prepared.key, check)
    said = Deliver(
        *(user.id, user.member, right.id, version.file.id),
        prepared.key,
        prepared.size,
    )
    try:
        receipt = int(parts.gateway.submit(said, key).result)
    except BaseException:
        content.close()
        raise
    title = f"{found.name}.parquet"
    return Delivery(receipt, title, PARQUET, prepared.size, prepared.key, content)
