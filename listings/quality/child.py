"""What the confined child does: reads a file on its standard input, prints a report.

``python -I -m listings.quality.child TASK NAME [FILE…]`` in a scratch directory of its
own, where it leaves what it makes.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from listings.quality.sandbox import confine


def examine(path: Path, name: str, scratch: Path) -> dict[str, Any]:
    """Return the report of the file at *path*, called *name* by its vendor.

    ``{"tables": […], "service": {…}, "problems": […]}``. What cannot be taken as what
    it claims to be has a problem of the severity ``stop``.
    """
    return _reported(_read, path, name, scratch)


def prepare(path: Path, name: str, scratch: Path) -> dict[str, Any]:
    """Return the same with each table written to the scratch directory as Parquet."""
    return _reported(_prepare, path, name, scratch)


def compare(path: Path, other: str, scratch: Path) -> dict[str, Any]:
    """Return the same with what the Parquet at *path* changed of that at *other*."""
    return _reported(_compare, path, other, scratch)


def _reported(
    task: Callable[..., None], path: Path, name: str, scratch: Path
) -> dict[str, Any]:
    from listings.quality.engine import OutOfMemory, Unreadable
    from listings.quality.problems import Problem, Quarantine

    report: dict[str, Any] = {"tables": [], "service": None, "problems": []}
    problems: list[Problem] = []
    try:
        task(path, name, scratch, report, problems)
    except Quarantine as quarantine:
        problems = [quarantine.problem]
    except (OutOfMemory, MemoryError):
        problems = [Quarantine("too_large", name).problem]
    except (Unreadable, UnicodeError):
        problems = [Quarantine("broken", name).problem]
    report["problems"] = [problem._asdict() for problem in problems]
    return report


def _prepare(
    path: Path, name: str, scratch: Path, report: dict[str, Any], _problems: list[Any]
) -> None:
    from listings.quality import openapi, parquet, readers
    from listings.quality.engine import Engine

    for source in readers.sources(path, name, scratch):
        if source.suffix not in readers.TABULAR or openapi.read(source) is not None:
            continue
        with Engine(source.path, scratch=scratch, whole=True) as engine:
            for loaded in readers.tables(engine, source, scratch):
                place = scratch / f"{len(report['tables'])}.parquet"
                report["tables"].append(parquet.write(engine, loaded, place))


def _compare(
    path: Path, other: str, scratch: Path, report: dict[str, Any], _problems: list[Any]
) -> None:
    from listings.quality import parquet
    from listings.quality.engine import Engine

    older = Path(other)
    with Engine(path, older, scratch=scratch) as engine:
        made = parquet.compare(engine, older, path, scratch / "0.parquet")
        report["tables"].append(made)


def _read(
    path: Path,
    name: str,
    scratch: Path,
    report: dict[str, Any],
    problems: list[Any],
) -> None:
    from listings.quality import openapi, readers
    from listings.quality.engine import Engine
    from listings.quality.profiles import profile

    for source in readers.sources(path, name, scratch):
        described = openapi.read(source)
        if described is not None:
            report["service"] = report["service"] or described.service
            problems += described.problems
            continue
        if source.suffix not in readers.TABULAR:
            continue
        with Engine(source.path, scratch=scratch) as engine:
            for loaded in readers.tables(engine, source, scratch):
                made = profile(engine, loaded)
                report["tables"].append(made.table)
                problems += made.problems


def main() -> None:
    """Confine this process, carry the task out, print."""
    confine()
    task = {"examine": examine, "prepare": prepare, "compare": compare}[sys.argv[1]]
    report = task(Path("/dev/fd/0"), sys.argv[2], Path.cwd())
    sys.stdout.write(json.dumps(report, ensure_ascii=True, allow_nan=False))


if __name__ == "__main__":
    main()
