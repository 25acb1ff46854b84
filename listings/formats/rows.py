"""A row of a table as a product: what fits a field goes there, the rest stays beside.

Nothing is made up: a value that no code stands for, or a price whose currency or unit
is not certain, is kept as it was written, under the column's name, with a remark.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from listings.formats.aws_registry import updates_of
from listings.formats.classification import SECTOR_OF, country, division
from listings.formats.columns import normal
from listings.formats.description import in_both, licence_of
from listings.formats.entry import Described, Rejected
from listings.formats.text import plain
from listings.marking import N_
from listings.products import Facts, is_address
from listings.spdx import NOT_STATED
from listings.vocabulary import CLASSES, MODES, SECTORS, UPDATES, Name, regions
from settlement.money import NotAnAmount, parse
from settlement.money import plain as decimal

PRICE = "proposed_price"  # where `extra` keeps a price that is certain
NOT_UNDERSTOOD = N_("Kept as written, since it fits no value of this field.")
PRICE_UNCERTAIN = N_(
    "The price is kept as written: its currency or unit is not certain."
)
NO_TITLE = N_("It has no title.")
UPDATES_ZH = {
    "realtime": "实时 即时 准实时",
    "hourly": "每小时 小时 按小时",
    "daily": "每日 每天 日 按日 日更 每日更新 天",
    "weekly": "每周 周 按周 周更 每周更新",
    "monthly": "每月 月 按月 月更 每月更新 月度",
    "quarterly": "每季度 季度 每季 按季 季 季更",
    "yearly": "每年 年 按年 年度 年更 每年更新",
    "irregular": "不定期 按需 不定时 不定期更新",
    "never": "不更新 不再更新 静态 一次性 无更新",
}
KINDS = {
    "service": "服务 接口 api api服务 数据接口 数据服务接口 api接口 查询服务",
    "application": "应用 app 报告 数据报告 软件 模型 工具 软件应用",
    "dataset": "数据 数据包 文件 数据资源 库表 data 数据库",
}
_CURRENCIES = {
    "CNY": r"人民币|RMB|CNY|(?<![日美欧港韩])元|万元",
    "USD": r"美元|USD|US\$",
    "EUR": r"欧元|EUR|€",
    "JPY": r"日元|JPY|円",
}
_MODES = {
    "per_call": r"次|call|request|调用",
    "seat": r"席|用户|账号|seat|user",
    "per_term": r"年|月|季|日(?!元)|天|year|month|day|期|annual",
    "whole": r"件|套|份|整体|一次性|买断|whole|dataset|set|file",
}
_DAYS = {r"年|year|annual": 365, r"季": 90, r"月|month": 30, r"日(?!元)|天|day": 1}
_FREE = re.compile(r"(?i)免费|free|无偿|0(\.0+)?(元.*)?")
_ASK = re.compile(r"(?i)面议|询价|议价|另议|ask|contact.*|negotiable|暂无|-+")
_NUMBER = re.compile(r"\d{1,3}(?:[,，]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", re.ASCII)
_SIGN = re.compile(r"[-−–~～至]\s*\d")
_DAY = re.compile(
    r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?)?[年月日]?(?:[T ][\d:.]+Z?)?",
    re.ASCII,
)


class Read(NamedTuple):
    """What a row became, and what there is to say of single columns."""

    found: Described | Rejected
    remarks: tuple[tuple[str, str], ...] = ()  # (column, remark)


def describe(place: str, row: Mapping[str, str], fields: Mapping[str, str]) -> Read:
    """Return the product of a *row*, by *fields*: column → field, empty: keep it.

    Without a column for the id, the title is the id.
    """
    column_of = {field: column for column, field in fields.items() if field}
    value = {f: row.get(c, "").strip() for f, c in column_of.items()}
    facts: dict[str, Any] = {"kind": "dataset"}
    extra: dict[str, Any] = {
        column: text for column, text in row.items() if not fields.get(column)
    }
    remarks: list[tuple[str, str]] = []
    for field, text in value.items():
        if not text or field in {"id", "price", "currency", "unit", "licence"}:
            continue
        understood = dict(_understood(field, text))
        if not understood:
            extra[column_of[field]] = text
            remarks.append((column_of[field], NOT_UNDERSTOOD))
        for name_of, part in understood.items():
            if not facts.get(name_of) or name_of == "kind":
                facts[name_of] = part
            elif facts[name_of] != part:
                extra[column_of[field]] = text
    remarks += _sold(value, column_of, extra)
    made = Facts(**facts)
    if not (made.title_zh or made.title_en):
        return Read(Rejected(place, NO_TITLE))
    stated = value.get("licence", "")
    licence = licence_of(stated)
    if stated:
        extra[column_of["licence"]] = stated
    elif licence.code == NOT_STATED:
        extra = {k: v for k, v in extra.items() if v != ""}
    number = value.get("id") or made.title_zh or made.title_en
    found = Described(
        number,
        dict(row),
        made._replace(extra=extra or None),
        licence,
        "free" if _FREE.fullmatch(value.get("price", "")) else "ask",
    )
    return Read(found, tuple(remarks))


def _understood(field: str, text: str) -> Iterator[tuple[str, Any]]:
    """Yield the facts that a text of a field says; none if it is not understood."""
    if field in {"title", "summary", "description"}:
        zh, en = in_both(plain(text))
        yield (f"{field}_zh", zh) if zh else (f"{field}_en", en)
    elif field in _READ:
        value = _READ[field](text)
        if value is not None:
            yield field, value
    else:
        yield field, plain(text)


def _words(text: str) -> tuple[str, ...]:
    words = (word.strip() for word in re.split(r"[,，、;；|\n]+", text))
    return tuple(dict.fromkeys(word for word in words if word))


def _address(text: str) -> str | None:
    return text if is_address(text) else None


def _whole(text: str) -> int | None:
    """Return a whole number in ASCII digits, in groups of three or not."""
    if _NUMBER.fullmatch(text) and "." not in text and len(text) < 24:
        return int(re.sub("[,，]", "", text))
    return None


def _day(text: str) -> str | None:
    """Return a day, month or year in ISO 8601; None if it is none for certain."""
    found = re.fullmatch(
        r"(\d{4})(?:[-/.年](\d{1,2})(?:[-/.月](\d{1,2}))?)?[年月日]?(?:[T ][\d:.]+Z?)?",
        text,
    )
    if found is None:
        return None
    parts = [found[1], *(part.rjust(2, "0") for part in found.groups()[1:] if part)]
    return "-".join(parts)


def _named(names: Mapping[str, Name], text: str) -> str | None:
    wanted = normal(text)
    for code, name in names.items():
        if wanted in {normal(code), normal(name.zh), normal(name.en)}:
            return code
    return None


def _sector(text: str) -> str | None:
    found = _named(SECTORS, text)
    words = [word.strip().lower() for word in re.split(r"[,，、;；]", text)]
    codes = {SECTOR_OF[word] for word in words if word in SECTOR_OF}
    return found or (codes.pop() if len(codes) == 1 else None)


def _region(text: str) -> str | None:
    exact = _named(regions(), text)
    return exact or (country(text) if len(text) == 2 else division(text))


def _updates(text: str) -> str | None:
    word = normal(text)
    for code, line in UPDATES_ZH.items():
        if word in line.split():
            return code
    return _named(UPDATES, text) or updates_of(text)


def _kind(text: str) -> str | None:
    word = normal(text)
    for code, line in KINDS.items():
        if word in line.split():
            return code
    return _named(CLASSES, text)


_READ: dict[str, Callable[[str], Any]] = {
    "sector": _sector,
    "region": _region,
    "updates": _updates,
    "kind": _kind,
    "keywords": _words,
    "source_url": _address,
    "publisher_url": _address,
    "coverage_from": _day,
    "coverage_until": _day,
    "row_count": _whole,
    "size_bytes": _whole,
}


# ── prices ──


def _sold(
    value: Mapping[str, str], column_of: Mapping[str, str], extra: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Keep what is said of the price; a certain one is proposed, no other."""
    text = value.get("price", "")
    for field in ("price", "currency", "unit"):
        if value.get(field):
            extra[column_of[field]] = value[field]
    if not text or _ASK.fullmatch(text):
        return
    hint, said = column_of["price"], (value.get("currency", ""), value.get("unit", ""))
    proposed = proposal(text, *said) or proposal(f"{text} {hint}", *said)
    if proposed is None:
        yield hint, PRICE_UNCERTAIN
    else:
        extra[PRICE] = proposed


def proposal(price: str, currency: str = "", unit: str = "") -> dict[str, Any] | None:
    """Return price, currency, mode and days if all of them are certain, else None.

    A sign that several currencies share (¥, $), two numbers, a missing unit, or more
    decimals than the currency has: not certain.
    """
    if _FREE.fullmatch(price.strip()):
        return {"mode": "free"}
    numbers = _NUMBER.findall(price)
    said = f"{price} {currency}"
    words = f"{_NUMBER.sub(' ', price)} {unit}"
    codes, modes = _matching(_CURRENCIES, said), _matching(_MODES, words)
    if named := _named(MODES, unit):
        modes = [named]
    certain = len(numbers) == len(codes) == len(modes) == 1
    if not certain or "万" in said or _SIGN.search(price):
        return None
    code, mode = codes[0], modes[0]
    days = [count for rule, count in _DAYS.items() if re.search(rule, words)]
    if mode == "per_term" and len(days) != 1:
        return None
    try:
        amount = parse(re.sub("[,，]", "", numbers[0]), code)
    except NotAnAmount:
        return None
    made = {"price": decimal(amount, code), "currency": code, "mode": mode}
    return made | ({"term_days": days[0]} if mode == "per_term" else {})


def _matching(rules: Mapping[str, str], text: str) -> list[str]:
    return [c for c, rule in rules.items() if re.search(rule, text, re.IGNORECASE)]
