"""How good or bad a state is: the tone that its badge is shown in."""

from collections.abc import Mapping

TONES: Mapping[str, str] = {
    **dict.fromkeys(
        ("filled", "settled", "active", "succeeded", "paid", "verified", "listed"),
        "good",
    ),
    **dict.fromkeys(("registered", "delivered", "approved"), "good"),
    **dict.fromkeys(
        ("open", "partial", "created", "pending", "requested", "submitted"), "wait"
    ),
    **dict.fromkeys(
        ("in_review", "publicity", "matched", "escrowed", "invited"), "wait"
    ),
    **dict.fromkeys(
        ("returned", "objection", "disputed", "suspended", "rejected", "failed"), "bad"
    ),
    **dict.fromkeys(("revoked", "charged_back", "declined"), "bad"),
}


def tone(code: object) -> str:
    """Return the tone of a state: good, wait, bad or plain."""
    return TONES.get(str(code), "plain")
