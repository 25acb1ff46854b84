"""What a vendor declares of a product: source, sensitivity, scene, and who may do what.

数据安全法 art. 33: the provider states the source. 上海市数据条例 art. 55 and
深圳经济特区数据条例 art. 67: what may not be traded. 三权分置 of the 数据二十条: the
rights to hold, to use and to operate are kept apart.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from listings.marking import N_
from listings.vocabulary import Name

if TYPE_CHECKING:  # the facts of a product hold what is declared
    from listings.products import Facts

STATEMENT_MAX = 20_000  # characters
CELL_MAX = 1_000  # of the matrix of rights

# Where the data comes from: the four kinds of 来源描述 in the specification sheet.
ROUTES = {
    "production": Name("数据生产", "Own production"),
    "public_collection": Name("公开数据获取", "Collection of public data"),
    "authorised_operation": Name("授权运营", "Authorised operation"),
    "purchase": Name("数据产品交易", "Purchase"),
}
# GB/T 43697-2024: 一般数据, 重要数据, 核心数据.
SENSITIVITIES = {
    "general": Name("一般数据", "General data"),
    "important": Name("重要数据", "Important data"),
    "core": Name("核心数据", "Core data"),
}
PERSONAL = {
    "none": Name("不含个人信息", "No personal information"),
    "anonymised": Name("已匿名化", "Anonymised"),
    "personal": Name("含个人信息", "Personal information"),
}
DENYING = ("none", "anonymised")  # that anybody could be told
RIGHTS = {
    "hold": Name("数据资源持有权", "Right to hold"),
    "use": Name("数据加工使用权", "Right to use"),
    "operate": Name("数据产品经营权", "Right to operate"),
}
CELLS = {
    "holder": Name("权利人", "Holder"),
    "basis": Name("依据", "Basis"),
    "limits": Name("限制", "Limits"),
}
TEXTS = ("source_statement", "purpose", "scene")


def wrong(facts: "Facts") -> Iterator[tuple[str, str]]:
    """Yield what cannot be kept even in a draft, by field."""
    known: tuple[tuple[str, Mapping[str, Name]], ...] = (
        ("source_route", ROUTES),
        ("sensitivity", SENSITIVITIES),
        ("personal", PERSONAL),
    )
    for field, codes in known:
        code = getattr(facts, field)
        if code is not None and code not in codes:
            yield field, N_("Choose one of the list.")
    if facts.rights is not None and not _is_matrix(facts.rights):
        yield "rights", N_("Say of each right who holds it, on what basis, how far.")


def missing(facts: "Facts") -> Iterator[tuple[str, str]]:
    """Yield what keeps a product from a review, by field.

    No registration without a scene (无场景不登记); core data is never traded.
    """
    for field in ("source_route", "sensitivity", "personal"):
        if getattr(facts, field) is None:
            yield field, N_("Choose one of the list.")
    if facts.sensitivity == "core":
        yield "sensitivity", N_("Core data of the state may not be traded.")
    if not facts.source_statement.strip():
        yield "source_statement", N_("State where the data comes from, and how.")
    if not facts.purpose.strip():
        yield "purpose", N_("Say what the product may be used for.")
    if not facts.scene.strip():
        yield "scene", N_("Describe a scene in which it is used.")
    matrix = facts.rights or {}
    for right in RIGHTS:
        cells = matrix.get(right, {})
        if not (cells.get("holder", "").strip() and cells.get("basis", "").strip()):
            yield "rights", N_("Name holder and basis of each of the three rights.")
            return


def _is_matrix(matrix: Any) -> bool:
    return (
        isinstance(matrix, dict)
        and matrix.keys() <= RIGHTS.keys()
        and all(
            isinstance(cells, dict)
            and cells.keys() <= CELLS.keys()
            and all(isinstance(c, str) and len(c) <= CELL_MAX for c in cells.values())
            for cells in matrix.values()
        )
    )
