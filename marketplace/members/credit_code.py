"""The unified social credit code (统一社会信用代码) of a Chinese organisation.

GB 32100-2015: 18 characters. 1: the registering department; 2: the kind of
organisation; 3-8: the administrative division (GB/T 2260); 9-17: the organisation code
(GB 11714-1997) with a check character of its own; 18: the check character. Departments
and kinds have been added since 2015 (law firms, trade unions), so any is taken.
"""

from dataclasses import dataclass

from settlement.errors import Refusal

# GB 32100-2015 table 2: 31 characters; I, O, S, V and Z are left out.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# GB 32100-2015 §5.2: weights 3^(i-1) mod 31 of the characters 1 to 17.
WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
# GB 11714-1997 §3: weights of the first eight characters of the organisation code,
# whose letters count 10 to 35 in the whole alphabet.
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(eq=False)
class NotACreditCode(Refusal):
    """This is not a unified social credit code: a character is wrong."""

    text: str


def parse(text: str) -> str:
    """Return the code in *text* in its canonical form; NotACreditCode if it is none."""
    code = "".join(text.split()).upper()
    if len(code) != 18 or not set(code) <= set(ALPHABET):
        raise NotACreditCode(text[:40])
    if not code[2:8].isdigit():
        raise NotACreditCode(text[:40])
    if code[16] != organisation_check(code[8:16]) or code[17] != check(code[:17]):
        raise NotACreditCode(text[:40])
    return code


def check(first: str) -> str:
    """Return the 18th character for the *first* 17: C18 = 31 - Σ Ci·Wi mod 31."""
    total = sum(
        ALPHABET.index(letter) * weight
        for letter, weight in zip(first, WEIGHTS, strict=True)
    )
    return ALPHABET[-total % 31]


def organisation_check(first: str) -> str:
    """Return the ninth character of an organisation code: C9 = 11 - Σ Ci·Wi mod 11.

    Ten is written X, eleven 0 (GB 11714-1997 §3.3).
    """
    total = sum(
        int(letter, 36) * weight
        for letter, weight in zip(first, ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X"[-total % 11]
