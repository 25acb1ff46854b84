"""Our SD-JWT, verified by the reference implementation of those who wrote it down."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from marketplace.credentials import Certified, token
from marketplace.seal import Seal

CHECK = """
import json, sys
from jwcrypto.jwk import JWK
from sd_jwt.verifier import SDJWTVerifier
keys, presented = json.load(open(sys.argv[1])), open(sys.argv[2]).read()
key = JWK.from_json(json.dumps(keys["keys"][0]))
seen = SDJWTVerifier(presented, lambda issuer, header: key)
print(json.dumps(seen.get_verified_payload()))
"""
TOLD = {
    "trade": "trd_0000001",
    "record": 9,
    "at_us": 1_767_110_400_000_000,
    "seller": {"id": "mem_0000001", "name_zh": "供方", "name_en": "Vendor"},
    "price": "12.00",
}


class Parts:
    """The seal and the salts."""

    def __init__(self, folder: Path) -> None:
        self.seal, self.log = Seal(folder), self

    def salt(self, record: int) -> bytes:
        return str(record).encode()


@pytest.fixture
def peer(require: Callable[[str], str]) -> Path:
    """The interpreter that has the outside libraries."""
    return Path(require("peers")) / "python"


def test_sd_jwt_verifies_and_shows_the_disclosed_part_alone(peer, tmp_path):
    parts = Parts(tmp_path)
    said = Certified("trade", 1, TOLD)
    made = token(parts, said, "https://exchange.example/", ("price",))
    keys, file = tmp_path / "keys.json", tmp_path / "token"
    keys.write_text(json.dumps(parts.seal.public_keys()))
    file.write_text(made)
    command = [str(peer), "-c", CHECK, str(keys), str(file)]
    seen = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert seen["price"] == "12.00"
    assert "seller" not in seen
    assert seen["trade"] == "trd_0000001"
    file.write_text(made.replace("~", "A~", 1))
    assert subprocess.run(command, check=False, capture_output=True).returncode
