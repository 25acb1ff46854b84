"""gunicorn's worker gives a stream's socket away and keeps its threads."""

import contextlib
import signal
import socket
import subprocess
import sys

SERVER = """
import sys
from gunicorn.app.base import BaseApplication
from marketplace.streams.worker import HandedOver, Worker

kept = []

def adopt(reader, *, chunked):
    kept.append(reader)
    reader.sendall(b"5\\r\\nlater\\r\\n" if chunked else b"later")

def tell():
    yield b"first"
    raise HandedOver(adopt)

def app(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/stream":
        return tell()
    return [f"{len(kept)} streams".encode()]

class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", f"fd://{sys.argv[1]}")
        self.cfg.set("worker_class", Worker)
        self.cfg.set("threads", 2)
        self.cfg.set("control_socket_disable", True)
        self.cfg.set("loglevel", "critical")

    def load(self):
        return app

Server().run()
"""
STREAMS = 5  # more than the server has threads


def asked(place, path, version="1.1"):
    """Ask; return the socket."""
    reader = socket.create_connection(place, timeout=10)
    reader.sendall(f"GET {path} HTTP/{version}\r\nHost: a\r\n\r\n".encode())
    return reader


def heard(reader, word):
    """Read up to *word*."""
    text = b""
    while word not in text:
        piece = reader.recv(4096)
        assert piece, text
        text += piece
    return text


def test_more_streams_than_threads_are_open_and_requests_are_answered(tmp_path):
    script = tmp_path / "server.py"
    script.write_text(SERVER, "utf-8")
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        place, number = listener.getsockname(), listener.fileno()
        server = subprocess.Popen(
            [sys.executable, str(script), str(number)], pass_fds=[number]
        )
        stack.callback(server.wait, 20)
        stack.callback(server.send_signal, signal.SIGTERM)
        streams = [stack.enter_context(asked(place, "/stream")) for _ in range(STREAMS)]
        for stream in streams:
            text = heard(stream, b"later")
            assert b"Transfer-Encoding: chunked" in text
            assert text.index(b"first") < text.index(b"later")
        with asked(place, "/stream", "1.0") as old:
            text = heard(old, b"later")
            assert text.endswith(b"\r\n\r\nfirstlater")
        with asked(place, "/") as plain:
            assert f"{STREAMS + 1} streams".encode() in heard(plain, b" streams")
