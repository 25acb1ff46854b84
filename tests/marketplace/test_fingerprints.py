import re
from hashlib import sha256
from pathlib import Path

from flask import Flask, url_for

from marketplace import fingerprints


def addresses(page: str) -> list[str]:
    """Return the addresses of the static files that a page names."""
    return re.findall(r'(?:href|src)="(/static/[^"]+)"', page)


def test_every_static_file_of_a_page_is_named_by_its_content(visit, app):
    found = addresses(visit("").get("/").text)
    assert len(found) >= 5
    for address in found:
        name, _, fingerprint = address.partition("?v=")
        content = Path(app.static_folder, name.removeprefix("/static/")).read_bytes()
        assert sha256(content).hexdigest().startswith(fingerprint)
        assert len(fingerprint) == fingerprints.DIGITS


def test_a_fingerprinted_file_is_kept_for_a_year(visit):
    (address,) = {
        a for a in addresses(visit("").get("/").text) if "databourse.css" in a
    }
    with visit("").get(address) as answer:
        assert answer.status_code == 200
        kept = answer.cache_control
        assert (kept.max_age, kept.public, kept.immutable) == (31536000, True, True)
        tag = answer.headers["ETag"]
    with visit("").get(address, headers={"If-None-Match": tag}) as answer:
        assert answer.status_code == 304
        assert answer.cache_control.max_age == 31536000


def test_a_file_under_another_or_no_fingerprint_is_asked_for_again(visit):
    for query in ("", "?v=", "?v=000000000000"):
        with visit("").get(f"/static/databourse.css{query}") as answer:
            assert answer.status_code == 200
            assert answer.cache_control.max_age <= 3600
            assert not answer.cache_control.immutable


def test_another_content_has_another_address(tmp_path):
    def address(content: str) -> str:
        folder = tmp_path / str(len(content))
        folder.mkdir()
        (folder / "site.css").write_text(content)
        app = Flask("test", static_folder=str(folder), static_url_path="/static")
        fingerprints.init_app(app)
        with app.test_request_context():
            return url_for("static", filename="site.css")

    assert address("a{}") != address("ab{}")


def test_what_is_not_there_has_no_fingerprint(app, visit, tmp_path):
    (tmp_path / "secret").write_text("x")
    (tmp_path / "static").mkdir()
    folder = str(tmp_path / "static")
    for name in ("", "gone.css", "../secret", "/etc/passwd", "."):
        assert fingerprints.of(folder, name) == ""
    assert visit("").get("/static/../config.py").status_code == 404
    with app.test_request_context():
        assert url_for("static", filename="gone.css") == "/static/gone.css"
