"""The page to try the API on: Swagger UI, vendored, under the strict policy."""

from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue

from marketplace.api.document import PREFIX

bp = Blueprint("api-try", __name__)


def init_app(app: Flask) -> None:
    """Serve the page at ``/api/docs``."""
    app.register_blueprint(bp)


@bp.get("/api/docs")
def show() -> ResponseReturnValue:
    """Show every operation of the API, ready to be tried."""
    return render_template("api/docs.html", description=f"{PREFIX}/openapi.json")
