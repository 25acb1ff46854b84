"""A window of a real browser that notices what a visitor would complain about."""

from pathlib import Path
from typing import Any, NamedTuple, Self

from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route

AXE = Path(__file__).resolve().parent.parent / "vendor" / "axe.min.js"
AXE_PATH = "/axe.min.js"  # served from the site's own origin: its CSP stays as it is
INSERT = """path => new Promise((done, failed) => {
  const script = document.createElement("script");
  Object.assign(script, {src: path, onload: done, onerror: failed});
  document.head.append(script);
})"""
RUN = "hidden => axe.run({exclude: hidden.map(css => [css])})"
OVERFLOW = """() => {
  const page = document.documentElement;
  return page.scrollWidth - page.clientWidth;
}"""
# Swagger UI is vendored; what it draws inside its own box is not ours to change.
NOT_OURS = (".swagger-ui",)


class Look(NamedTuple):
    """How a page is looked at: a language and a width in CSS pixels."""

    language: str
    width: int

    @property
    def wide(self) -> bool:
        """Tell whether this is a desk and not a telephone."""
        return self.width > 800

    def __str__(self) -> str:
        """Name it in test ids."""
        return f"{self.language}-{self.width}"


class Window(NamedTuple):
    """One page of one visitor, and the complaints that it gave rise to."""

    page: Page
    site: str
    complaints: list[str]
    scripts: bool

    @classmethod
    def opened(
        cls, browser: Browser, site: str, look: Look, state: Any, *, scripts: bool
    ) -> Self:
        """Open a window of a visitor; *state* holds the session to continue."""
        context = browser.new_context(
            viewport={"width": look.width, "height": 900},
            locale="zh-CN" if look.language == "zh" else "en-GB",
            timezone_id="Asia/Shanghai",
            java_script_enabled=scripts,
            storage_state=state,
        )
        context.add_cookies([{"name": "language", "value": look.language, "url": site}])
        context.set_default_timeout(15_000)
        window = cls(context.new_page(), site, [], scripts)
        window._listen()
        return window

    def _listen(self) -> None:
        # Playwright marks the listeners' owner, which a tuple does not allow: lambdas.
        page, said = self.page, self.complaints.append
        page.on("pageerror", lambda error: said(str(error)))
        page.on("console", lambda message: self._said(message))  # noqa: PLW0108
        page.on("request", lambda request: self._asked(request))  # noqa: PLW0108
        page.route(f"**{AXE_PATH}", _serve_axe)

    def glance(self, path: str) -> None:
        """Open the page at *path* without looking it over, which takes a second."""
        answer = self.page.goto(self.site + path)
        assert answer is not None, path
        assert answer.status == 200, (path, answer.status)

    def go(self, path: str) -> None:
        """Open the page at *path* and look it over."""
        self.glance(path)
        self.look_over()

    def follow(self, css: str) -> None:
        """Follow a link or press a button that leads to a page; look that over."""
        with self.page.expect_navigation():
            self.page.locator(css).first.click()
        self.look_over()

    def look_over(self) -> None:
        """Complain if the page is hard to use, too wide, or asks other hosts."""
        self.page.wait_for_load_state("load")
        if self.scripts:
            # Of the API's description, Swagger UI draws even the landmark, and later.
            self.page.locator("main, [role=main]").first.wait_for(state="attached")
            self.complaints.extend(self._overflow() + self._violations())
        assert not self.complaints, (self.page.url, self.complaints)

    def text(self, css: str = "main") -> str:
        """Return what can be read in the first such part of the page."""
        return self.page.locator(css).first.inner_text()

    def _overflow(self) -> list[str]:
        width = self.page.evaluate(OVERFLOW)
        return [f"{width} pixels too wide"] if width > 0 else []

    def _violations(self) -> list[str]:
        self.page.evaluate(INSERT, AXE_PATH)
        found = self.page.evaluate(RUN, list(NOT_OURS))["violations"]
        return [
            f"{violation['id']}: {node['html'][:200]}"
            for violation in found
            for node in violation["nodes"]
        ]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.site}/", "data:", "blob:")):
            self.complaints.append(f"asked another host: {request.url}")


def _serve_axe(route: Route) -> None:
    route.fulfill(path=AXE, content_type="text/javascript")
