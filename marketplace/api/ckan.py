"""The catalogue as CKAN's action API shows it, read only, for its many clients.

https://docs.ckan.org/en/2.11/api/ ; clients ask ``/api/action/NAME`` (by POST and JSON)
or ``/api/3/action/NAME`` (by GET). Organisations are vendors, groups are sectors.
"""

import re
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Connection

from listings import publication, spdx
from listings.formats import ckan
from listings.search.entry import Facet
from listings.search.query import PAGE_SIZE_MAX, Query, Sort
from listings.vocabulary import SECTORS
from marketplace import exporting
from marketplace.language import translated
from marketplace.members import organisations
from marketplace.services import services
from settlement import ids
from settlement.errors import Invalid, NotFound, Refusal

bp = Blueprint("ckan", __name__)
LIST_MAX = 100_000  # names in one answer
FACETS = {
    "organization": Facet.VENDOR,
    "groups": Facet.SECTOR,
    "license_id": Facet.LICENCE,
    "res_format": None,
    "tags": None,
}
SORTS = {"metadata_modified": Sort.NEWEST, "metadata_created": Sort.NEWEST}
_FILTER = re.compile(r'[+]?(\w+):(?:"([^"]*)"|\(?([^\s()"]+)\)?)')
Asked = Mapping[str, Any]


@bp.route("/api/action/<action>", methods=["GET", "POST"])
@bp.route("/api/3/action/<action>", methods=["GET", "POST"])
def act(action: str) -> ResponseReturnValue:
    """Answer one action in CKAN's own envelope."""
    if action not in ACTIONS:
        return _failed(400, "Bad request", f"Action name not known: {action[:60]}")
    asked: dict[str, Any] = dict(request.args.items())
    body = request.get_json(silent=True)
    if isinstance(body, dict):
        asked |= body
    try:
        with services().reads.connect() as db:
            result = ACTIONS[action](db, asked)
    except NotFound:
        return _failed(404, "Not Found Error", "Not found")
    except Invalid as refusal:
        return _failed(409, "Validation Error", refusal.title(), **refusal.problems)
    except Refusal as refusal:
        return _failed(409, "Validation Error", str(translated(refusal.title())))
    return jsonify({"help": _help(), "success": True, "result": result})


def _failed(status: int, kind: str, said: str, **more: Any) -> ResponseReturnValue:
    error = {"__type": kind, "message": said} | more
    answer = jsonify({"help": _help(), "success": False, "error": error})
    answer.status_code = status
    return answer


def _help() -> str:
    return f"{_root()}/help/formats"


def _root() -> str:
    return request.url_root.rstrip("/")


# ── actions ──


def _package_list(db: Connection, asked: Asked) -> list[str]:
    first, most = _whole(asked, "offset", 0), _whole(asked, "limit", LIST_MAX)
    found = publication.numbers(db)[first : first + most]
    return [ids.encode("product", number) for number in found]


def _package_show(db: Connection, asked: Asked) -> dict[str, Any]:
    number = ids.decode("product", _named(asked, "id", "name_or_id"))
    return ckan.package(exporting.one(db, number, _root()))


def _package_search(db: Connection, asked: Asked) -> dict[str, Any]:
    rows = min(_whole(asked, "rows", 10), PAGE_SIZE_MAX)
    start = _whole(asked, "start", 0)
    text = str(asked.get("q") or "").replace("*:*", "").strip()
    chosen = _filters(db, str(asked.get("fq") or ""))
    sort = SORTS.get(str(asked.get("sort") or "").partition(" ")[0], Sort.RELEVANCE)
    size = max(rows, 1)
    page, skip = start // size + 1, start % size
    search = services().index.search
    found = search(Query(text, chosen, sort, page, size, "zh"))
    hits = list(found.hits[skip:])
    if skip and found.has_more:
        more = search(Query(text, chosen, sort, page + 1, size, "zh"))
        hits += more.hits[:skip]
    shown = [_shown(db, hit.id) for hit in hits[:rows]]
    facets = _facets(found.facets, asked.get("facet.field") or asked.get("facet"))
    return {
        "count": found.total,
        "sort": str(asked.get("sort") or "score desc"),
        "results": [package for package in shown if package],
        "facets": {
            name: {i["name"]: i["count"] for i in f} for name, f in facets.items()
        },
        "search_facets": {
            name: {"title": name, "items": items} for name, items in facets.items()
        },
    }


def _shown(db: Connection, number: int) -> dict[str, Any] | None:
    """Return a hit as a package; None if it has left the market meanwhile."""
    try:
        return ckan.package(exporting.one(db, number, _root()))
    except NotFound:
        return None


def _filters(db: Connection, text: str) -> dict[Facet, frozenset[str]]:
    """Return the facets that ``fq`` narrows by; Invalid for others."""
    chosen: dict[Facet, frozenset[str]] = {}
    for name, quoted, plain in _FILTER.findall(text):
        facet, value = FACETS.get(name), quoted or plain
        if facet is None:
            raise Invalid({"fq": [f"unknown field: {name}"]})
        if facet is Facet.VENDOR:
            value = str(_vendor(db, value))
        chosen[facet] = chosen.get(facet, frozenset()) | {value}
    return chosen


def _facets(found: Mapping[Facet, Any], wanted: Any) -> dict[str, Any]:
    said = wanted if isinstance(wanted, list) else [wanted or ""]
    named = re.findall(r"\w+", " ".join(map(str, said)))
    made = {}
    for name in named:
        facet = FACETS.get(name)
        counts = found.get(facet, ()) if facet else ()
        made[str(name)] = [
            {
                "name": ids.encode("member", int(count.code))
                if facet is Facet.VENDOR
                else count.code,
                "display_name": count.name_zh or count.name_en or count.code,
                "count": count.number,
            }
            for count in counts
        ]
    return made


def _organization_list(db: Connection, asked: Asked) -> list[Any]:
    counts = publication.vendors(db)
    if not _yes(asked, "all_fields"):
        return [ids.encode("member", number) for number in counts]
    return [_organization(db, number, count) for number, count in counts.items()]


def _organization_show(db: Connection, asked: Asked) -> dict[str, Any]:
    number = _vendor(db, _named(asked, "id"))
    return _organization(db, number, publication.vendors(db)[number])


def _organization(db: Connection, number: int, count: int) -> dict[str, Any]:
    zh, en = organisations.names(db, [number]).get(number, ("", ""))
    made = ckan.organisation(ids.encode("member", number), zh or en)
    return made | {"package_count": count, "display_name": zh or en}


def _vendor(db: Connection, name: str) -> int:
    """Return the number of a vendor with listings in public; NotFound for others."""
    number = ids.decode("member", name.replace("-", "_"))
    if number not in publication.vendors(db):
        raise NotFound("member", name[:40])
    return number


def _group_list(db: Connection, asked: Asked) -> list[Any]:
    counts = publication.sectors(db)
    if not _yes(asked, "all_fields"):
        return sorted(counts)
    return [_group(sector, counts[sector]) for sector in sorted(counts)]


def _group_show(db: Connection, asked: Asked) -> dict[str, Any]:
    name = _named(asked, "id")
    if name not in SECTORS:
        raise NotFound("sector", name[:40])
    return _group(name, publication.sectors(db).get(name, 0))


def _group(sector: str, count: int) -> dict[str, Any]:
    return ckan.group(sector) | {"package_count": count, "type": "group"}


def _tag_list(db: Connection, asked: Asked) -> list[Any]:
    wanted = str(asked.get("query") or "").lower()
    words = [w for w in publication.keywords(db) if wanted in w.lower()][:LIST_MAX]
    return [ckan.tag(w) for w in words] if _yes(asked, "all_fields") else words


def _license_list(_db: Connection, _asked: Asked) -> list[dict[str, str]]:
    return [
        {"id": code, "title": known.name, "url": known.url, "status": "active"}
        for code, known in spdx.OPEN.items()
    ]


def _status_show(_db: Connection, _asked: Asked) -> dict[str, Any]:
    return {
        "ckan_version": "2.11.0",
        "site_url": _root(),
        "site_title": "Databourse",
        "site_description": exporting.TITLE[0],
        "locale_default": "zh_Hans_CN",
        "extensions": ["databourse", version("databourse")],
    }


def _site_read(_db: Connection, _asked: Asked) -> bool:
    return True


ACTIONS: dict[str, Callable[[Connection, Asked], Any]] = {
    "package_list": _package_list,
    "package_show": _package_show,
    "package_search": _package_search,
    "organization_list": _organization_list,
    "organization_show": _organization_show,
    "group_list": _group_list,
    "group_show": _group_show,
    "tag_list": _tag_list,
    "license_list": _license_list,
    "status_show": _status_show,
    "site_read": _site_read,
}


# ── parameters ──


def _named(asked: Asked, *names: str) -> str:
    found = next((asked[name] for name in names if asked.get(name)), None)
    if not isinstance(found, str):
        raise Invalid({names[0]: ["Missing value"]})
    return found.replace("prd-", "prd_")


def _whole(asked: Asked, name: str, otherwise: int) -> int:
    value = str(asked.get(name, "") if asked.get(name) is not None else "") or otherwise
    if not re.fullmatch(r"\d{1,7}", str(value), re.ASCII):
        raise Invalid({name: ["Invalid integer"]})
    return int(value)


def _yes(asked: Asked, name: str) -> bool:
    return str(asked.get(name, "")).lower() in {"true", "1", "yes"}
