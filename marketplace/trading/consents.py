"""Consents: purposes that a licence leaves to the vendor's word, granted to members."""

from typing import NamedTuple

Consent = tuple[int, str]  # a member, and the purpose that the vendor agreed to
CONSENTS_MAX = 1_000  # of one instrument


class SetConsents(NamedTuple):
    """Say which members may buy an instrument for which further purposes: all of them.

    Bids for a purpose that is agreed to no longer are cancelled; rights stay.
    """

    by: int
    instrument: int
    consents: tuple[Consent, ...]  # ascending


def stored(consents: frozenset[Consent]) -> str:
    """Return consents as the records keep them: ``7:display 9:display``."""
    return " ".join(f"{member}:{purpose}" for member, purpose in sorted(consents))


def restored(text: str) -> frozenset[Consent]:
    """Return what `stored` wrote."""
    pairs = (one.partition(":") for one in text.split())
    return frozenset((int(member), purpose) for member, _, purpose in pairs)
