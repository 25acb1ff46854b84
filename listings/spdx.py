"""Open licences by their SPDX identifiers, and how catalogues write them.

Identifiers and names: https://spdx.org/licenses/ (version 3.27).
"""

import hashlib
import re
from typing import NamedTuple

from listings.formats.text import excerpt, one_line, plain
from listings.licences import Licence, Terms

_CC = "https://creativecommons.org/licenses/"
_ODC = "https://opendatacommons.org/licenses/"
_OSI = "https://opensource.org/license/"
ALL_USES = ("access", "analysis", "display", "derive", "train", "redistribute")
# What nobody disputes to be non-commercial; the text of the licence prevails.
NON_COMMERCIAL = ("academic_research", "public_service", "evaluation")
NOT_STATED = "LicenseRef-not-stated"


class _Open(NamedTuple):
    """An open licence: its name, its address, what it asks for."""

    name: str
    url: str
    marks: str = ""  # of: by, sa, nc, nd


def _creative(kind: str, version: str, country: str = "") -> _Open:
    words = {"by": "Attribution", "nc": "NonCommercial", "sa": "ShareAlike"}
    words["nd"] = "NoDerivatives"
    name = "-".join(words[mark] for mark in kind.split("-"))
    port = {"us": " United States", "au": " Australia", "igo": " IGO"}.get(country)
    where = f"{kind}/{version}/{country + '/' if country else ''}"
    generic = " Generic" if version < "3" else " Unported"
    tail = port or (" International" if version == "4.0" else generic)
    return _Open(f"Creative Commons {name} {version}{tail}", f"{_CC}{where}", kind)


_KINDS = ("by", "by-sa", "by-nc", "by-nc-sa", "by-nd", "by-nc-nd")
OPEN = {
    f"CC-{kind.upper()}-{version}": _creative(kind, version)
    for kind in _KINDS
    for version in ("2.0", "2.5", "3.0", "4.0")
} | {
    "CC-BY-3.0-US": _creative("by", "3.0", "us"),
    "CC-BY-3.0-AU": _creative("by", "3.0", "au"),
    "CC-BY-3.0-IGO": _creative("by", "3.0", "igo"),
    "CC0-1.0": _Open(
        "Creative Commons Zero 1.0 Universal",
        "https://creativecommons.org/publicdomain/zero/1.0/",
    ),
    "PDDL-1.0": _Open("Open Data Commons Public Domain Dedication 1.0", f"{_ODC}pddl/"),
    "ODbL-1.0": _Open("Open Database License 1.0", f"{_ODC}odbl/1-0/", "by-sa"),
    "ODC-By-1.0": _Open("Open Data Commons Attribution 1.0", f"{_ODC}by/1-0/", "by"),
    "CDLA-Permissive-1.0": _Open(
        "Community Data License Agreement Permissive 1.0",
        "https://cdla.dev/permissive-1-0/",
        "by",
    ),
    "CDLA-Permissive-2.0": _Open(
        "Community Data License Agreement Permissive 2.0",
        "https://cdla.dev/permissive-2-0/",
        "by",
    ),
    "CDLA-Sharing-1.0": _Open(
        "Community Data License Agreement Sharing 1.0",
        "https://cdla.dev/sharing-1-0/",
        "by-sa",
    ),
    "OGL-UK-3.0": _Open(
        "Open Government Licence 3.0 (United Kingdom)",
        "https://www.nationalarchives.gov.uk/doc/open-government-licence/version/3/",
        "by",
    ),
    "OGL-Canada-2.0": _Open(
        "Open Government Licence 2.0 (Canada)",
        "https://open.canada.ca/en/open-government-licence-canada",
        "by",
    ),
    "etalab-2.0": _Open(
        "Etalab Open License 2.0", "https://www.etalab.gouv.fr/licence-ouverte/", "by"
    ),
    "MIT": _Open("MIT License", f"{_OSI}mit", "by"),
    "MIT-0": _Open("MIT No Attribution", f"{_OSI}mit-0"),
    "Apache-2.0": _Open(
        "Apache License 2.0", "https://www.apache.org/licenses/LICENSE-2.0", "by"
    ),
    "BSD-3-Clause": _Open("BSD 3-Clause License", f"{_OSI}bsd-3-clause", "by"),
    "BSD-2-Clause": _Open("BSD 2-Clause License", f"{_OSI}bsd-2-clause", "by"),
    "GPL-3.0-only": _Open(
        "GNU General Public License 3.0",
        "https://www.gnu.org/licenses/gpl-3.0",
        "by-sa",
    ),
}

# What a licence is called, besides its address. A dash or blank may be anything.
_NAMES = {
    r"CC0|Creative Commons (Zero|CC0)|CC 0 1\.0|publicdomain/zero/1\.0": "CC0-1.0",
    r"PDDL|licenses/pddl": "PDDL-1.0",
    r"ODbL|Open Database Licen[cs]e|licenses/odbl": "ODbL-1.0",
    r"ODC[- ]By|Open Data Commons Attribution|opendatacommons\.org/licenses/by": (
        "ODC-By-1.0"
    ),
    r"CDLA[- –]*Permissive[- –,]*(Version )?2|cdla\.dev/permissive-2": (
        "CDLA-Permissive-2.0"
    ),
    r"CDLA[- –]*Permissive[- –,]*(Version )?1|cdla\.dev/permissive-1"
    r"|Agreement[- –]+Permissive,? Version 1": "CDLA-Permissive-1.0",
    r"CDLA[- –]*Sharing|cdla\.(dev|io)/sharing-1": "CDLA-Sharing-1.0",
    r"doc/open-government-licence/version/3|OGL[- ]UK[- ]3": "OGL-UK-3.0",
    r"open-government-licence-canada|Open Government Licen[cs]e [-–] Canada": (
        "OGL-Canada-2.0"
    ),
    r"Etalab": "etalab-2.0",
    r"\bMIT\b(?!-0| (?:Laboratory|Lincoln|CSAIL|Media))": "MIT",
    r"\bMIT-0\b": "MIT-0",
    r"Apache([- ]License)?[-, ]*(Version )?2|licenses/LICENSE-2\.0": "Apache-2.0",
    r"BSD[- ]3|3-Clause BSD": "BSD-3-Clause",
    r"BSD[- ]2|2-Clause BSD": "BSD-2-Clause",
    r"\bGPL[- ]?v?3": "GPL-3.0-only",
}
_NAMED = [(re.compile(rule, re.IGNORECASE), code) for rule, code in _NAMES.items()]
_CC_URL = re.compile(
    r"(?i)(?<!opendatacommons\.org/)licenses/(by(?:-(?:nc|nd|sa))*)"
    r"(?:/(\d)(?:\.(\d))?)?(?:/(?!deed|legal)([a-z]{2,3})\b)?"
)
_WORD = r"(?:Attribution|Non-? ?Commercial|Share-? ?Alike|No-? ?Deriv(?:ative|ation)s?)"
_CC_NAME = re.compile(
    rf"(?i)(?:Creative Commons|CC|\b)[- ]*({_WORD}(?:[-, ]+{_WORD})*)"
    r"(?:[^\d;()\[\]]{0,20}?(\d)\.(\d))?"
)
_CC_SHORT = re.compile(
    r"(?i)\b(?:CC|Creative Commons)[- ]+(BY(?:[- ]*(?:NC|ND|SA))*)\b"
    r"(?:[^\d;()\[\]]{0,14}?(\d)(?:\.(\d))?\b)?"
)
# Where a text says that other terms apply to a part, one identifier would be wrong.
_HEDGE = re.compile(
    r"(?i)\b(restricted|public domain,|var(y|ies|ious|ying)|some|most|multiple|mixed"
    r"|unless|except|depend\w*|different|certain|majority|similar to|in addition"
    r"|dual|or|(4|2)\.\d United States)(?!\w)|;"
)


def identify(text: str) -> str | None:
    """Return the SPDX identifier of the one licence that *text* names, else None.

    None where nothing or more than one is named, the version is missing, or the text
    says that something else holds for a part.
    """
    line = one_line(plain(text))
    if _HEDGE.search(line):
        return None
    named = {code for pattern, code in _NAMED if pattern.search(line)}
    creative = _creative_commons(line)
    if creative is None:
        return None
    found = named | creative
    return found.pop() if len(found) == 1 and found <= OPEN.keys() else None


def _creative_commons(line: str) -> set[str] | None:
    """Return the Creative Commons licences named; None if the kinds contradict."""
    seen: dict[str, set[str]] = {}
    ports = set()
    odc = "opendatacommons" in line.lower() or "Open Data Commons" in line
    for pattern in (_CC_URL, _CC_SHORT, *(() if odc else (_CC_NAME,))):
        for match in pattern.finditer(line):
            version = f"{match[2]}.{match[3] or 0}" if match[2] else ""
            seen.setdefault(_kind(match[1]), set()).add(version)
            if pattern is _CC_URL and match[4]:
                ports.add(match[4].upper())
    for words, port in (("3.0 United States", "US"), ("3.0 IGO", "IGO")):
        if words in line:
            ports.add(port)
    if not seen:
        return set()
    versions = set().union(*seen.values()) - {""}
    if len(seen) > 1 or len(versions) != 1 or len(ports) > 1:
        return None
    return {"-".join(["CC", *seen, *versions, *ports])}


def _kind(text: str) -> str:
    """Return the marks of a licence's kind in the order that SPDX writes them."""
    word = text.lower().replace(" ", "").replace("-", "")
    marks = ["BY"]
    for mark, full in (
        ("NC", "noncommercial"),
        ("ND", "noderiv"),
        ("SA", "sharealike"),
    ):
        short = word.removeprefix("by") if word.startswith("by") else ""
        if full in word or mark.lower() in short:
            marks.append(mark)
    return "-".join(marks)


def licence(code: str) -> Licence:
    """Return the open licence with an SPDX identifier: its name, address and terms."""
    known = OPEN[code]
    marks = known.marks.split("-")
    uses = tuple(
        u for u in ALL_USES if u not in {"derive", "train"} or "nd" not in marks
    )
    return Licence(
        code,
        "1",
        code,
        known.name,
        known.name,
        f"适用公开许可 {known.name}（{code}），全文见 {known.url}",
        f"The open licence {known.name} ({code}) applies; its text is at {known.url}",
        known.url,
        Terms(
            uses,
            NON_COMMERCIAL if "nc" in marks else (),
            derivation="none" if "nd" in marks else "any",
            attribution="by" in marks,
            share_alike="sa" in marks,
        ),
    )


def verbatim(text: str) -> Licence:
    """Return the licence that a catalogue states in words that we cannot identify."""
    words = plain(text)
    digest = hashlib.sha256(words.encode()).hexdigest()
    title = excerpt(words, 80)
    return Licence(
        f"LicenseRef-{digest[:12]}", "1", None, title, title, words, words, "", None
    )


def not_stated() -> Licence:
    """Return the licence of what comes without any."""
    return Licence(
        NOT_STATED,
        "1",
        None,
        "未说明许可",
        "Licence not stated",
        "来源目录没有说明许可条件，使用前请与发布方确认。",
        "The catalogue states no licence; ask the publisher before any use.",
        "",
        None,
    )


def of(text: str) -> Licence:
    """Return the licence that *text* states: by identifier, verbatim, or not stated."""
    if not plain(text):
        return not_stated()
    code = identify(text)
    return verbatim(text) if code is None else licence(code)
