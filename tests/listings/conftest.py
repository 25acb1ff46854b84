"""A vendor, a registrar, a product on its way, and the real catalogues."""

import io
import os
from pathlib import Path

import pytest

from listings import instruments, licences, products, releases, standard
from listings.admission import Actor
from listings.files import Storage
from listings.products import Facts
from tests.gates import DECLARED

VENDOR = Actor(5, 7)
COLLEAGUE = Actor(6, 7)
REGISTRAR = Actor(9, 0)
FACTS = Facts(
    "dataset",
    title_zh="江苏逐日气温",
    title_en="Daily temperatures of Jiangsu",
    summary_zh="十三个地级市的逐日气温。",
    description_en="One row is one city on one day.",
    keywords=("气温", "weather"),
    sector="meteorological-services",
    region="32",
    updates="daily",
    dictionary=({"name": "city", "type": "text", "zh": "城市", "en": "City"},),
    **DECLARED,
)


@pytest.fixture(scope="session")
def catalogues() -> Path:
    """The directory of the real catalogues; not a part of this repository."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("DATABOURSE_CATALOGUES", beside))
    if not (path / "firstdata").is_dir():
        pytest.skip("needs the real catalogues: set DATABOURSE_CATALOGUES")
    return path


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file:{tmp_path / 'files'}")


@pytest.fixture
def drafted(engine, storage):
    """Return a function that makes a complete draft, and its number."""

    def make(
        facts: Facts = FACTS, symbol: str = "JSTMP", vendor: Actor = VENDOR
    ) -> int:
        with engine.begin() as db:
            numbers = licences.ensure(db, standard.STANDARD)
            product = products.draft(db, vendor.member, facts, vendor.id)
            unit = instruments.Unit(
                symbol, numbers["internal", "1.0"], "per_term", term_days=365
            )
            instruments.add(db, product, unit)
            release = releases.begin(db, product, "1.0")
            stored = storage.put(io.BytesIO(b"city\nNanjing\n"))
            releases.add_file(db, release, "cities.csv", stored)
            releases.finalise(db, release)
        return product

    return make
