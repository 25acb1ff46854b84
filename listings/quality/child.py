"""What the confined child does: reads a file on its standard input, prints a report.

``python -I -m listings.quality.child NAME`` in a scratch directory of its own.
"""

import json
import sys
from pathlib import Path
from typing import Any

from listings.quality.sandbox import confine


def examine(path: Path, name: str, scratch: Path) -> dict[str, Any]:
    """Return the report of the file at *path*, called *name* by its vendor.

    ``{"tables": […], "service": {…}, "problems": […]}``. What cannot be taken as what
    it claims to be has a problem of the severity ``stop``.
    """
    from listings.quality.engine import OutOfMemory, Unreadable
    from listings.quality.problems import Problem, Quarantine

    report: dict[str, Any] = {"tables": [], "service": None, "problems": []}
    problems: list[Problem] = []
    try:
        _read(path, name, scratch, report, problems)
    except Quarantine as quarantine:
        problems = [quarantine.problem]
    except (OutOfMemory, MemoryError):
        problems = [Quarantine("too_large", name).problem]
    except (Unreadable, UnicodeError):
        problems = [Quarantine("broken", name).problem]
    report["problems"] = [problem._asdict() for problem in problems]
    return report


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
        with Engine(source.path, scratch) as engine:
            for loaded in readers.tables(engine, source, scratch):
                made = profile(engine, loaded)
                report["tables"].append(made.table)
                problems += made.problems


def main() -> None:
    """Confine this process, examine, print."""
    confine()
    report = examine(Path("/dev/fd/0"), sys.argv[1], Path.cwd())
    sys.stdout.write(json.dumps(report, ensure_ascii=True, allow_nan=False))


if __name__ == "__main__":
    main()
