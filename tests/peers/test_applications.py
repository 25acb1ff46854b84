"""An application of fifty lines verifies our tokens with PyJWT and keeps its seat."""

import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from werkzeug.serving import make_server

from tests import seating
from tests.programs import program
from tests.visitors import app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program"]
APPLICATION = Path(__file__).with_name("application.py")


@pytest.fixture
def peer(require: Callable[[str], str]) -> Path:
    """The interpreter that has the outside libraries."""
    return Path(require("peers")) / "python"


def test_the_application_lets_in_who_has_a_seat_and_nobody_else(peer, app, program):
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    exchange = f"http://127.0.0.1:{server.server_port}"
    product, right = seating.application(program)
    command = [str(peer), str(APPLICATION), exchange, product]
    opened = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert opened.stdout is not None
        there = f"http://127.0.0.1:{int(opened.stdout.readline())}/"
        client, headers = app.test_client(), program("buyer").headers
        made = client.post(
            f"/api/v1/entitlements/{right}/seats",
            json={"name": "Ann"},
            headers=headers,
            base_url=exchange,
        ).json
        said = json.load(urlopen(there, made["token"].encode()))
        assert (said["jti"], said["entitlement"]) == (made["seat"]["id"], right)
        program("buyer").delete(f"/seats/{made['seat']['id']}")
        for token in (made["token"], made["token"][:-4] + "AAAA", ""):
            with pytest.raises(HTTPError, match="403"):
                urlopen(there, token.encode())
    finally:
        opened.kill()
        opened.wait()
        assert opened.stdout is not None
        opened.stdout.close()
        server.shutdown()
        thread.join()
        server.server_close()
