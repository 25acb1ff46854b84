"""Certificates of registration: read, print, and verify, without an account."""

import json
from http import HTTPStatus

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from marketplace import certificates, credentials
from marketplace.certificates import FILE_MAX, NoCertificate
from marketplace.services import services
from marketplace.web.forms import Form, again, read, text
from settlement import ids
from settlement.errors import NotFound

bp = Blueprint("certificates", __name__)


class NumberForm(Form):
    """The number of a certificate, as it is printed."""

    number = text(40, needed=False)


@bp.get("/certificates")
def verify() -> ResponseReturnValue:
    """Show where to type a number or bring a document."""
    return render_template("certificates/verify.html")


@bp.post("/certificates")
@again(verify)
def look() -> ResponseReturnValue:
    """Verify a number, or a document in PDF or JSON."""
    file = request.files.get("file")
    if file is not None and file.filename:
        document = file.stream.read(FILE_MAX + 1)
        if len(document) > FILE_MAX:
            raise NoCertificate
        if b"~" in document and document.isascii():
            return _presented(document.decode("ascii"))
        found = certificates.recognise(services(), document, address)
        return render_template(
            "certificates/certificate.html", answer=found, document=1
        )
    typed = read(NumberForm())["number"].lower()
    if typed.startswith("trd_"):
        trade = ids.encode("trade", ids.decode("trade", typed))
        where = url_for(".trade_status", trade=trade)
        return redirect(where, HTTPStatus.SEE_OTHER)
    try:
        number = ids.encode("registration", ids.decode("registration", typed))
        certificates.answer(services(), ids.decode("registration", typed))
    except NotFound:
        raise NoCertificate from None
    return redirect(url_for(".show", registration=number), HTTPStatus.SEE_OTHER)


@bp.get("/certificates/<registration>")
def show(registration: str) -> ResponseReturnValue:
    """Show what a certificate says, and whether it is in force: the QR leads here."""
    number = ids.decode("registration", registration)
    found = certificates.answer(services(), number)
    return render_template("certificates/certificate.html", answer=found, document=0)


@bp.get("/certificates/<registration>/pdf")
def printed(registration: str) -> ResponseReturnValue:
    """Give the certificate as PDF."""
    known = certificates.issued(services(), ids.decode("registration", registration))
    body = certificates.printed(known, address(registration))
    return attached(body, "application/pdf", f"{registration}.pdf")


@bp.get("/certificates/<registration>/json")
def signed(registration: str) -> ResponseReturnValue:
    """Give the certificate as signed JSON: content, hash and signature."""
    known = certificates.issued(services(), ids.decode("registration", registration))
    body = {
        "content": json.loads(known.content),
        "sha256": known.sha256,
        "signature": known.signature,
    }
    text_of = json.dumps(body, ensure_ascii=False, indent=1).encode()
    return attached(text_of, "application/json", f"{registration}.json")


@bp.get("/.well-known/jwks.json")
def keys() -> ResponseReturnValue:
    """Give the public keys that verify what the exchange signs (RFC 7517)."""
    return services().seal.public_keys()


def address(registration: str) -> str:
    """Return where anybody verifies that certificate: what its QR code says."""
    return url_for("certificates.show", registration=registration, _external=True)


def _presented(document: str) -> ResponseReturnValue:
    """Show what an SD-JWT says that somebody brings, and whether it is in force."""
    said = credentials.verified(services(), document)
    with services().reads.connect() as db:
        found = credentials.status(db, said.trade)
    return render_template(
        "certificates/trade.html",
        number=said.trade,
        status=found,
        told=said.told,
        kind=said.kind,
    )


def attached(body: bytes, media_type: str, name: str) -> Response:
    """Return a file to keep."""
    answer = Response(body, mimetype=media_type)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
