"""An examination: a child process that is confined, watched and ended on time."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from listings.quality.problems import Quarantine
from listings.quality.sandbox import ARENAS_MAX
from settlement import clock

WALL_S = 30.0  # of one file; then the child is killed
LOOK_S = 0.3  # how often whoever waits for a child looks whether it is still wanted
REPORT_MAX = 8 * 1024 * 1024  # bytes


def examine(content: BinaryIO, name: str, wall_s: float = WALL_S) -> dict[str, Any]:
    """Return the report of *content*, an open file that its vendor calls *name*.

    If the child dies or is late, the report says so: the content is quarantined, not
    believed.
    """
    with in_child("examine", content, name, wall_s=wall_s) as (_, report):
        return report


@contextmanager
def in_child(
    task: str,
    content: BinaryIO,
    name: str,
    *more: int,
    wall_s: float = WALL_S,
    watch: Callable[[], None] | None = None,
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the directory in which a child carried out *task*, and its report.

    The child gets *content*, the open files numbered *more* and a scratch directory,
    no environment and no network; see `listings.quality.child`. *watch* is called
    every LOOK_S meanwhile; what it raises ends the child.
    """
    with TemporaryDirectory(prefix="examined-") as scratch:
        yield Path(scratch), _run(task, content, name, more, scratch, wall_s, watch)


def _run(
    task: str,
    content: BinaryIO,
    name: str,
    more: tuple[int, ...],
    scratch: str,
    wall_s: float,
    watch: Callable[[], None] | None,
) -> dict[str, Any]:
    report = Path(scratch, "report")
    try:
        with (
            report.open("xb") as out,
            subprocess.Popen(  # noqa: S603 (our own module; the name is one argument)
                [sys.executable, "-I", "-m", "listings.quality.child", task, name],
                stdin=content,
                stdout=out,
                stderr=subprocess.DEVNULL,
                cwd=scratch,
                env=_environment(scratch),
                start_new_session=True,
                pass_fds=more,
            ) as child,
        ):
            try:
                _wait(child, wall_s, watch)
            finally:
                child.kill()
        if child.returncode:
            return _stopped("unexaminable", name)
        if report.stat().st_size > REPORT_MAX:
            return _stopped("too_large", name)
        found: dict[str, Any] = json.loads(report.read_bytes())
    except subprocess.TimeoutExpired:
        return _stopped("too_slow", name)
    except ValueError:
        return _stopped("unexaminable", name)
    return found


def _wait(
    child: subprocess.Popen[bytes], wall_s: float, watch: Callable[[], None] | None
) -> None:
    """Wait for *child*; TimeoutExpired after *wall_s*, or whatever *watch* raises."""
    end_s = clock.elapsed_s() + wall_s
    while watch is not None and end_s - clock.elapsed_s() > LOOK_S:
        with suppress(subprocess.TimeoutExpired):
            child.wait(LOOK_S)
            return
        watch()
    child.wait(max(0.0, end_s - clock.elapsed_s()))


def _environment(scratch: str) -> dict[str, str]:
    """Return all that the child is told of this machine."""
    return {
        "LANG": "C.UTF-8",
        "TMPDIR": scratch,
        "HOME": scratch,
        "MALLOC_ARENA_MAX": str(ARENAS_MAX),
    }


def _stopped(code: str, name: str) -> dict[str, Any]:
    problem = Quarantine(code, name).problem
    return {"tables": [], "service": None, "problems": [problem._asdict()]}
