"""Saved searches: the list with what is new, saving, looking, removing."""

from http import HTTPStatus

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from marketplace.community import searches
from marketplace.members.roles import needs
from marketplace.members.signing import me
from marketplace.services import services
from marketplace.web.forms import Form, again, read, text
from settlement import ids

bp = Blueprint("searches", __name__, url_prefix="/searches")


class SearchToSave(Form):
    """A search as the address of its page has it."""

    name = text(searches.NAME_MAX, needed=False)
    address = text(searches.ADDRESS_MAX)


@bp.get("/")
@needs()
def show() -> ResponseReturnValue:
    """Show the member's saved searches with the number of new listings."""
    with services().reads.connect() as db:
        saved = searches.of_member(db, me().member)
    found = searches.fresh(services().index, saved)
    return render_template("searches/searches.html", searches=found)


@bp.post("/")
@needs()
@again(show)
def save() -> ResponseReturnValue:
    """Save a search."""
    typed = read(SearchToSave())
    address = searches.canonical(typed["address"])
    with services().writes.begin() as db:
        searches.save(db, me().member, typed["name"], address)
    flash(gettext("Saved. A notice tells you when something new is listed."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)


@bp.get("/<search>")
@needs()
def look(search: str) -> ResponseReturnValue:
    """Go to what a saved search finds, newest first; all of it counts as seen."""
    with services().writes.begin() as db:
        saved = searches.look(db, me().member, ids.decode("search", search))
    address = f"{url_for('search.show')}?{saved.address}&sort=newest"
    return redirect(address, HTTPStatus.SEE_OTHER)


@bp.post("/<search>/remove")
@needs()
@again(show)
def remove(search: str) -> ResponseReturnValue:
    """Forget a saved search."""
    with services().writes.begin() as db:
        searches.remove(db, me().member, ids.decode("search", search))
    flash(gettext("Removed."), "success")
    return redirect(url_for(".show"), HTTPStatus.SEE_OTHER)
