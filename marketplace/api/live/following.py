"""The two streams: of an instrument for everybody, of a member for itself."""

from flask import Response

from marketplace.api.live.accounts import Accounts
from marketplace.api.live.scenes import Scenes
from marketplace.config import INLINE
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.streams.answers import answer, feed
from marketplace.streams.disconnects import CannotWatch, Guard

SCENES, ACCOUNTS = Scenes(), Accounts()


def follow_instrument(instrument: int, after: str | None = None) -> Response:
    """Answer with what the public sees of an instrument; see `Scenes`."""
    return answer(SCENES, instrument, after)


def follow_member(
    after: str | None = None, cancel_after_s: int | None = None
) -> Response:
    """Answer with what the user's member sees of itself; see `Accounts`.

    CannotWatch if several web processes serve the exchange and *cancel_after_s* is
    given: none of them would see the last of the member's streams end.
    """
    guard = None
    if cancel_after_s is not None:
        if services().config.exchange_url != INLINE:
            raise CannotWatch
        guard = Guard(services(), feed(), me(), cancel_after_s)
    return answer(ACCOUNTS, me().member, after, guard)
