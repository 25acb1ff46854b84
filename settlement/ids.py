"""Typed public ids: a kind, an underscore and the number in Crockford's base 32."""

from settlement.errors import NotFound

# crockford.com/base32.html: no I, L, O, U, so that ids survive the telephone.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
WIDTH = 7
NUMBER_MAX = 2**63 - 1
_VALUE = {letter: value for value, letter in enumerate(ALPHABET)} | {
    "i": 1,
    "l": 1,
    "o": 0,
}

KINDS = {
    "member": "mem",
    "user": "usr",
    "key": "key",
    "service_key": "svk",
    "product": "prd",
    "release": "rel",
    "file": "fil",
    "attachment": "att",
    "engagement": "eng",
    "registration": "reg",
    "instrument": "ins",
    "order": "ord",
    "trade": "trd",
    "contract": "con",
    "transfer": "trf",
    "entitlement": "ent",
    "receipt": "rcp",
    "payin": "pin",
    "payout": "pot",
    "record": "rec",
    "intake": "imp",
    "offer": "off",
    "contest": "cts",
    "agreement": "agr",
    "pool": "grp",
    "filing": "fdl",
    "invoice": "inv",
    "proposal": "prp",
    "dispute": "dsp",
    "refund": "rfd",
    "bust": "bst",
    "split": "spl",
    "approval": "apr",
    "mandate": "mdt",
    "run": "run",
    "fail": "fai",
    "authorisation": "aut",
    "alert": "alr",
    "case": "cas",
    "designation": "dsg",
    "notice": "ntc",
    "question": "qst",
    "complaint": "cmp",
    "rating": "rtg",
    "request": "rqs",
    "demand": "dmd",
    "search": "sch",
    "profile": "prf",
    "break": "brk",
    "sharing": "shr",
    "fetch": "fch",
    "publication": "pub",
    "figure": "fig",
    "webhook": "whk",
    "message": "msg",
    "seat": "sea",
    "query": "qry",
    "fit": "fit",
    "leak": "lek",
}


def encode(kind: str, number: int) -> str:
    """Return the public id of *number*: ``encode("order", 33)`` is ``ord_0000011``.

    A number below zero, which is nobody's, is written so that `decode` refuses it.
    """
    if number < 0:
        return f"{KINDS[kind]}_{number}"
    digits = ""
    while number:
        number, rest = divmod(number, 32)
        digits = ALPHABET[rest] + digits
    return f"{KINDS[kind]}_{digits.rjust(WIDTH, '0')}"


def decode(kind: str, text: str) -> int:
    """Return the number behind a public id; NotFound if *text* is none of that kind."""
    prefix, _, digits = text.lower().partition("_")
    if prefix != KINDS[kind] or not 0 < len(digits) <= 13:
        raise NotFound(kind, text[:40])
    number = 0
    for letter in digits:
        if letter not in _VALUE:
            raise NotFound(kind, text[:40])
        number = number * 32 + _VALUE[letter]
    if number > NUMBER_MAX:
        raise NotFound(kind, text[:40])
    return number
