"""The protocol's own client, polars and DuckDB read a right's tables from a server."""

import json
import subprocess
import threading
from pathlib import Path
from urllib.request import urlopen

import duckdb
import pytest
from werkzeug.serving import make_server

from tests import shares
from tests.programs import program, sun
from tests.visitors import app, bearer, config, parts, people

__all__ = ["app", "bearer", "config", "parts", "people", "program", "sun"]
# What runs in the clients' own environment; argv: the profile, the share, tasks.
SCRIPT = """
import json, sys
import delta_sharing, polars
from delta_sharing import SharingClient
from delta_sharing.protocol import DeltaSharingProfile
from delta_sharing.rest_client import DataSharingRestClient

profile, share = sys.argv[1:]
url = f"{profile}#{share}.releases.hours"
client = SharingClient(profile)
tables = client.list_all_tables()
said = {"tables": [f"{t.share}.{t.schema}.{t.name}" for t in tables]}
said["version"] = delta_sharing.get_table_version(url)
said["columns"] = json.loads(delta_sharing.get_table_metadata(url).schema_string)
for name, form in (("parquet", False), ("delta", True)):
    frame = delta_sharing.load_as_pandas(url, use_delta_format=form)
    said[name] = sorted(map(list, frame.itertuples(index=False)))
    frame = delta_sharing.load_as_pandas(url, version=0, use_delta_format=form)
    said[name + " 0"] = sorted(map(list, frame.itertuples(index=False)))
    found = delta_sharing.load_table_changes_as_pandas(
        url, starting_version=0, ending_version=1, use_delta_format=form
    )
    wanted = ["station", "hours", "_change_type", "_commit_version"]
    said[name + " changes"] = sorted(map(list, found[wanted].itertuples(index=False)))
limited = delta_sharing.load_as_pandas(url, limit=1)
said["limited"] = len(limited)
rest = DataSharingRestClient(DeltaSharingProfile.read_from_file(profile))
granted = rest.list_files_in_table(tables[0]).add_files[0].url
said["polars"] = sorted(map(list, polars.read_parquet(granted).rows()))
said["url"] = granted
print(json.dumps(said, default=int))
"""
NOW = [[58362, 8], [58367, 6]]
CHANGES = [
    [58362, 7, "delete", 1],
    [58362, 7, "insert", 0],
    [58362, 8, "insert", 1],
    [58367, 6, "insert", 1],
]


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
def python(require):
    """Return the interpreter of the clients' environment."""
    return Path(require("peers")) / "python"


def run(python, *arguments):
    command = [python, "-c", SCRIPT, *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("kind", ["bearer", "oauth"])
def test_the_clients_read_tables_versions_and_changes(
    python, site, program, sun, tmp_path, kind
):
    right = shares.bought(program, sun)
    shares.release(program("vendor"), sun.product, "2.0", "hours.csv", shares.NEXT)
    file = tmp_path / "right.share"
    made = shares.profile(program, right, kind)
    made["endpoint"] = f"{site}/api/delta-sharing"
    if kind == "oauth":
        made["tokenEndpoint"] = f"{site}/api/delta-sharing/oauth/token"
    file.write_text(json.dumps(made))
    done = run(python, file, right["id"])
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["tables"] == [f"{right['id']}.releases.hours"]
    assert said["version"] == 1
    assert [f["type"] for f in said["columns"]["fields"]] == ["long", "long"]
    for form in ("parquet", "delta"):
        assert said[form] == NOW
        assert said[f"{form} 0"] == [[58362, 7]]
        assert said[f"{form} changes"] == CHANGES
    assert said["limited"] == 1
    assert said["polars"] == NOW
    saved = tmp_path / "hours.parquet"  # DuckDB reads addresses by an extension only
    saved.write_bytes(urlopen(said["url"]).read())
    assert sorted(map(list, duckdb.read_parquet(str(saved)).fetchall())) == NOW


def test_the_client_is_told_that_a_profile_was_revoked(
    python, site, program, sun, tmp_path
):
    right = shares.bought(program, sun)
    made = shares.profile(program, right)
    made["endpoint"] = f"{site}/api/delta-sharing"
    file = tmp_path / "right.share"
    file.write_text(json.dumps(made))
    path = f"/entitlements/{right['id']}/sharings"
    (kept,) = program("buyer").read(path)["data"]
    program("buyer").delete(f"/sharings/{kept['id']}")
    done = run(python, file, right["id"])
    assert done.returncode != 0
    assert "401" in done.stderr
