"""How far a right reaches, and what else the market must know of an instrument."""

from collections.abc import Sequence
from typing import Any, NamedTuple


class Scope(NamedTuple):
    """What of its licence binds an instrument beyond its own book.

    *field* and *territory* are paths of codes, the wider before the narrower, such as
    ``CN/31``; an empty path is everywhere.
    """

    product: int = 0  # what instruments have in common; 0: nothing
    exclusive: bool = False  # its right tolerates no other buyer's
    field: str = ""
    territory: str = ""
    on_request: tuple[str, ...] = ()  # purposes that need the vendor's consent
    notice_us: int = 0  # how long before they hold rises of its price are announced
    stands_for: tuple[int, ...] = ()  # instruments that give no less than it does


NOWHERE = Scope()
FIXED = ("product", "exclusive", "field", "territory")  # under rights that run


def decode(values: Sequence[Any]) -> Scope:
    """Return the scope that was written as a JSON array."""
    found = Scope(*values)
    return found._replace(
        on_request=tuple(found.on_request), stands_for=tuple(found.stands_for)
    )


def collide(one: Scope, other: Scope) -> bool:
    """Tell whether two rights, of two buyers, cannot be in force together."""
    return (
        one.product == other.product != 0
        and (one.exclusive or other.exclusive)
        and _meet(one.field, other.field)
        and _meet(one.territory, other.territory)
    )


def _meet(one: str, other: str) -> bool:
    """Tell whether one of two paths leads to the other."""
    narrow, wide = (one, other) if len(one) >= len(other) else (other, one)
    return not wide or narrow == wide or narrow.startswith(f"{wide}/")
