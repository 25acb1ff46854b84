"""How far a right reaches, and what else the market must know of an instrument."""

from typing import NamedTuple


class Scope(NamedTuple):
    """What of its licence binds an instrument beyond its own book.

    *field* and *territory* are paths of codes, the wider before the narrower, such as
    ``CN/31``; an empty path is everywhere.
    """

    product: int = 0  # what instruments have in common; 0: nothing
    exclusive: bool = False  # its right tolerates no other buyer's
    field: str = ""
    territory: str = ""


NOWHERE = Scope()
FIXED = ("product", "exclusive", "field", "territory")  # under rights that run


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
