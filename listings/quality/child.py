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

ANSWER_CPU_S = 3  # to answer a question of a clean room
ANSWER_FILE_MAX = 2 * 1024 * 1024  # bytes; it writes nothing but its report


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


def group(path: Path, asked: str, scratch: Path) -> dict[str, Any]:
    """Return what the Parquet at *path* comes to in groups, written to the scratch."""
    from listings.cleanroom import grouping
    from listings.quality.engine import Engine, OutOfMemory, Unreadable

    shown, least = grouping.settings_from(asked)
    to = scratch / "0.parquet"
    try:
        with Engine(path, scratch=scratch) as engine:
            made = grouping.make(engine, path, shown, least, to)
    except grouping.Unsuitable as unsuitable:
        return {"problem": str(unsuitable)}
    except (OutOfMemory, MemoryError):
        return {"problem": "too_large"}
    except Unreadable:
        return {"problem": "broken"}
    return {"problem": "", "made": made}


def answer(path: Path, _name: str, _scratch: Path) -> dict[str, Any]:
    """Return the answer to the question in the file at *path*."""
    from listings.cleanroom.answering import answer as answered

    return answered(path)


def fit(path: Path, _name: str, scratch: Path) -> dict[str, Any]:
    """Return what two tables have in common, as the file at *path* asks."""
    from listings.fitting.comparing import compare as compared

    return _told(compared, path, scratch)


def cut(path: Path, _name: str, scratch: Path) -> dict[str, Any]:
    """Return what is left of a table under a cut, written to the scratch directory."""
    from listings.cuts.cutting import cut as made

    return _told(made, path, scratch)


def leak(path: Path, _name: str, scratch: Path) -> dict[str, Any]:
    """Return how far a suspect table agrees with the marks of each buyer."""
    from listings.cuts.cutting import leak as compared

    return _told(compared, path, scratch)


def _told(
    task: Callable[[Path, Path], dict[str, Any]], path: Path, scratch: Path
) -> dict[str, Any]:
    """Return what a task that has its request in a file says, or what stopped it."""
    from listings.quality.engine import OutOfMemory, Unreadable

    try:
        return task(scratch, path)
    except (OutOfMemory, MemoryError):
        return {"problem": "too_large"}
    except Unreadable:
        return {"problem": "broken"}


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
    task = {
        "examine": examine,
        "prepare": prepare,
        "compare": compare,
        "group": group,
        "answer": answer,
        "fit": fit,
        "cut": cut,
        "leak": leak,
    }[sys.argv[1]]
    if task is answer:
        confine(ANSWER_CPU_S, ANSWER_FILE_MAX)
    else:
        confine()
    report = task(Path("/dev/fd/0"), sys.argv[2], Path.cwd())
    sys.stdout.write(json.dumps(report, ensure_ascii=True, allow_nan=False))


if __name__ == "__main__":
    main()
