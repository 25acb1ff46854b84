"""Answers of Delta Sharing: lines of JSON in either of the protocol's two formats.

https://github.com/delta-io/delta-sharing/blob/main/PROTOCOL.md (read for the shapes).
``parquet`` is the older format; ``delta`` wraps the actions of a Delta log.
"""

import json
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from listings.quality.preparation import Prepared
from marketplace.delivery.shares import Shared, Version, schema_text
from settlement import ids

CAPABILITIES = "delta-sharing-capabilities"
VERSION = "Delta-Table-Version"
LINK_S = 120  # how long a granted address lasts
CHANGES_WRITER = 4  # the version of the Delta protocol that has change feeds
Line = dict[str, Any]


class Granted(NamedTuple):
    """A Parquet object that the asker may read: where, until when, what it is."""

    url: str
    expires_us: int
    key: str
    size: int  # bytes


def answered_format(capabilities: str) -> str:
    """Return the format of the answer to a client with these *capabilities*."""
    for said in capabilities.lower().split(";"):
        name, _, values = said.strip().partition("=")
        if name == "responseformat":
            wanted = [value.strip() for value in values.split(",")]
            return (
                "parquet" if "parquet" in wanted or "delta" not in wanted else "delta"
            )
    return "parquet"


def lines(found: list[Line]) -> str:
    """Return *found* as lines of JSON, without a blank last one."""
    return "\n".join(json.dumps(line, ensure_ascii=False) for line in found)


def heading(
    form: str, table: Shared, version: Version, prepared: Prepared
) -> list[Line]:
    """Return the lines that begin every answer: the protocol, and what the table is."""
    number = ids.encode("product", version.release.product)
    table_id = str(uuid5(NAMESPACE_URL, f"databourse:{number}/{table.name.lower()}"))
    facts: Line = {
        "id": table_id,
        "format": {"provider": "parquet"},
        "schemaString": schema_text(prepared),
        "partitionColumns": [],
        "configuration": {"enableChangeDataFeed": "true"},
        "version": version.number,
        "size": prepared.size,
        "numFiles": 1,
    }
    if form == "parquet":
        return [{"protocol": {"minReaderVersion": 1}}, {"metaData": facts}]
    delta = {
        "id": table_id,
        "format": {"provider": "parquet", "options": {}},
        "schemaString": schema_text(prepared),
        "partitionColumns": [],
        "configuration": {"delta.enableChangeDataFeed": "true"},
        "createdTime": _ms(table.versions[0].at_us),
    }
    protocol = {"minReaderVersion": 1, "minWriterVersion": CHANGES_WRITER}
    wrapped = {
        "version": version.number,
        "size": prepared.size,
        "numFiles": 1,
        "deltaMetadata": delta,
    }
    return [{"protocol": {"deltaProtocol": protocol}}, {"metaData": wrapped}]


def whole(form: str, version: Version, prepared: Prepared, at: Granted) -> Line:
    """Return the line of a table's file."""
    stats = json.dumps(prepared.stats, ensure_ascii=False)
    if form == "parquet":
        return {"file": _object(version, at) | {"stats": stats}}
    return _action(version, at, "add", {"stats": stats, "dataChange": True})


def change(form: str, kind: str, version: Version, at: Granted) -> Line:
    """Return a line of a table's change feed: *kind* is add or cdf."""
    if form == "parquet":
        return {kind: _object(version, at)}
    action = "cdc" if kind == "cdf" else kind
    more: Line = {"dataChange": kind != "cdf"}
    return _action(version, at, action, more)


def _object(version: Version, at: Granted) -> Line:
    return {
        "url": at.url,
        "id": at.key,
        "partitionValues": {},
        "size": at.size,
        "version": version.number,
        "timestamp": _ms(version.at_us),
        "expirationTimestamp": _ms(at.expires_us),
    }


def _action(version: Version, at: Granted, action: str, more: Line) -> Line:
    inner = {"path": at.url, "partitionValues": {}, "size": at.size} | more
    if action == "add":
        inner |= {"modificationTime": _ms(version.at_us)}
    return {
        "file": {
            "id": at.key,
            "size": at.size,
            "version": version.number,
            "timestamp": _ms(version.at_us),
            "expirationTimestamp": _ms(at.expires_us),
            "deltaSingleAction": {action: inner},
        }
    }


def _ms(at_us: int) -> int:
    return at_us // 1000
