"""What a form brings into a release: uploaded files, and addresses to fetch from."""

from flask import request

from listings.files import Stored
from listings.marking import N_
from marketplace import limits
from marketplace.fetching import RATES
from marketplace.members.signing import me
from marketplace.outgoing import NotReachable
from marketplace.receiving import Reference
from marketplace.services import services
from marketplace.web.findings import UNREACHABLE
from settlement.errors import Invalid

ADDRESSES_MAX = 50  # of one form
TOO_MANY = N_("At most 50 files are fetched at a time.")
NOT_A_LINE = N_("A line is an address, or a file name and an address.")


def arrived() -> tuple[list[tuple[str, Stored]], list[Reference]]:
    """Return the files of the present form, stored, and what it wants fetched.

    Invalid for a line that is no address; nothing is stored then.
    """
    wanted = [_reference(line) for line in _lines(request.form.get("addresses", ""))]
    for _ in wanted:
        limits.count("fetch", str(me().member), RATES)
    uploads = [file for file in request.files.getlist("files") if file.filename]
    put = services().files.put
    return [(file.filename or "", put(file.stream)) for file in uploads], wanted


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > ADDRESSES_MAX:
        raise Invalid({"addresses": [TOO_MANY]})
    return lines


def _reference(line: str) -> Reference:
    """Return what one line says: an address, or a file name and its address."""
    name, _, url = line.rpartition(" ")
    if "://" in name or "://" not in url:
        raise Invalid({"addresses": [NOT_A_LINE]})
    try:
        services().fetcher.check(url)
    except NotReachable as refusal:
        raise Invalid({"addresses": [UNREACHABLE[refusal.why]]}) from refusal
    return Reference(url, name.strip())
