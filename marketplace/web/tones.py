"""The colours of states: good, waiting, bad or plain, whatever they are states of."""

from collections.abc import Mapping

TONES: Mapping[str, str] = {
    **dict.fromkeys(
        ("filled", "settled", "active", "succeeded", "paid", "verified", "listed"),
        "good",
    ),
    **dict.fromkeys(
        ("registered", "delivered", "approved", "pass", "signed", "sent"), "good"
    ),
    **dict.fromkeys(
        ("open", "partial", "created", "pending", "requested", "submitted"), "wait"
    ),
    **dict.fromkeys(
        ("in_review", "publicity", "matched", "escrowed", "invited", "admitted"),
        "wait",
    ),
    **dict.fromkeys(
        ("returned", "objection", "disputed", "suspended", "rejected", "failed"), "bad"
    ),
    **dict.fromkeys(
        ("revoked", "charged_back", "declined", "refused", "fail", "lapsed"), "bad"
    ),
    **dict.fromkeys(("pledged", "conditions", "signing", "waiting", "paused"), "wait"),
    "disabled": "bad",
    "valid": "good",
}


def tone(code: object) -> str:
    """Return the tone of a state: good, wait, bad or plain."""
    return TONES.get(str(code), "plain")
