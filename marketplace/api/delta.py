"""Delta Sharing: a right's tables for pandas, polars, DuckDB, Spark and their kin.

Every request comes with the token of a profile, or with one given for its client
credentials; it opens one right, and its share is called as the right is. What is
granted is counted once, where a query or a change feed hands out addresses; these last
two minutes, may be asked again and in ranges, and end with the right.
https://github.com/delta-io/delta-sharing/blob/main/PROTOCOL.md
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any, NoReturn

from flask import Blueprint, Response, g, jsonify, request, url_for
from flask_babel import gettext
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.exc import OperationalError

from listings.quality.preparation import difference
from marketplace.delivery import delta, shares, sharings
from marketplace.delivery.content import Content, ranged
from marketplace.delivery.delta import LINK_S, Granted, Line
from marketplace.delivery.files import count, permit
from marketplace.delivery.shares import SCHEMA, NotComparable, Shared, Version
from marketplace.delivery.sharings import BadToken, Bearer
from marketplace.errors import refused
from marketplace.members.signing import BEARER
from marketplace.services import services
from marketplace.statuses import status_of
from settlement import clock, ids
from settlement.entitlements import QuotaUsedUp
from settlement.errors import Invalid, NotFound, Refusal

bp = Blueprint("delta-sharing", __name__, url_prefix=sharings.PATH)
LINES = "application/x-ndjson; charset=utf-8"
PARQUET = "application/vnd.apache.parquet"
# Readers in Rust take an address for a remote one only if it has a parameter of a known
# name; see the pitfalls of the protocol.
SIGNATURE = "X-Amz-Signature"
LIST_MAX = 1_000
CHANGES_MAX = 20  # versions in one change feed
OF_TABLE = "/shares/<share>/schemas/<schema>/tables/<name>"


@bp.before_request
def _enter() -> None:
    """Let only living tokens in; what is signed needs none, nor who asks for one."""
    if request.endpoint in (f"{bp.name}.read", f"{bp.name}.get_token"):
        return
    header = request.headers.get("Authorization", "")
    if not header.startswith(BEARER):
        raise BadToken
    token, secret_key = (
        header.removeprefix(BEARER).strip(),
        services().config.secret_key,
    )
    with services().reads.connect() as db:
        if token.startswith(sharings.PREFIX):
            g.bearer, stale = sharings.bearer_of(db, token)
        else:
            g.bearer, stale = sharings.accessed(secret_key, db, token), False
    if stale:
        _touch(g.bearer.sharing)


def _touch(sharing: int) -> None:
    """Record the use: a courtesy, for an unwritable database still serves reads."""
    with suppress(OperationalError), services().writes.begin() as db:
        sharings.touch(db, sharing)


@bp.errorhandler(Refusal)
def _refused(refusal: Refusal) -> Any:
    """Answer as the protocol does, with the status that the API has for it."""
    known = refused(refusal)
    said = {"errorCode": refusal.code.upper(), "message": gettext(refusal.title())}
    answer = jsonify(said | refusal.facts())
    answer.status_code = status_of(refusal)
    for name in ("Retry-After", "WWW-Authenticate"):
        if name in known.headers:
            answer.headers[name] = known.headers[name]
    return answer


@bp.post("/oauth/token")
def get_token() -> Any:
    """Give an access token for a profile's client credentials (RFC 6749, §4.4).

    The id and secret come by HTTP Basic, or in the form.
    """
    basic, form = request.authorization, request.form
    client, secret = form.get("client_id", ""), form.get("client_secret", "")
    if basic is not None and basic.type == "basic":
        client, secret = basic.username or "", basic.password or ""
    if form.get("grant_type") != "client_credentials":
        return _unfit("unsupported_grant_type", HTTPStatus.BAD_REQUEST)
    try:
        with services().reads.connect() as db:
            secret_key = services().config.secret_key
            token, sharing, stale = sharings.granted(secret_key, db, client, secret)
    except BadToken:
        return _unfit("invalid_client", HTTPStatus.UNAUTHORIZED)
    if stale:
        _touch(sharing)
    said = {"access_token": token, "token_type": "Bearer"}
    answer = jsonify(said | {"expires_in": sharings.ACCESS_S})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _unfit(error: str, status: HTTPStatus) -> Response:
    """Return a refusal as OAuth writes it (RFC 6749, §5.2)."""
    answer = jsonify(error=error)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Basic realm="delta-sharing"'
    return answer


# ── lists ──


@bp.get("/shares")
def list_shares() -> Any:
    """List the one share that the token opens."""
    return _listed([_share()])


@bp.get("/shares/<share>")
def get_share(share: str) -> Any:
    """Return a share by its name."""
    _open(share)
    return jsonify({"share": _share()})


@bp.get("/shares/<share>/schemas")
def list_schemas(share: str) -> Any:
    """List the one schema of a share."""
    _open(share)
    return _listed([{"name": SCHEMA, "share": _share()["name"]}])


@bp.get("/shares/<share>/schemas/<schema>/tables")
def list_tables(share: str, schema: str) -> Any:
    """List the tables of a share."""
    bearer = _open(share, schema)
    with services().reads.connect() as db:
        found = shares.shared(db, bearer.right)
    name, number = _share()["name"], _share()["id"]
    return _listed(
        [
            {
                "name": table.name,
                "schema": SCHEMA,
                "share": name,
                "shareId": number,
                "id": f"{number}.{table.name}",
            }
            for table in found
        ]
    )


@bp.get("/shares/<share>/all-tables")
def list_all_tables(share: str) -> Any:
    """List the tables of all schemas of a share, of which there is one."""
    return list_tables(share, SCHEMA)


# ── tables ──


@bp.route(f"{OF_TABLE}/version", methods=["GET", "HEAD"])
def get_version(share: str, schema: str, name: str) -> Response:
    """Tell the newest version, or the first since ``startingTimestamp``."""
    _, table = _table(share, schema, name)
    since = request.args.get("startingTimestamp")
    version = table.since(_moment("startingTimestamp", since)) if since else table.at()
    answer = Response("")
    answer.headers[delta.VERSION] = str(version.number)
    return answer


@bp.get(f"{OF_TABLE}/metadata")
def get_metadata(share: str, schema: str, name: str) -> Response:
    """Describe the columns of a table."""
    _, table = _table(share, schema, name)
    version = _asked_version(table, request.args)
    prepared = version.prepared(services())
    return _lines(version, delta.heading(_form(), table, version, prepared))


@bp.post(f"{OF_TABLE}/query")
def query(share: str, schema: str, name: str) -> Response:
    """Grant a table at one version; counted as a delivery, with a receipt.

    A version is one file with statistics: hints on rows narrow nothing, and the
    protocol lets the reader filter itself.
    """
    bearer, table = _table(share, schema, name)
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        _wrong("body")
    if asked.get("startingVersion") is not None:
        _wrong("startingVersion")
    version = _asked_version(table, asked)
    _quota(bearer, 1)
    prepared = version.prepared(services())
    count(services(), bearer.user, bearer.right, version.file)
    granted = _grant(bearer, prepared.key, prepared.size)
    found = delta.heading(_form(), table, version, prepared)
    return _lines(version, [*found, delta.whole(_form(), version, prepared, granted)])


@bp.get(f"{OF_TABLE}/changes")
def get_changes(share: str, schema: str, name: str) -> Response:
    """Grant which rows the versions from one to another lost and gained.

    Each version that changed something is counted as one delivery. At most CHANGES_MAX
    versions are asked for at a time.
    """
    bearer, table = _table(share, schema, name)
    first, last = (_asked_end(table, end) for end in ("starting", "ending"))
    if first is None:
        _wrong("startingVersion")
    versions = table.between(first, last)
    if len(versions) > CHANGES_MAX:  # cut short, a feed would look complete
        _wrong("endingVersion")
    _quota(bearer, len(versions))
    prepared = versions[0].prepared(services())
    found = delta.heading(_form(), table, versions[0], prepared)
    told: list[Version] = []
    for version in versions:
        made = _changed(bearer, table, version)
        found += made
        told += [version] if made else []
    for version in told:  # nothing is counted unless all can be told
        count(services(), bearer.user, bearer.right, version.file)
    return _lines(versions[0], found)


def _changed(bearer: Bearer, table: Shared, version: Version) -> list[Line]:
    """Return the lines of one version: what it changed of the one before it.

    The first that the right opens is all new. Where rows cannot be compared (other
    columns, too large) it is refused: the older one whole would be a second delivery.
    """
    form, parts = _form(), services()
    prepared = version.prepared(parts)
    before = [v for v in table.versions if v.number < version.number]
    if not before:
        granted = _grant(bearer, prepared.key, prepared.size)
        return [delta.change(form, "add", version, granted)]
    older = before[-1].prepared(parts)
    if older.key == prepared.key:
        return []
    made = difference(parts.reads, parts.writes, parts.files, older, prepared)
    if made is None:
        raise NotComparable(table.name, version.number)
    granted = _grant(bearer, made.key, made.size)
    return [delta.change(form, "cdf", version, granted)] if made.rows else []


def _quota(bearer: Bearer, wanted: int) -> None:
    """Refuse before any work what the right's deliveries do not suffice for."""
    most = bearer.right.deliveries_max
    if most is not None and bearer.right.deliveries + wanted > most:
        raise QuotaUsedUp(ids.encode("entitlement", bearer.right.id), most)


# ── content ──


@bp.route("/content/<key>.parquet", methods=["GET", "HEAD"])
def read(key: str) -> Response:
    """Serve what a query granted: whole or in ranges, as often as asked meanwhile."""
    try:
        sharing, signed = _signer().loads(
            request.args.get(SIGNATURE, ""), max_age=LINK_S
        )
    except (BadData, ValueError, TypeError):
        raise BadToken from None
    if signed != key:
        raise BadToken
    _check(services().reads, sharing)
    check = partial(_check, services().reads, sharing)
    return ranged(Content(services().files, key, check), key, PARQUET)


def _check(reads: Any, sharing: int) -> None:
    """Refuse once the token or its right has ended."""
    with reads.connect() as db:
        bearer = sharings.living(db, sharing)
        permit(db, bearer.user, bearer.right)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(services().config.secret_key, salt="delta-sharing")


def _grant(bearer: Bearer, key: str, size: int) -> Granted:
    """Return an address of stored content, for who comes with this token."""
    signature = {SIGNATURE: _signer().dumps([bearer.sharing, key])}
    url = url_for(f"{bp.name}.read", key=key, **signature, _external=True)
    expires_us = clock.now_us() + LINK_S * clock.SECOND_US
    return Granted(url, expires_us, key, size)


# ── what is asked ──


def _share() -> dict[str, str]:
    name = ids.encode("entitlement", g.bearer.right.id)
    return {"name": name, "id": name}


def _open(share: str, schema: str = SCHEMA) -> Bearer:
    """Return the bearer if the share is theirs and in force."""
    bearer: Bearer = g.bearer
    if share.lower() != _share()["name"] or schema.lower() != SCHEMA:
        raise NotFound("share", share[:80])
    with services().reads.connect() as db:
        permit(db, bearer.user, bearer.right)
    return bearer


def _table(share: str, schema: str, name: str) -> tuple[Bearer, Shared]:
    bearer = _open(share, schema)
    with services().reads.connect() as db:
        return bearer, shares.table(db, bearer.right, name)


def _asked_version(table: Shared, asked: Any) -> Version:
    number, at = asked.get("version"), asked.get("timestamp")
    by_us = None if at is None else _moment("timestamp", at)
    return table.at(None if number is None else _number("version", number), by_us)


def _asked_end(table: Shared, end: str) -> int | None:
    """Return the version that ``{end}Version`` or ``{end}Timestamp`` names, if any."""
    number = request.args.get(f"{end}Version")
    if number is not None:
        return _number(f"{end}Version", number)
    at = request.args.get(f"{end}Timestamp")
    if at is None:
        return None
    at_us = _moment(f"{end}Timestamp", at)
    return (table.since(at_us) if end == "starting" else table.at(None, at_us)).number


def _number(field: str, said: Any) -> int:
    text = str(said)
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        _wrong(field)
    return int(text)


def _moment(field: str, said: Any) -> int:
    """Return a moment of RFC 3339 as microseconds; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(str(said))
        zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
        return clock.from_datetime(zoned)
    except (ValueError, OverflowError):
        _wrong(field)


def _wrong(field: str) -> NoReturn:
    raise Invalid({field: ["Not what the protocol asks for, or not served here."]})


def _form() -> str:
    return delta.answered_format(request.headers.get(delta.CAPABILITIES, ""))


def _lines(version: Version, found: list[Line]) -> Response:
    answer = Response(delta.lines(found), content_type=LINES)
    answer.headers[delta.VERSION] = str(version.number)
    answer.headers[delta.CAPABILITIES] = f"responseformat={_form()}"
    return answer


def _listed(found: Sequence[dict[str, str]]) -> Any:
    """Return a page of a list; its token is where the next one begins."""
    token = request.args.get("pageToken") or "0"
    begin = _number("pageToken", token)
    most = request.args.get("maxResults")
    size = min(_number("maxResults", most), LIST_MAX) if most else LIST_MAX
    page = {"items": list(found[begin : begin + size])}
    if size and begin + size < len(found):
        return jsonify(page | {"nextPageToken": str(begin + size)})
    return jsonify(page)
