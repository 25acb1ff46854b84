"""Types of columns: how vendors write them, and the words of each format."""

import re
from typing import NamedTuple


class Type(NamedTuple):
    """A kind of values and its name in each format."""

    datapackage: str
    odcs: str
    croissant: str
    openapi: str
    csvw: str


_XSD = "http://www.w3.org/2001/XMLSchema#"
_JSON = "http://www.w3.org/ns/csvw#JSON"
TYPES = {
    "text": Type("string", "string", "sc:Text", "string", f"{_XSD}string"),
    "integer": Type("integer", "integer", "sc:Integer", "integer", f"{_XSD}integer"),
    "number": Type("number", "number", "sc:Float", "number", f"{_XSD}decimal"),
    "boolean": Type("boolean", "boolean", "sc:Boolean", "boolean", f"{_XSD}boolean"),
    "date": Type("date", "date", "sc:Date", "string", f"{_XSD}date"),
    "time": Type("datetime", "timestamp", "sc:DateTime", "string", f"{_XSD}dateTime"),
    "object": Type("object", "object", "sc:Text", "object", _JSON),
    "list": Type("array", "array", "sc:Text", "array", _JSON),
}
# The first that matches decides.
_RULES = (
    ("time", r"datetime|timestamp|时间|時間|日期时间"),
    ("date", r"date|day|日期"),
    ("integer", r"int|long|count|whole|整数|整型|整數"),
    ("number", r"num|float|double|decimal|real|money|percent|数值|小数|浮点|數值"),
    ("boolean", r"bool|布尔|是否"),
    ("list", r"array|list|数组|列表"),
    ("object", r"json|struct|map|对象"),
)


def kind_of(written: str) -> str:
    """Return the kind of values that a type as written stands for; else "text"."""
    for kind, rule in _RULES:
        if re.search(rule, written.lower()):
            return kind
    return "text"


def type_of(written: object) -> Type:
    """Return the words of the formats for a type as a dictionary writes it."""
    return TYPES[kind_of(str(written or ""))]
