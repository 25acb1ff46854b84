"""Columns recognised by what they are called, in Chinese and English.

Names are compared in simplified characters, in small letters, without signs. The words
are those of the open data portals of China's provinces and cities, of CKAN, DCAT and
schema.org, and of spreadsheets.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from opencc import OpenCC

from listings.formats.table import Table
from listings.products import is_address

CERTAIN, LIKELY = 100, 70  # confidence, in percent
# What a column can be; the last ones are no facts but say how it is sold.
SYNONYMS: dict[str, str] = {
    "id": (
        "id identifier slug code product_id dataset_id uuid 编号 编码 产品编号"
        " 数据编号 目录编号 资源编号 标识 标识符 登记编号 资源代码 目录代码"
    ),
    "title_zh": "title_zh name_zh 中文名 中文名称 中文标题",
    "title_en": "title_en name_en 英文名 英文名称 英文标题",
    "title": (
        "title name dataset_name product_name resource_name subject_base_name"
        " 名称 标题 题名 产品名称 产品名 数据产品名称 数据集名称 数据名称"
        " 目录名称 资源名称 资源标题 信息资源名称 资源信息名称 数据目录名称"
    ),
    "summary": (
        "summary abstract 摘要 摘要信息 数据摘要 目录摘要 资源摘要 简介"
        " 产品简介 内容简介"
    ),
    "summary_zh": "summary_zh 中文摘要",
    "summary_en": "summary_en 英文摘要",
    "description_zh": "description_zh 中文描述 中文说明",
    "description_en": "description_en 英文描述 英文说明",
    "description": (
        "description notes desc remark details table_remark 描述 说明 介绍"
        " 产品描述 产品介绍 资源描述 数据描述 摘要描述"
    ),
    "keywords": (
        "keywords keyword tags tag label 关键词 关键字 标签 数据标签 资源标签 主题标签"
    ),
    "kind": "kind class product_type 产品类型 产品类别 产品形态 数据产品类型",
    "sector": (
        "sector industry domain domains theme category industry_field"
        " industry_category 行业 行业分类 行业名称 行业类型 数据行业 所属行业"
        " 应用行业 国家主题分类 领域 数据领域 所属领域 重点领域 领域分类"
        " 领域名称 专题 主题 主题分类 主题名称 主题领域 所属主题 数据主题"
        " 服务分类 资源分类"
    ),
    "region": (
        "region country area spatial geographic_scope 地区 区域 地域 省份 省"
        " 国家 覆盖地区 所在地区 行政区划 空间范围"
    ),
    "updates": (
        "updates frequency update_frequency accrual_periodicity"
        " data_update_period update_cycle 更新周期 更新频率 更新频度 更新时限"
        " 资源更新频率 数据更新频率"
    ),
    "publisher": (
        "publisher department author author_name organization org_name"
        " managed_by data_source provider 提供方 数据提供方 数据提供单位"
        " 提供单位 提供机构"
        " 提供部门 来源部门 数源单位 发布者 发布机构 发布部门 发布单位"
        " 资源提供方 资源提供单位 信息资源提供方 信息资源提供方名称"
        " 数据提供方单位 资源提供单位信息 资源所有权单位 资源来源 部门名称"
        " 所属部门 所属单位 数据来源 供方 单位名称"
    ),
    "publisher_url": ("publisher_url author_url website homepage 官网 网站 机构网址"),
    "source_url": (
        "source_url url link landing_page data_url documentation 链接 网址 地址"
        " 详情页网址 数据地址 下载地址 来源网址 访问地址"
    ),
    "coverage_from": (
        "coverage_from start_date temporal_start 开始时间 开始日期 起始时间"
        " 起始日期 数据起始时间"
    ),
    "coverage_until": (
        "coverage_until end_date temporal_end 结束时间 结束日期 截止时间"
        " 截止日期 终止日期 数据截止时间"
    ),
    "row_count": (
        "row_count rows records 行数 记录数 条数 数据条数 资源记录数 data_num_sum"
    ),
    "size_bytes": "size_bytes bytes byte_size 字节数",
    "rights_note": (
        "rights_note rights 权利说明 权属说明 数据权属 权利来源 使用限制 开放条件"
    ),
    "granularity": (
        "granularity temporal_resolution spatial_resolution 粒度 数据粒度 时间粒度"
        " 空间粒度 统计粒度"
    ),
    "documentation_url": (
        "documentation_url docs_url manual 文档地址 技术文档 文档链接 使用文档 接口文档"
    ),
    "support": (
        "support contact contact_point contact_name contact_email maintainer"
        " maintainer_email 联系方式 联系人 联系电话 技术支持 服务支持 支持方式"
    ),
    "licence": (
        "licence license license_id license_title licenses 许可 许可证 许可协议"
        " 授权协议 使用许可 授权方式"
    ),
    "price": (
        "price amount 价格 价钱 单价 售价 报价 定价 费用 挂牌价 挂牌价格"
        " 产品价格 价格(元)"
    ),
    "currency": "currency 币种 币别 货币 货币单位",
    "unit": (
        "unit price_unit billing_unit 单位 计费方式 计费单位 计价方式 计价单位"
        " 收费方式 价格单位"
    ),
}
_SIGNS = re.compile(r"[\s_\-./:：()（）【】\[\]*#]+")
_MARKS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Guess(NamedTuple):
    """What a column is taken for, and how sure that is in percent."""

    column: str
    field: str  # empty: none; it is kept beside the facts
    confidence: int


@cache
def _simplified() -> Callable[[str], str]:
    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


def normal(name: str) -> str:
    """Return a column's name as names are compared."""
    words = _SIGNS.sub(" ", _MARKS.sub(" ", name)).strip().lower()
    return _simplified()(words).replace(" ", "")


@cache
def _by_name() -> dict[str, str]:
    return {
        normal(word): field for field, line in SYNONYMS.items() for word in line.split()
    }


def guesses(table: Table) -> list[Guess]:
    """Return what each column is; no field twice, the surer column has it."""
    made = [_guess(column, table) for column in table.columns]
    best: dict[str, Guess] = {}
    for guess in sorted(made, key=lambda guess: -guess.confidence):
        best.setdefault(guess.field, guess)
    return [
        guess
        if not guess.field or best[guess.field] is guess
        else Guess(guess.column, "", 0)
        for guess in made
    ]


def _guess(column: str, table: Table) -> Guess:
    name = normal(column)
    field = _by_name().get(name)
    confidence = CERTAIN
    if field is None:
        parts = [
            (len(known), field_of)
            for known, field_of in _by_name().items()
            if len(known) >= 2 and known in name and len(known) * 2 >= len(name)
        ]
        _, field = max(parts, default=(0, ""))
        confidence = LIKELY
    if field and not _fits(field, table.samples(column, 20)):
        return Guess(column, "", 0)
    return Guess(column, field, confidence if field else 0)


def _fits(field: str, values: list[str]) -> bool:
    """Tell whether values can be of a field: addresses, numbers, days."""
    if field in {"source_url", "publisher_url", "documentation_url"}:
        return any(value and is_address(value) for value in values) or not values
    if field in {"row_count", "size_bytes"}:
        return any(value.replace(",", "").isdigit() for value in values) or not values
    return True
