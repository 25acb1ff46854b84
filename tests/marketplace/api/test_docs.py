"""The page to try the API on, and the description it reads."""

import re


def test_the_page_loads_only_our_own_files_under_the_strict_policy(app):
    answer = app.test_client().get("/api/docs")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    assert f'<script nonce="{nonce}">' in answer.text
    assert "validatorUrl: null" in answer.text
    addresses = re.findall(r'(?:src|href|data-description)="([^"]+)"', answer.text)
    for address in addresses:
        assert address == "data:," or address.startswith("/"), address
        if address.startswith("/"):
            with app.test_client().get(address) as found:
                assert found.status_code == 200


def test_the_description_names_the_way_in(app):
    described = app.test_client().get("/api/v1/openapi.json").json
    schemes = described["components"]["securitySchemes"]
    assert schemes == {"key": {"type": "http", "scheme": "bearer"}}
    tags = {tag["name"] for tag in described["tags"]}
    used = {
        tag
        for methods in described["paths"].values()
        for operation in methods.values()
        if isinstance(operation, dict)
        for tag in operation["tags"]
    }
    assert used == tags


def test_errors_of_pages_stay_pages(app):
    page = app.test_client().get("/nowhere")
    assert (page.status_code, page.mimetype) == (404, "text/html")
    problem = app.test_client().get("/api/v1/nowhere")
    assert (problem.status_code, problem.json["code"]) == (404, "not_found")
