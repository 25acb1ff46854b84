"""A vendor's data application in fifty lines: who opens it must bring a good token.

Run by the outside libraries' interpreter: application.py EXCHANGE PRODUCT; it prints
the port that it listens on.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.request import Request, urlopen

import jwt

exchange, product = sys.argv[1:]
keys = jwt.PyJWKClient(f"{exchange}/.well-known/jwks.json")


def verified(token: str) -> dict:
    """Return what a token says; jwt.InvalidTokenError if it is not good."""
    key = keys.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, ["ES256"], audience=product, issuer=exchange)


# The token is in the fragment, which browsers send nowhere: the page hands it on.
PAGE = """<!doctype html><title>Application</title><script>
const token = new URLSearchParams(location.hash.slice(1)).get("token");
history.replaceState(null, "", "/");
fetch("/", {method: "POST", body: token});
</script>"""


class Application(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def do_POST(self) -> None:
        token = self.rfile.read(int(self.headers["Content-Length"])).decode()
        try:
            said = verified(token)
            alive = Request(f"{exchange}/api/seats/heartbeat", b"", method="POST")
            alive.add_header("Authorization", f"Bearer {token}")
            said = verified(json.load(urlopen(alive))["token"])
            status = 200
        except (jwt.PyJWTError, OSError) as error:
            said, status = {"error": str(error)}, 403
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(said).encode())


server = HTTPServer(("127.0.0.1", 0), Application)
print(server.server_port, flush=True)
server.serve_forever()
