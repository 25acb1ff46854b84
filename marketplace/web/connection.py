"""A live test of a vendor's service: called once, and what it answered."""

from flask import render_template
from flask.typing import ResponseReturnValue

from listings import catalogue
from listings.quality import personal
from marketplace import limits, outgoing
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.outgoing import BODY_MAX, URL_MAX, Answer
from marketplace.services import services
from marketplace.web.forms import Form, again, read, text
from marketplace.web.vendor import bp
from settlement import ids

SHOWN_MAX = 2_000  # characters of an answer
RATES = "10 per minute; 200 per day"  # of one member's tests


class ConnectionForm(Form):
    """The address to call."""

    url = text(URL_MAX)


@bp.get("/products/<product>/connection")
@needs("vendor")
def connection(product: str) -> ResponseReturnValue:
    """Show where an address can be tested."""
    return _page(product)


@bp.post("/products/<product>/connection")
@needs("vendor")
@again(connection)
def call(product: str) -> ResponseReturnValue:
    """Call the address once and show its answer; NotReachable says why not."""
    url = read(ConnectionForm())["url"]
    limits.count("connection", str(me().member), RATES)
    answer = outgoing.fetch(url, services().config.reachable)
    return _page(product, answer, _shown(answer))


def _page(
    product: str, answer: Answer | None = None, shown: str = ""
) -> ResponseReturnValue:
    with services().reads.connect() as db:
        number = ids.decode("product", product)
        found = catalogue.product(db, number, me().member)
    return render_template(
        "quality/connection.html",
        product=found,
        answer=answer,
        shown=shown,
        whole=answer is not None and len(answer.body) < BODY_MAX,
    )


def _shown(answer: Answer) -> str:
    """Return the beginning of an answer that is text, personal data masked."""
    if b"\0" in answer.body:
        return ""
    said = answer.body.decode("utf-8", "replace")[:SHOWN_MAX]
    return personal.masked(said, personal.KINDS[:4])
