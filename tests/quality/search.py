"""Search quality: judged queries over the three real catalogues.

Each judgment (`judgments.tsv`) is an entry looked at for a query and graded: 3 is what
was asked for, 2 is useful, 1 touches it, everything else is 0. The entries judged were
pooled from six rankings (with and without synonyms, of the query and of what it means,
SQLite FTS5 over words and over trigrams), so as not to favour the present one.

NDCG@10: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques",
ACM TOIS 20 (2002), with gains of 2^grade − 1. Recall@50 counts grades 2 and 3. MRR is
of the first hit with grade 2 or 3. A query fails if none of its first ten has one.
"""

import csv
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from math import log2
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from listings.search.finding import Finder
from listings.search.index import open_index
from listings.search.query import Query
from tests.quality.catalogues import directory, entries

JUDGMENTS = Path(__file__).parent / "judgments.tsv"
BASELINE = Path(__file__).parent / "baseline.json"
SPACE = "%20"  # in an id, since blanks stand between ids
TOP, DEEP = 10, 50
ALL = "all"
SAMPLE = 8  # beside what is judged, one of so many others is indexed


class Judged(NamedTuple):
    """A query, its category, and the grades of the entries judged for it."""

    category: str
    text: str
    grades: dict[str, int]


class Score(NamedTuple):
    """How well one query is answered."""

    judged: Judged
    ndcg: float
    recall: float
    reciprocal: float

    @property
    def failed(self) -> bool:
        """Tell whether nothing useful is among the first ten."""
        return self.reciprocal < 1 / TOP


def judgments() -> Iterator[Judged]:
    """Yield every judged query."""
    with JUDGMENTS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            grades = {
                key.replace(SPACE, " "): grade
                for grade in (1, 2, 3)
                for key in (row[f"grade {grade}"] or "").split()
            }
            yield Judged(row["category"], row["query"], grades)


def measure(catalogues: Path, *, full: bool = True) -> list[Score]:
    """Index the catalogues, or a sample of them, and answer every judged query."""
    keys: dict[int, str] = {}
    judged_keys = {key for judged in judgments() for key in judged.grades}

    def listed() -> Iterator[object]:
        for number, (key, entry) in enumerate(entries(catalogues)):
            if full or key in judged_keys or number % SAMPLE == 0:
                keys[entry.id] = key
                yield entry

    with tempfile.TemporaryDirectory() as place:
        index = open_index(f"whoosh:{place}/index")
        index.rebuild(listed())
        finder = Finder(index)
        scores = []
        for judged in judgments():
            found = finder.find(Query(judged.text, page_size=DEEP)).results
            ranked = [keys[hit.id] for hit in found.hits]
            scores.append(_score(judged, ranked))
        index.close()
    return scores


def _score(judged: Judged, ranked: list[str]) -> Score:
    grades = [judged.grades.get(key, 0) for key in ranked]
    ideal = sorted(judged.grades.values(), reverse=True)
    good = {key for key, grade in judged.grades.items() if grade > 1}
    first = next((at for at, grade in enumerate(grades, 1) if grade > 1), 0)
    return Score(
        judged,
        _gain(grades) / _gain(ideal),
        len(good.intersection(ranked)) / len(good) if good else 1.0,
        1 / first if first else 0.0,
    )


def _gain(grades: list[int]) -> float:
    return sum((2**g - 1) / log2(at + 1) for at, g in enumerate(grades[:TOP], 1))


def summary(scores: list[Score]) -> dict[str, dict[str, float]]:
    """Return the means of each category and of all."""
    groups = defaultdict(list)
    for score in scores:
        groups[score.judged.category].append(score)
        groups[ALL].append(score)
    return {
        category: {
            "queries": len(group),
            "ndcg@10": round(mean(score.ndcg for score in group), 4),
            "recall@50": round(mean(score.recall for score in group), 4),
            "mrr": round(mean(score.reciprocal for score in group), 4),
            "failures": sum(score.failed for score in group),
        }
        for category, group in groups.items()
    }


def baseline(*, full: bool) -> dict[str, dict[str, float]]:
    """Return the means that were kept, of everything or of the sample."""
    kept: dict[str, dict[str, dict[str, float]]] = json.loads(BASELINE.read_text())
    return kept["full" if full else "sample"]


def report(*, keep: bool = False) -> None:
    """Print the means, beside the baseline, and the queries that fail."""
    catalogues = directory()
    if catalogues is None:
        raise SystemExit("needs the real catalogues: set DATABOURSE_CATALOGUES")
    scores = measure(catalogues)
    means = summary(scores)
    before = baseline(full=True)
    table = Table(title="search quality", title_justify="left")
    for column in ("category", *means[ALL], "baseline"):
        table.add_column(column, justify="left" if column == "category" else "right")
    for category, values in sorted(means.items(), key=lambda item: item[0] == ALL):
        old = before.get(category, {}).get("ndcg@10", 0.0)
        table.add_row(category, *map(str, values.values()), str(old))
    console = Console(width=110)
    console.print(table)
    for score in sorted(scores, key=lambda score: score.ndcg)[:12]:
        word = "fails" if score.failed else "worst"
        console.print(f"{word} {score.ndcg:.2f}  {score.judged.text}")
    if keep:
        kept = {"full": means, "sample": summary(measure(catalogues, full=False))}
        BASELINE.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
