"""The codes that listings are classified by, with their names in both languages."""

from functools import cache
from typing import NamedTuple

from babel import Locale


class Name(NamedTuple):
    """What a code is called."""

    zh: str
    en: str


CLASSES = {
    "dataset": Name("数据集", "Dataset"),
    "service": Name("数据服务", "Data service"),
    "application": Name("数据应用", "Data application"),
}

# The sectors of the “数据要素×” three-year action plan (2024–2026), National Data
# Administration and 16 other bodies, 31 December 2023.
SECTORS = {
    "industrial-manufacturing": Name("工业制造", "Industrial manufacturing"),
    "modern-agriculture": Name("现代农业", "Modern agriculture"),
    "commerce-circulation": Name("商贸流通", "Commerce and trade circulation"),
    "transportation": Name("交通运输", "Transportation"),
    "financial-services": Name("金融服务", "Financial services"),
    "sci-tech-innovation": Name("科技创新", "Science and technology"),
    "culture-tourism": Name("文化旅游", "Culture and tourism"),
    "healthcare": Name("医疗健康", "Healthcare"),
    "emergency-management": Name("应急管理", "Emergency management"),
    "meteorological-services": Name("气象服务", "Meteorological services"),
    "urban-governance": Name("城市治理", "Urban governance"),
    "green-low-carbon": Name("绿色低碳", "Green and low-carbon"),
}

# GB/T 4754—2017, the sections: 国民经济行业分类; English as the National Bureau of
# Statistics writes them.
INDUSTRIES = {
    "A": Name(
        "农、林、牧、渔业", "Agriculture, forestry, animal husbandry and fishery"
    ),
    "B": Name("采矿业", "Mining"),
    "C": Name("制造业", "Manufacturing"),
    "D": Name("电力、热力、燃气及水生产和供应业", "Electricity, heat, gas and water"),
    "E": Name("建筑业", "Construction"),
    "F": Name("批发和零售业", "Wholesale and retail trade"),
    "G": Name("交通运输、仓储和邮政业", "Transport, storage and post"),
    "H": Name("住宿和餐饮业", "Accommodation and catering"),
    "I": Name(
        "信息传输、软件和信息技术服务业",
        "Information transmission, software and IT services",
    ),
    "J": Name("金融业", "Finance"),
    "K": Name("房地产业", "Real estate"),
    "L": Name("租赁和商务服务业", "Leasing and business services"),
    "M": Name("科学研究和技术服务业", "Scientific research and technical services"),
    "N": Name("水利、环境和公共设施管理业", "Water, environment and public facilities"),
    "O": Name(
        "居民服务、修理和其他服务业", "Resident services, repair and other services"
    ),
    "P": Name("教育", "Education"),
    "Q": Name("卫生和社会工作", "Health and social work"),
    "R": Name("文化、体育和娱乐业", "Culture, sports and entertainment"),
    "S": Name(
        "公共管理、社会保障和社会组织",
        "Public administration, social security and social organizations",
    ),
    "T": Name("国际组织", "International organizations"),
}

# GB/T 2260, the first two digits: province-level divisions.
PROVINCES = {
    "11": Name("北京", "Beijing"),
    "12": Name("天津", "Tianjin"),
    "13": Name("河北", "Hebei"),
    "14": Name("山西", "Shanxi"),
    "15": Name("内蒙古", "Inner Mongolia"),
    "21": Name("辽宁", "Liaoning"),
    "22": Name("吉林", "Jilin"),
    "23": Name("黑龙江", "Heilongjiang"),
    "31": Name("上海", "Shanghai"),
    "32": Name("江苏", "Jiangsu"),
    "33": Name("浙江", "Zhejiang"),
    "34": Name("安徽", "Anhui"),
    "35": Name("福建", "Fujian"),
    "36": Name("江西", "Jiangxi"),
    "37": Name("山东", "Shandong"),
    "41": Name("河南", "Henan"),
    "42": Name("湖北", "Hubei"),
    "43": Name("湖南", "Hunan"),
    "44": Name("广东", "Guangdong"),
    "45": Name("广西", "Guangxi"),
    "46": Name("海南", "Hainan"),
    "50": Name("重庆", "Chongqing"),
    "51": Name("四川", "Sichuan"),
    "52": Name("贵州", "Guizhou"),
    "53": Name("云南", "Yunnan"),
    "54": Name("西藏", "Tibet (Xizang)"),
    "61": Name("陕西", "Shaanxi"),
    "62": Name("甘肃", "Gansu"),
    "63": Name("青海", "Qinghai"),
    "64": Name("宁夏", "Ningxia"),
    "65": Name("新疆", "Xinjiang"),
    "71": Name("台湾", "Taiwan"),
    "81": Name("香港", "Hong Kong"),
    "82": Name("澳门", "Macao"),
}
WORLD = "world"
CHINA = "CN"
# ISO 3166-1 codes that GB/T 2260 has as divisions; a region has one code only.
IN_CHINA = {"TW": "71", "HK": "81", "MO": "82"}

UPDATES = {
    "realtime": Name("实时", "Real time"),
    "hourly": Name("每小时", "Hourly"),
    "daily": Name("每日", "Daily"),
    "weekly": Name("每周", "Weekly"),
    "monthly": Name("每月", "Monthly"),
    "quarterly": Name("每季度", "Quarterly"),
    "yearly": Name("每年", "Yearly"),
    "irregular": Name("不定期", "Irregular"),
    "never": Name("不再更新", "Not updated"),
}

# How an instrument is charged for; the price itself stands in the order book.
MODES = {
    "whole": Name("按件", "Whole product"),
    "per_record": Name("按条", "Per record"),
    "per_call": Name("按次", "Per call"),
    "per_hit": Name("查得计费", "Per hit"),
    "per_term": Name("按期", "Per term"),
    "seat": Name("按席位", "Per seat"),
    "trial": Name("免费试用", "Free trial"),
    "free": Name("免费", "Free"),
    "ask": Name("询价", "Ask for a quote"),
}


@cache
def regions() -> dict[str, Name]:
    """Return every region code: the world, China, its divisions, other countries."""
    zh, en = (Locale.parse(tag).territories for tag in ("zh_Hans", "en"))
    countries = {
        code: Name(zh[code], en[code])
        for code in sorted(en)
        if len(code) == 2 and code.isalpha() and code in zh and code not in IN_CHINA
    }
    for unassigned in ("EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"):
        countries.pop(unassigned, None)
    china = {CHINA: Name("全国", "China")}
    return {WORLD: Name("全球", "World")} | china | PROVINCES | (countries | china)


def name(codes: dict[str, Name], code: str | None, language: str) -> str:
    """Return what *code* is called in *language* ("zh", else English)."""
    if code is None or code not in codes:
        return code or ""
    return codes[code].zh if language == "zh" else codes[code].en
