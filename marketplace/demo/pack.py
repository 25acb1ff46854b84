"""The licence of the demo's call packs and seats, which may be passed on."""

from listings.licences import Licence, Terms

PACK = Licence(
    "pack",
    "1.0",
    None,
    "可转让调用包与席位许可",
    "Transferable call packs and seats",
    "一、授权。供方授予需方非独占的使用权，以包或席位为单位，期限与次数以交易合同所载为准。\n"
    "二、允许的使用。在需方组织内部查询、分析和支持决策，或接入需方自身的业务系统。\n"
    "三、转让。未终止的包与席位可以通过交易所整体转让给其他会员；转让完成后，转让方就"
    "所转让部分的使用权即告终止，剩余期限随之转移。\n"
    "四、限制。不得向组织外部提供原始返回结果，不得绕过次数与席位的限制。\n"
    "五、合规。需方应遵守个人信息保护、数据安全与知识产权方面的法律法规，"
    "不得尝试重新识别个人或企业秘密。\n"
    "六、期满与保证。使用权终止后应停止调用，已有的分析结论可以保留；服务按提供时的状态"
    "提供，对特定用途的适用性不作保证。",
    "1. Grant. The vendor grants the buyer a non-exclusive right of use in packs or"
    " seats; term and number of calls are those of the contract of the trade.\n"
    "2. Permitted use. Query, analysis and decisions inside the buyer's organisation,"
    " or integration into its own systems.\n"
    "3. Transfer. Packs and seats in force may be passed on whole to other members"
    " through the exchange; with that the right of the member who passes them on ends"
    " to the same extent, and what is left of the term goes with them.\n"
    "4. Limits. Answers are not given to others as they are, and the numbers of calls"
    " and seats are not circumvented.\n"
    "5. Compliance. The buyer observes the law on personal information, data security"
    " and intellectual property and does not try to identify persons or to uncover"
    " business secrets.\n"
    "6. End and warranty. When the right has ended calls stop, findings may be kept."
    " The service is provided as it is, without warranty of fitness for a particular"
    " purpose.",
    "",
    Terms(
        ("access", "analysis"),
        (
            *("internal_analysis", "product_development", "academic_research"),
            *("public_service", "evaluation"),
        ),
        transfer=True,
    ),
)
