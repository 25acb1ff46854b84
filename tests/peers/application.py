"""A vendor's data application in forty lines: who opens it must bring a good token.

Run by the outside libraries' interpreter: application.py EXCHANGE PRODUCT; it prints
the port that it listens on.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import jwt

exchange, product = sys.argv[1:]
keys = jwt.PyJWKClient(f"{exchange}/.well-known/jwks.json")


def verified(token: str) -> dict:
    """Return what a token says; jwt.InvalidTokenError if it is not good."""
    key = keys.get_signing_key_from_jwt(token).key
    return jwt.decode(token, key, ["ES256"], audience=product, issuer=exchange)


class Application(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        token = parse_qs(urlsplit(self.path).query).get("token", [""])[0]
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
