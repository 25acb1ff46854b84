"""CKAN's own client reads the whole catalogue from a server that runs."""

import json
import os
import subprocess
import threading
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from listings.search.projection import Projection
from marketplace.projection import changes_after
from tests.flows.market import FACTS, listed
from tests.visitors import app, bearer, config, parts, people, visit

__all__ = ["app", "bearer", "config", "parts", "people", "visit"]


@pytest.fixture
def site(app):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ckanapi(require, site):
    """Return a function that runs the client; every line that it says, as JSON."""
    program = Path(require("peers")) / "ckanapi"

    def run(*arguments: str):
        command = [program, *arguments, "-r", site]
        path = f"{program.parent}:{os.environ['PATH']}"  # it starts itself
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"PATH": path},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_the_client_dumps_all_datasets_organisations_and_groups(ckanapi, visit):
    made = [listed(visit("vendor"), visit("registrar")) for _ in range(2)]

    def dumped(what: str):
        return [
            json.loads(line) for line in ckanapi("dump", what, "--all").splitlines()
        ]

    packages = dumped("datasets")
    assert sorted(package["id"] for package in packages) == sorted(made)
    assert packages[0]["title"] == FACTS["title_zh"]
    (owner,), (group,) = dumped("organizations"), dumped("groups")
    assert owner["package_count"] == 2
    assert group["name"] == FACTS["sector"]


def test_actions_are_answered_as_the_client_wants_them(ckanapi, visit):
    product = listed(visit("vendor"), visit("registrar"))
    assert json.loads(ckanapi("action", "site_read")) is True
    assert json.loads(ckanapi("action", "package_list")) == [product]
    shown = json.loads(ckanapi("action", "package_show", f"id={product}"))
    assert shown["tags"]
    assert json.loads(ckanapi("action", "tag_list"))
    assert json.loads(ckanapi("action", "status_show"))["ckan_version"]


def test_the_client_searches_with_filters_and_facets(ckanapi, visit, parts):
    made = [listed(visit("vendor"), visit("registrar")) for _ in range(2)]
    Projection(parts.reads, parts.index, changes_after).catch_up()

    def search(*asked: str):
        return json.loads(ckanapi("action", "package_search", *asked))

    found = search("q=港口", f"fq=groups:{FACTS['sector']}", "facet.field=groups")
    assert found["count"] == 2
    assert {package["id"] for package in found["results"]} == set(made)
    assert found["search_facets"]["groups"]["items"][0]["count"] == 2
    second = search("q=port", "rows=1", "start=1")
    assert (second["count"], len(second["results"])) == (2, 1)
    assert search("q=气象")["count"] == 0
