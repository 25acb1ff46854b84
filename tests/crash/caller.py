"""A server's process that calls a service until it is killed.

``python -m tests.crash.caller DATA HOST:PORT ENTITLEMENT KEY``
"""

import sys
import threading
from dataclasses import replace
from pathlib import Path

from marketplace.app import create_app
from marketplace.config import Config

THREADS = 4


def main(data: str, reachable: str, entitlement: str, secret: str) -> None:
    """Call with several threads at once, without an end."""
    config = replace(
        Config.at(Path(data)),
        followers=False,
        rate_limits=False,
        reachable=(reachable,),
    )
    app = create_app(config)

    def call() -> None:
        client, number = app.test_client(), 0
        headers = {"Authorization": f"Bearer {secret}"}
        while True:
            number += 1
            path = "a?status=500" if number % 7 == 0 else "a"
            client.get(f"/api/services/{entitlement}/{path}", headers=headers)

    for _ in range(THREADS):
        threading.Thread(target=call, daemon=True).start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    threading.Event().wait(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
