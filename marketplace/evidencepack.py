"""The evidence pack of a trade: one ZIP with all that proves what was agreed and done.

For a party, or for its lawyer or auditor: certificate, terms and licence as they were
frozen, the parties as they are verified, the product's reviews, deliveries, and the
proof that the trade is in the log. `manifest.json` names every file with its hash.
"""

import hashlib
import io
import json
import zipfile
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, select

from listings.tables import reviews
from marketplace import credentials, transparency
from marketplace.credentials import HIDDEN
from marketplace.members import organisations
from marketplace.services import Services
from marketplace.trading import reads
from marketplace.transparency import NotLoggedYet
from settlement import ids, statements
from settlement.errors import NotFound

REVIEWS_MAX = 200
PARTY = ("name_zh", "name_en", "credit_code", "kind", "region", "state")
EPOCH = (1980, 1, 1, 0, 0, 0)  # of every entry: a ZIP knows no earlier day


def pack(parts: Services, trade: int, member: int, issuer: str, address: str) -> bytes:
    """Return the pack of a trade of *member*; NotFound if it is another's.

    *issuer* signs the certificate; *address* is where its QR code leads.
    """
    with parts.reads.connect() as db:
        reads.trade(db, trade, member)
        files = dict(_records(db, trade))
    for kind in credentials.KINDS:
        try:
            said = credentials.certified(parts, kind, trade, member)
        except NotFound:  # nothing was delivered yet
            continue
        files[f"{kind}.pdf"] = credentials.printed(said, address)
        shown = credentials.token(parts, said, issuer, HIDDEN)
        files[f"{kind}.sd-jwt"] = shown.encode()
    with suppress(NotLoggedYet):  # the next checkpoint follows within a minute
        files["proof.json"] = _json(transparency.prove_trade(parts, trade, member))
    hashes = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    files["manifest.json"] = _json(hashes)
    return _zip(files)


def _records(db: Connection, trade: int) -> list[tuple[str, bytes]]:
    agreed = statements.contract(db, trade)
    terms = json.loads(agreed.terms_body)
    licence = terms["licence"]
    texts = [licence.get("text_zh") or "", licence.get("text_en") or ""]
    parties = {
        side: _party(db, number)
        for side, number in (("seller", agreed.seller), ("buyer", agreed.buyer))
    }
    found = [
        ("terms.json", str(agreed.terms_body).encode()),
        ("licence.txt", "\n\n".join(texts).strip().encode()),
        ("parties.json", _json(parties)),
    ]
    product = terms.get("product")
    if product is not None:
        found.append(("reviews.json", _json(_reviews(db, product))))
    return found


def _party(db: Connection, number: int) -> dict[str, Any]:
    member = organisations.get(db, number)
    said = {name: getattr(member, name) for name in PARTY}
    return {"id": ids.encode("member", number)} | said


def _reviews(db: Connection, product: Any) -> list[dict[str, Any]]:
    number = product if isinstance(product, int) else ids.decode("product", product)
    query = (
        select(reviews.c.at_us, reviews.c.machine, reviews.c.event)
        .where(reviews.c.product == number)
        .order_by(reviews.c.id)
        .limit(REVIEWS_MAX)
    )
    return [row._asdict() for row in db.execute(query)]


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode()


def _zip(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, body in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, body)
    return made.getvalue()
