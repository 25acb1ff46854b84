"""The clause structure of the model contracts, with a first text for each clause.

Source: the four model contracts of the National Data Administration and the State
Administration for Market Regulation (2025-07-04; domain §6). The order delivery,
acceptance, payment is theirs, and so is that use is not acceptance. Parties write
their own text; what is left as it stands is what most agree on.
"""

from collections.abc import Mapping
from typing import NamedTuple

from listings.vocabulary import Name


class Clause(NamedTuple):
    """One clause: its code, heading, and the text to begin with."""

    code: str
    heading: Name
    text: Name


class Model(NamedTuple):
    """One model contract."""

    title: Name
    suits: Name  # when to take it
    clauses: tuple[Clause, ...]


def _clause(code: str, zh: str, en: str, text_zh: str, text_en: str) -> Clause:
    return Clause(code, Name(zh, en), Name(text_zh, text_en))


_RIGHTS = _clause(
    "rights",
    "产权安排",
    "Property rights",
    "甲方保留数据资源持有权与经营权。乙方取得本合同约定用途与期限内的使用权；持有不当然包含使用或经营。",
    "The vendor keeps the rights to hold and to operate. The buyer gets the right to"
    " use for the purpose and term agreed; no further right follows from it.",
)
_SECURITY = _clause(
    "security",
    "数据安全与个人信息",
    "Security and personal data",
    "双方按数据安全法、个人信息保护法采取必要措施；乙方不得重新识别个人，发生安全事件在二十四小时内通知对方。",
    "Both take the measures that the data security and personal data laws ask for."
    " The buyer does not identify persons again; incidents are told within 24 hours.",
)
_ACCEPTANCE = _clause(
    "acceptance",
    "验收",
    "Acceptance",
    "按交付、验收、付款的次序履行。乙方在验收期内可提出异议；逾期未提出视为验收合格。使用不视为合格。",
    "Duties come in the order delivery, acceptance, payment. The buyer may object"
    " within the time to accept; silence accepts. Use is not acceptance.",
)
_PAYMENT = _clause(
    "payment",
    "费用与支付",
    "Price and payment",
    "价款及各阶段比例见合同要素表。乙方签署时价款由交易所冻结，全部签署后转入托管，各阶段验收后划付，末阶段承担尾差。",
    "The price and its stages are those of the table of facts. The money is held with"
    " the buyer's signature, waits in escrow once all have signed, and is paid stage"
    " by stage on acceptance; the last stage takes the remainder.",
)
_CONFIDENCE = _clause(
    "confidence",
    "保密",
    "Confidentiality",
    "双方对履行中知悉的对方商业秘密保密，合同终止后三年内继续有效。",
    "Both keep the other's business secrets, for three years beyond the contract.",
)
_BREACH = _clause(
    "breach",
    "违约责任",
    "Breach",
    "未按期交付的阶段价款退还乙方；超出约定用途使用的，甲方可中止使用权并请求赔偿。",
    "A stage not delivered in time is paid back. Use outside the purpose lets the"
    " vendor suspend the right and claim damages.",
)
_CHANGE = _clause(
    "change",
    "变更与解除",
    "Change and cancellation",
    "变更须另行签署。经双方同意可解除，托管中尚未验收的价款退还乙方，已验收的不退。",
    "Changes are signed anew. Both may agree to end it: what waits in escrow goes"
    " back to the buyer; what was accepted stays paid.",
)
_DISPUTES = _clause(
    "disputes",
    "争议解决",
    "Disputes",
    "先向交易所申请调解，资金在此期间不动；调解不成的，向甲方住所地有管辖权的人民法院起诉。",
    "The exchange mediates first and the money stands still meanwhile; failing that,"
    " the courts at the vendor's seat decide.",
)
_TAIL = (_ACCEPTANCE, _PAYMENT, _CONFIDENCE, _BREACH, _CHANGE, _DISPUTES)

MODELS: Mapping[str, Model] = {
    "provision": Model(
        Name("数据提供合同", "Data provision contract"),
        Name(
            "把现成的数据产品交给需方使用",
            "A data product as it is, for use",
        ),
        (
            _clause(
                "subject",
                "标的描述",
                "Subject",
                "甲方提供要素表所列数据产品及其发布版本，内容、规模与来源以产品说明书为准，甲方承诺来源合法。",
                "The vendor provides the product and release named in the table; its"
                " content, scale and source are those of its specification sheet. The"
                " vendor warrants a lawful source.",
            ),
            _RIGHTS,
            _SECURITY,
            _clause(
                "delivery",
                "交付",
                "Delivery",
                "通过交易所交付，以可下载或可调用并与发布版本哈希一致为完成。",
                "Delivered through the exchange; complete once it can be downloaded"
                " or called and its hash is that of the release.",
            ),
            *_TAIL,
        ),
    ),
    "processing": Model(
        Name("数据委托处理服务合同", "Data processing service contract"),
        Name(
            "供方按需方指示处理数据",
            "The vendor processes data as the buyer says",
        ),
        (
            _clause(
                "subject",
                "委托事项",
                "What is to be done",
                "甲方按乙方书面指示处理数据，处理目的、方式、范围与期限以本合同为限。",
                "The vendor processes data on the buyer's written instructions,"
                " within the purpose, means, scope and term of this contract.",
            ),
            _clause(
                "source",
                "数据来源与返还",
                "Source and return",
                "乙方保证所提供数据来源合法；完成后甲方返还或删除，并不留副本。",
                "The buyer warrants the source of what it provides; the vendor"
                " returns or deletes it afterwards and keeps no copy.",
            ),
            _clause(
                "others",
                "转委托",
                "Sub-processing",
                "未经乙方书面同意，甲方不得转委托。",
                "No sub-processing without the buyer's written consent.",
            ),
            _clause(
                "results",
                "成果归属",
                "Results",
                "处理成果归乙方；甲方保留其通用工具与方法。",
                "Results are the buyer's; the vendor keeps its tools and methods.",
            ),
            _SECURITY,
            *_TAIL,
        ),
    ),
    "fusion": Model(
        Name("数据融合开发合同", "Data fusion development contract"),
        Name(
            "双方数据合在一起开发新产品",
            "Both bring data and develop a product",
        ),
        (
            _clause(
                "subject",
                "投入与目标",
                "Contributions and aim",
                "双方投入的数据、人力与目标成果见附件；各自保证投入来源合法。",
                "What each brings and the result aimed at are in the annex; each"
                " warrants the source of what it brings.",
            ),
            _clause(
                "environment",
                "开发环境",
                "Environment",
                "在约定环境中开发，原始数据不出环境，操作留痕。",
                "Development is in the agreed environment; raw data does not leave it"
                " and every step is logged.",
            ),
            _clause(
                "results",
                "成果权属与收益",
                "Results and revenue",
                "成果由双方按投入共享，收益按约定比例分配。",
                "Results are shared by contribution, revenue by the agreed parts.",
            ),
            _RIGHTS,
            _SECURITY,
            *_TAIL,
        ),
    ),
    "intermediary": Model(
        Name("数据中介服务合同", "Data intermediary service contract"),
        Name(
            "供方为交易提供撮合、经纪等服务",
            "Brokerage and other help with a deal",
        ),
        (
            _clause(
                "subject",
                "中介服务内容",
                "The service",
                "甲方提供供需对接、磋商与履约协助服务，服务内容与标准见要素表。",
                "The vendor brings the sides together and helps them agree and"
                " perform, as the table of facts says.",
            ),
            _clause(
                "source",
                "来源核验与身份核验",
                "Checks of source and identity",
                "甲方要求数据提供方说明来源，核验交易双方身份。",
                "The vendor asks providers to state their source and verifies both"
                " identities.",
            ),
            _clause(
                "trace",
                "留痕",
                "Records",
                "甲方留存审核与交易记录不少于三年。",
                "The vendor keeps the records of checks and deals for at least three"
                " years.",
            ),
            _SECURITY,
            *_TAIL,
        ),
    ),
    "existing": Model(
        Name("已有合同", "Existing contract"),
        Name(
            "已在线下签署，上传原件并由双方确认",
            "Signed on paper already: upload it, and both sides confirm",
        ),
        (
            _clause(
                "summary",
                "要点",
                "Main points",
                "以所附原件为准；本页要素与原件一致。",
                "The attached original governs; the facts here agree with it.",
            ),
        ),
    ),
}
EXISTING = "existing"
