"""Go's own transparency log library verifies the log, and refuses what was changed."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import insert

from marketplace.transparency import Log
from settlement import journal as j
from settlement import store
from settlement.tables import journal
from settlement.tiles import WIDTH, name

SOURCE = Path(__file__).with_name("log")
OLD, NEW = 300, 66_001  # three levels of tiles; all but the last are full or begun


@pytest.fixture(scope="module")
def program(require, tmp_path_factory):
    """Return where the verifier is, compiled."""
    made = tmp_path_factory.mktemp("go") / "verify"
    settings = {
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOCACHE": str(made.parent / "cache"),
        "CGO_ENABLED": "0",
    }
    subprocess.run(
        [require("go"), "build", "-o", made, "main.go"],
        cwd=SOURCE,
        env=os.environ | settings,
        check=True,
        timeout=300,
    )
    return made


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """A log of many records, published twice, as the verifier is told of it."""
    data = tmp_path_factory.mktemp("market")
    engine = store.connect(f"sqlite:///{data / 'j.db'}", write=True)
    store.metadata.create_all(engine, tables=[journal])
    chain, log, notes = j.Chain(0, j.GENESIS, 1), Log(data), []
    for size in (OLD, NEW):
        fresh = [
            chain.append(n, n % 7, None, "Tick", (), ("applied", n))
            for n in range(chain.seq, size)
        ]
        with engine.begin() as db:
            db.execute(insert(journal), [record._asdict() for record in fresh])
        log.step(engine)
        notes.append(log.note())
    with engine.connect() as db:
        assert list(log.breaks(db)) == []
        leaves = [
            {"index": record.seq - 1, "leaf": log.leaf(record.seq, record.body).hex()}
            for record in j.records(db)
            if record.seq in {1, 2, OLD, OLD + 1, 65_536, 65_537, NEW - 1, NEW}
        ]
    engine.dispose()
    for leaf in leaves:
        leaf["path"] = [one.hex() for one in log.inclusion(leaf["index"] + 1, NEW)]
    return {
        "key": log.key,
        "notes": notes,
        "leaves": leaves,
        "consistency": [one.hex() for one in log.consistency(OLD, NEW)],
        "tiles": dict(tiles(log)),
    }


def tiles(log):
    """Yield each tile of the log by its path, in hexadecimal."""
    level, count = 0, NEW
    while count:
        for number in range(-(-count // WIDTH)):
            width = min(WIDTH, count - number * WIDTH)
            place = name(number) + ("" if width == WIDTH else f".p/{width}")
            yield f"{level}/{place}", log.tile(level, place).hex()
        level, count = level + 1, count // WIDTH


def verify(program, told):
    return subprocess.run(
        [program],
        input=json.dumps(told),
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_the_library_verifies_checkpoints_proofs_and_tiles(program, said):
    done = verify(program, said)
    assert done.stdout == f"verified 8 leaves and {OLD} in {NEW}\n", done.stdout
    assert done.returncode == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["notes"].reverse(),
        lambda told: told["leaves"][3].update(index=told["leaves"][3]["index"] + 1),
        lambda told: told["leaves"][3].update(leaf="00" * 32),
        lambda told: told["leaves"][5]["path"].pop(),
        lambda told: told["consistency"].reverse(),
        lambda told: told["tiles"].update({"0/000": "00" * 32 * WIDTH}),
        lambda told: told["notes"].append(
            told["notes"].pop().replace("66001", "66002")
        ),
    ],
)
def test_the_library_refuses_what_was_changed(program, said, change):
    told = json.loads(json.dumps(said))
    change(told)
    done = verify(program, told)
    assert done.returncode == 1
    assert done.stdout.startswith("refused:")
