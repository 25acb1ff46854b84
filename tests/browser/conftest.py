"""The demo market behind a real server, and windows of a real browser onto it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, sync_playwright

from marketplace.demo.people import PASSWORD
from tests.browser.window import Look, Window

COMMAND = Path(sys.executable).with_name("databourse")
START_S = 60
ADDRESSES = (
    "DATABASE_URL",
    "EXCHANGE_URL",
    "SEARCH_URL",
    "WAREHOUSE_URL",
    "FILES_URL",
)
LOOKS = [Look(language, width) for language in ("zh", "en") for width in (1280, 390)]
Opening = Callable[..., Window]


@pytest.fixture(scope="session")
def data(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a demo market of these tests' own, if there is a browser."""
    assert browser.is_connected()
    directory = tmp_path_factory.mktemp("market")
    _databourse(directory, "demo").communicate(timeout=300)
    assert (directory / "databourse.db").exists()
    return directory


@pytest.fixture(scope="session")
def site(data: Path) -> Iterator[str]:
    """The address of a server of that market."""
    port = _free_port()
    server = _databourse(data, "serve", "--port", str(port))
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/readyz")
        yield address
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="session")
def command(data: Path) -> Callable[..., str]:
    """Run a command on that market: ``command("member", "list")`` is what it said."""

    def command(*arguments: str) -> str:
        return subprocess.run(
            [COMMAND, *arguments],
            env=_environment(data),
            stdout=subprocess.PIPE,
            text=True,
            timeout=START_S,
            check=True,
        ).stdout

    return command


@pytest.fixture(scope="session")
def browser(require: Callable[[str], str]) -> Iterator[Browser]:
    """Debian's Chromium, without a screen."""
    require("chinese fonts")
    chromium = require("chromium")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox"] if os.geteuid() == 0 else [],
        )
        yield browser
        browser.close()


@pytest.fixture(params=LOOKS, ids=str)
def look(request: pytest.FixtureRequest) -> Look:
    """Each language at each width."""
    found: Look = request.param
    return found


@pytest.fixture(params=[LOOKS[1], LOOKS[2]], ids=str)
def other_look(request: pytest.FixtureRequest) -> Look:
    """Each language and each width once, for journeys that take long."""
    found: Look = request.param
    return found


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """The sessions that were begun: signing in is done once, and is limited."""
    return {}


@pytest.fixture
def visit(browser: Browser, site: str, sessions: dict[str, Any]) -> Iterator[Opening]:
    """Open windows: ``visit("zhujiang", look)`` is signed in, ``""`` is nobody."""
    opened: list[Window] = []

    def visit(who: str, look: Look, *, scripts: bool = True) -> Window:
        if who and who not in sessions:
            window = Window.opened(browser, site, look, None, scripts=True)
            opened.append(window)
            sign_in(window, who)
            sessions[who] = window.page.context.storage_state()
        state = sessions.get(who)
        window = Window.opened(browser, site, look, state, scripts=scripts)
        opened.append(window)
        return window

    yield visit
    complaints = [said for window in opened for said in window.complaints]
    for window in opened:
        window.page.context.close()
    assert not complaints


def sign_in(window: Window, who: str, password: str = PASSWORD) -> None:
    """Sign in through the form, as one of the demo's users if nothing else is said."""
    window.go("/signin")
    window.page.fill("#f-email", f"{who}@databourse.example")
    window.page.fill("#f-password", password)
    window.follow("main form button[type=submit]")
    assert window.page.locator(".menu").count() == 1, who


def _databourse(data: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [COMMAND, *arguments],
        env=_environment(data),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _environment(data: Path) -> dict[str, str]:
    """Return this environment with the settings of a market below *data*."""
    own = {
        "DATABOURSE_DATA": str(data),
        "NOTICE_DAYS": "0",  # a public notice is over at once
        "RATE_LIMITS": "false",
    }
    outer = {name: said for name, said in os.environ.items() if name not in ADDRESSES}
    return outer | own


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_for(address: str) -> None:
    for _ in range(START_S * 5):
        try:
            with urlopen(address, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    raise TimeoutError(address)
