"""A PostgreSQL server of the benchmark's own, on 127.0.0.1, default settings."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path


def find(program: str) -> str:
    """Return where a program of PostgreSQL is; Debian keeps some off the PATH."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
    found = str(places[-1]) if places else shutil.which(program)
    if found is None:
        raise SystemExit(f"{program} is missing: apt-get install postgresql")
    return found


def as_postgres(*command: str) -> str:
    """Run a command, as the user postgres if we are root; its output."""
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*prefix, *command], check=True, text=True, capture_output=True, cwd="/"
    )
    return done.stdout


@contextlib.contextmanager
def server() -> Iterator[int]:
    """Run a server (fsync and synchronous commit on) while in the context; its port."""
    directory = Path(tempfile.mkdtemp(prefix="databourse-speed-"))
    directory.chmod(0o755)
    data = directory / "data"
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(data, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    as_postgres(find("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust")
    options = f"-h 127.0.0.1 -p {port} -k {data}"
    control = [find("pg_ctl"), "-D", str(data), "-w", "-l", str(data / "log")]
    as_postgres(*control, "-o", options, "start")
    try:
        yield port
    finally:
        as_postgres(*control, "-m", "immediate", "stop")
        shutil.rmtree(directory, ignore_errors=True)


def create_database(port: int, name: str) -> str:
    """Create a database; its URL."""
    as_postgres(find("createdb"), "-h", "127.0.0.1", "-p", str(port), name)
    return f"postgresql://postgres@127.0.0.1:{port}/{name}"


def pgbench(port: int, *arguments: str) -> str:
    """Run pgbench on the database ``pgbench``; its output."""
    place = ["-h", "127.0.0.1", "-p", str(port), "-U", "postgres"]
    return as_postgres(find("pgbench"), *place, *arguments, "pgbench")
