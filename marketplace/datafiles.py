"""Figures as files: CSV, Excel, Parquet, and both forms of SDMX.

In SDMX each figure is an observation: its period, currency and dimensions, which
measure it is, its value and status. Withheld ones have no value and the status Q,
preliminary ones P (SDMX code list CL_OBS_STATUS 2.2). sdmx.org/standards-2
"""

import csv
import tempfile
from collections.abc import Callable, Collection, Iterator
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from marketplace.spreadsheet import XLSX, as_csv, as_workbook
from settlement import clock
from settlement.statistics.questions import Figures
from settlement.statistics.warehouse import write_parquet

AGENCY, VERSION = "DATABOURSE", "1.0"
STRUCTURE = "urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure"
NAMESPACES = {
    "mes": "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message",
    "com": "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common",
    "ss": "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/structurespecific",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
NORMAL, WITHHELD, PRELIMINARY = "A", "Q", "P"


class Observation(NamedTuple):
    """One figure: its key by the names of dimensions, its value and status."""

    key: dict[str, str]
    value: int | float | None
    status: str


class Form(NamedTuple):
    """A form of file, and how figures are written in it."""

    name: str
    media_type: str
    write: Callable[[Figures, Collection[str]], bytes]


def observations(found: Figures, preliminary: Collection[str]) -> Iterator[Observation]:
    """Yield each figure of each row; *preliminary* are the months that go on."""
    measures = [name for name in found.question.measures if name in found.columns]
    for row in found.rows:
        values = dict(zip(found.columns, row, strict=True))
        key = {
            _id(name): _text(value)
            for name, value in values.items()
            if name not in measures
        }
        usual = PRELIMINARY if values.get("period") in preliminary else NORMAL
        for name in measures:
            status = WITHHELD if values[name] is None else usual
            yield Observation(key | {"MEASURE": name}, values[name], status)


def sdmx_csv(found: Figures, preliminary: Collection[str] = ()) -> bytes:
    """Return figures as SDMX-CSV 2.0."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    keys = [*_keys(found), "MEASURE"]
    head = ("STRUCTURE", "STRUCTURE_ID", "ACTION", *keys, "OBS_VALUE", "OBS_STATUS")
    writer.writerow(head)
    structure = f"{AGENCY}:{_id(found.question.code)}({VERSION})"
    for one in observations(found, preliminary):
        value = "" if one.value is None else one.value
        said = (one.key[name] for name in keys)
        writer.writerow(("datastructure", structure, "I", *said, value, one.status))
    return text.getvalue().encode()


def sdmx_ml(found: Figures, preliminary: Collection[str] = ()) -> bytes:
    """Return figures as SDMX-ML 2.1, structure-specific, each observation by itself."""
    code = _id(found.question.code)
    space = f"{STRUCTURE}={AGENCY}:{code}({VERSION}):ObsLevelDim:AllDimensions"
    names = {f"xmlns:{short}": uri for short, uri in NAMESPACES.items()}
    root = Element("mes:StructureSpecificData", names | {"xmlns:ns1": space})
    header = SubElement(root, "mes:Header")
    SubElement(header, "mes:ID").text = f"{code}_{found.position}"
    SubElement(header, "mes:Test").text = "false"
    prepared = clock.moment(clock.now_us()).replace(microsecond=0)
    SubElement(header, "mes:Prepared").text = prepared.isoformat()
    SubElement(header, "mes:Sender", id=AGENCY)
    said = {
        "structureID": code,
        "namespace": space,
        "dimensionAtObservation": "AllDimensions",
    }
    structure = SubElement(SubElement(header, "mes:Structure", said), "com:Structure")
    SubElement(
        structure,
        "Ref",
        {"agencyID": AGENCY, "id": code, "version": VERSION, "class": "DataStructure"},
    )
    about = {
        "ss:structureRef": code,
        "xsi:type": "ns1:DataSetType",
        "ss:dataScope": "DataStructure",
        "action": "Information",
    }
    data = SubElement(root, "mes:DataSet", about)
    for one in observations(found, preliminary):
        value = {} if one.value is None else {"OBS_VALUE": str(one.value)}
        SubElement(data, "Obs", one.key | value | {"OBS_STATUS": one.status})
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root)


def parquet(found: Figures, _preliminary: Collection[str] = ()) -> bytes:
    """Return figures as Parquet; what is withheld is null."""
    types = {name: _type(found, place) for place, name in enumerate(found.columns)}
    rows = ([_plain(value) for value in row] for row in found.rows)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "figures.parquet")
        write_parquet(rows, types or {"period": "VARCHAR"}, target)
        return target.read_bytes()


FORMS = {
    "csv": Form("CSV", "text/csv", lambda f, _: as_csv(f.columns, f.rows).encode()),
    "xlsx": Form("Excel", XLSX, lambda f, _: as_workbook(f.columns, f.rows)),
    "parquet": Form("Parquet", "application/vnd.apache.parquet", parquet),
    "sdmx.csv": Form(
        "SDMX-CSV", "application/vnd.sdmx.data+csv;version=2.0.0", sdmx_csv
    ),
    "sdmx.xml": Form(
        "SDMX-ML",
        "application/vnd.sdmx.structurespecificdata+xml;version=2.1",
        sdmx_ml,
    ),
}


def _keys(found: Figures) -> list[str]:
    measures = set(found.question.measures)
    return [_id(name) for name in found.columns if name not in measures]


def _id(name: str) -> str:
    """Return what a column or a question is called in SDMX."""
    return {"period": "TIME_PERIOD"}.get(name, name.upper())


def _text(value: Any) -> str:
    return "_Z" if value is None else str(_plain(value))  # _Z: not applicable


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _type(found: Figures, place: int) -> str:
    """Return the type of a column for Parquet, by its values."""
    kinds = {type(row[place]) for row in found.rows} - {type(None)}
    if kinds and kinds <= {int}:
        return "BIGINT"
    if kinds and kinds <= {int, float}:
        return "DOUBLE"
    return "DATE" if kinds == {date} else "VARCHAR"
