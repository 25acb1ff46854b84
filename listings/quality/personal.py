"""Personal data in cells: found by shape and check digit, masked the same way always.

Shapes alone would call every long number a person, so each kind has a second test: the
citizen number's check digit (GB 11643-1999), Luhn's digit and the issuer's range for
bank cards (ISO/IEC 7812-1), the numbering ranges of mobile networks, and for columns
of bare digits that at least half of them pass.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

KINDS = ("citizen", "mobile", "card", "email", "name")
SHARE_MIN = 0.5  # of the bare numbers of a column that must pass
NAMES_MIN = 0.6  # of the cells of a column that is called after persons

CITIZEN = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{16}[\dXx](?![0-9A-Za-z])", re.ASCII)
_RANGES = "3[0-9]|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8[0-9]|9[0-35-9]"
MOBILE = re.compile(
    rf"(?<![0-9A-Za-z.+-])(?:\+?86[- ]?)?1(?:{_RANGES})\d{{8}}(?![0-9A-Za-z.])",
    re.ASCII,
)
CARD = re.compile(r"(?<![0-9A-Za-z.-])\d{16,19}(?![0-9A-Za-z.])", re.ASCII)
EMAIL = re.compile(
    r"(?<![\w.+-])[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,12}"
    r"(?![\w-])",
    re.ASCII,
)
# What RE2 can look for quickly, before the tests above: long digits or an @.
SUSPECT = r"[0-9]{11}|@"
_ROLES = re.compile(
    r"(?i)(info|contact|support|service|sales|admin|office|help|press|data|hello"
    r"|no-?reply|webmaster|postmaster)@"
)
_PROVINCES = {
    *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35"),
    *("36", "37", "41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54"),
    *("61", "62", "63", "64", "65", "71", "81", "82", "83"),
}
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# The first digits of UnionPay, Visa, Mastercard, JCB and American banks' cards.
_ISSUERS = re.compile(r"62|60[1-5]|4|5[1-5]|2[2-7]|35|9[4-9]5")
_PERSONS = re.compile(
    r"(?i)姓名|联系人|户主|法人姓名|客户名|患者|学生名|员工名"
    r"|\b(full|first|last|given|family|customer|patient|contact)[_ ]?name\b|\bsurname\b"
)
_SURNAMES = set(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余"
    "杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史"
    "陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹"
    "申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管"
)
_HAN_NAME = re.compile(r"[\u4e00-\u9fff·]{2,4}")
_LATIN_NAME = re.compile(r"[A-Z][a-z'’-]+(?: [A-Z][a-z'’.-]*){0,3}")


class Finding(NamedTuple):
    """Personal data of one kind in one column."""

    kind: str
    cells: int
    row: int  # the first of them, from 1


def is_citizen(text: str) -> bool:
    """Tell whether *text* is a citizen number: province, birthday and check digit."""
    if text[:2] not in _PROVINCES:
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(d) * w for d, w in zip(text[:17], _WEIGHTS, strict=True))
    return 1880 <= born.year <= 2100 and _CHECKS[total % 11] == text[17].upper()


def is_card(text: str) -> bool:
    """Tell whether *text* is a bank card's number: issuer's range and Luhn's digit."""
    if not _ISSUERS.match(text) or len(set(text)) < 4:
        return False
    digits = [int(digit) for digit in reversed(text)]
    doubled = (2 * d - 9 if d > 4 else 2 * d for d in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_address(text: str) -> bool:
    return not _ROLES.match(text) and not text.lower().endswith(
        (".png", ".jpg", "@example.com", "@example.org")
    )


_TESTS: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "citizen": (CITIZEN, is_citizen),
    "mobile": (MOBILE, lambda _text: True),
    "card": (CARD, is_card),
    "email": (EMAIL, _is_address),
}


def kinds_in(text: str) -> set[str]:
    """Return the kinds of personal data that a cell's *text* shows by itself."""
    found = {
        kind
        for kind, (shape, test) in _TESTS.items()
        if any(test(match[0]) for match in shape.finditer(text))
    }
    return found - {"card"} if "citizen" in found else found


def find(cells: Iterable[tuple[int, str]]) -> list[Finding]:
    """Return the personal data among the suspect *cells* (row, text) of a column.

    A column of bare numbers is named only if at least half of its cells pass: else
    chance would do.
    """
    counts: dict[str, tuple[int, int]] = {}
    bare = 0
    for row, text in cells:
        bare += text.strip().isdigit()
        for kind in kinds_in(text):
            count, first = counts.get(kind, (0, row))
            counts[kind] = (count + 1, min(first, row))
    found = []
    for kind, (count, row) in counts.items():
        by_chance = kind in {"mobile", "card"} and bare >= 3
        if not by_chance or count >= SHARE_MIN * max(bare, 1):
            found.append(Finding(kind, count, row))
    return sorted(found)


def is_persons(column: str) -> bool:
    """Tell whether a column is called after the names of persons."""
    return bool(_PERSONS.search(column.replace("-", "_")))


def is_name(text: str) -> bool:
    """Tell whether *text* looks like the name of a person."""
    if _HAN_NAME.fullmatch(text):
        return text[0] in _SURNAMES or text[:2] in {"欧阳", "司马", "上官", "诸葛"}
    return bool(_LATIN_NAME.fullmatch(text))


def masked(text: str, kinds: Iterable[str]) -> str:
    """Return *text* with what it shows of persons replaced; the same each time."""
    if "name" in kinds and is_name(text.strip()):
        return text.strip()[:1] + "**"
    for kind, (shape, test) in _TESTS.items():
        if kind in kinds:
            text = shape.sub(
                lambda match, kind=kind, test=test: (  # type: ignore[misc]
                    _MASKS[kind](match[0]) if test(match[0]) else match[0]
                ),
                text,
            )
    return text


_MASKS: dict[str, Callable[[str], str]] = {
    "citizen": lambda text: text[:3] + "*" * (len(text) - 3),
    "mobile": lambda text: text[:-8] + "****" + text[-4:],
    "card": lambda text: text[:4] + "*" * (len(text) - 8) + text[-4:],
    "email": lambda text: text[0] + "***" + text[text.index("@") :],
}
