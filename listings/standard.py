"""The exchange's own licences: six short texts in two languages, free to use (CC0)."""

from typing import NamedTuple

from listings.composer import compose
from listings.licences import EXCLUSIVITY, Licence, Terms
from listings.vocabulary import SECTORS, WORLD, Name, regions

VERSION = "1.0"


class _Text(NamedTuple):
    """What one of the six says beyond the clauses that they share."""

    zh: str
    en: str
    may_zh: str
    may_en: str
    must_zh: str
    must_en: str


_SHARED_ZH = (
    "一、授权。供方授予需方非独占的使用权，范围、期限与次数以交易合同所载为准。\n"
    "二、允许的使用。{may}\n"
    "三、限制。{must}\n"
    "四、合规。需方应遵守个人信息保护、数据安全与知识产权方面的法律法规，"
    "不得尝试重新识别个人或企业秘密。\n"
    "五、期满。使用权终止后不得再取得新的数据；{end}\n"
    "六、保证。供方保证其有权授予上述使用权；数据按交付时的状态提供，"
    "对特定用途的适用性不作保证。"
)
_SHARED_EN = (
    "1. Grant. The vendor grants the buyer a non-exclusive right of use; scope, term"
    " and number of deliveries are those of the contract of the trade.\n"
    "2. Permitted use. {may}\n"
    "3. Limits. {must}\n"
    "4. Compliance. The buyer observes the law on personal information, data security"
    " and intellectual property and does not try to identify persons or to uncover"
    " business secrets.\n"
    "5. End. When the right has ended no further data may be obtained; {end}\n"
    "6. Warranty. The vendor warrants that it may grant this right. The data is"
    " provided as delivered, without warranty of fitness for a particular purpose."
)
_END = {
    "keep": (
        "此前合法制作的成果可继续使用。",
        "results lawfully made before may still be used.",
    ),
    "delete": (
        "已取得的数据应在三十日内删除，汇总后的分析结论可以保留。",
        "data already obtained is deleted within thirty days; findings may be kept.",
    ),
}
_TEXTS = {
    "internal": _Text(
        "内部使用许可",
        "Internal use",
        "在需方组织内部查询、分析和支持决策；分析结论可在内部流转。",
        "Query, analysis and decisions inside the buyer's organisation; findings may"
        " circulate there.",
        "不得向组织外部提供原始数据，不得对外展示，不得用于训练对外提供的模型。",
        "The data is not given to others, not displayed to others and not used to train"
        " models that are offered to others.",
    ),
    "display": _Text(
        "对外展示许可",
        "Display",
        "内部使用，并可在需方的网站、应用与报告中向其用户展示数据。",
        "Internal use, and display of the data to the buyer's own audience on its"
        " sites, in its applications and reports.",
        "展示须注明来源；不得提供批量下载，不得使他人能够还原数据集。",
        "The source is named; there is no bulk download, and nobody is enabled to"
        " rebuild the data set.",
    ),
    "derived": _Text(
        "衍生成果许可",
        "Derived works",
        "内部使用，并可加工、融合，形成指数、评分、报告等衍生成果并对外提供。",
        "Internal use, and making derived works such as indices, scores and reports"
        " from the data, alone or with other data, which may be offered to others.",
        "衍生成果不得含有可还原的原始数据；须注明来源。",
        "Derived works do not contain the original data in recoverable form; the source"
        " is named.",
    ),
    "training": _Text(
        "模型训练许可",
        "Model training",
        "内部使用，并可用于训练、微调与评测机器学习模型；模型可商业使用。",
        "Internal use, and training, fine-tuning and testing of machine-learning"
        " models, which may be used commercially.",
        "不得使模型逐字输出原始数据；不得将原始数据作为训练集转交他人。",
        "Models are not made to reproduce the data verbatim; the data is not passed on"
        " as a training set.",
    ),
    "redistribution": _Text(
        "再分发许可",
        "Redistribution",
        "可使用、加工，并将原始数据或其加工结果作为自身产品的一部分提供给第三方。",
        "Use, processing, and passing the data or what is made of it on to third"
        " parties as a part of the buyer's own products.",
        "须注明来源，并以不宽于本许可的条件约束第三方。",
        "The source is named; third parties are bound by terms no wider than these.",
    ),
    "evaluation": _Text(
        "评估试用许可",
        "Evaluation",
        "仅为决定是否购买而在内部查看与测试。",
        "Viewing and testing inside the organisation in order to decide on a purchase.",
        "不得用于生产或对外提供。",
        "No use in production, nothing is offered to others.",
    ),
}
_TERMS = {
    "internal": Terms(
        ("access", "analysis"),
        ("internal_analysis", "product_development", "academic_research", "evaluation"),
        retention="delete",
    ),
    "display": Terms(
        ("access", "analysis", "display"),
        ("internal_analysis", "public_service", "display", "evaluation"),
        retention="delete",
        attribution=True,
    ),
    "derived": Terms(
        ("access", "analysis", "derive"),
        (
            *("internal_analysis", "product_development", "academic_research"),
            *("public_service", "evaluation"),
        ),
        derivation="any",
        attribution=True,
    ),
    "training": Terms(
        ("access", "analysis", "train"),
        (
            *("internal_analysis", "product_development", "model_training"),
            *("academic_research", "evaluation"),
        ),
        derivation="any",
    ),
    "redistribution": Terms(
        ("access", "analysis", "display", "derive", "redistribute"),
        (
            *("internal_analysis", "product_development", "academic_research"),
            *("public_service", "display", "redistribution", "evaluation"),
        ),
        transfer=True,
        derivation="any",
        attribution=True,
    ),
    "evaluation": Terms(
        ("access", "analysis"), ("evaluation",), retention="delete", derivation="none"
    ),
}


def _licence(code: str) -> Licence:
    text, terms = _TEXTS[code], _TERMS[code]
    end_zh, end_en = _END[terms.retention]
    return Licence(
        code,
        VERSION,
        None,
        text.zh,
        text.en,
        _SHARED_ZH.format(may=text.may_zh, must=text.must_zh, end=end_zh),
        _SHARED_EN.format(may=text.may_en, must=text.must_en, end=end_en),
        "",
        terms,
    )


def variant(
    scope: str, exclusivity: str, field: str | None = None, territory: str = WORLD
) -> Licence:
    """Return a standard licence for one buyer alone, in a field and a territory.

    The code tells the choices, so that the same right is the same licence everywhere:
    ``derived.exclusive``, ``internal.sole.healthcare.31``.
    """
    text = _TEXTS[scope]
    terms = _TERMS[scope]._replace(
        exclusivity=exclusivity, field=field, territory=territory, transfer=False
    )
    kind = EXCLUSIVITY[exclusivity]
    within = [field] if field else []
    within += [territory] if territory != WORLD else []
    where = [SECTORS[field]] if field else []
    where += [regions()[territory]] if territory != WORLD else []
    title = Name(
        "・".join([f"{text.zh}（{kind.zh}）", *(name.zh for name in where)]),
        ", ".join([f"{text.en}, {kind.en.lower()}", *(name.en for name in where)]),
    )
    code = ".".join([scope, exclusivity, *within])
    return compose(code, VERSION, title, terms)


STANDARD = tuple(_licence(code) for code in _TEXTS)
ALONE = tuple(
    variant(scope, exclusivity)
    for scope in _TEXTS
    if scope != "evaluation"
    for exclusivity in ("sole", "exclusive")
)
ALL = (*STANDARD, *ALONE)
