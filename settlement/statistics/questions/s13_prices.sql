-- indicator: S13
-- title_zh: 价格
-- title_en: Prices
-- definition_zh: 期间内各类别、各计价单位的均价、中位价、成交量加权价与协议成交占比；不同计价单位和期限绝不合并平均。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: Mean, median and volume-weighted price of the period, and the share of trades that were negotiated, for each unit and term; prices of different units are never averaged. Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 每计价单位的最小货币单位（分）；占 1 的比例
-- unit_en: minor units per unit; share of 1
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region buyer_region data_region model origin licence supply border
-- cells: unit term_days
-- measures: mean median weighted negotiated_share
-- disclosure: prices
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , unit
    , term_days
    , currency
    , round(cast(sum(price) AS DOUBLE) / count(*), 6) AS mean
    , round(cast(median(price) AS DOUBLE), 6) AS median
    , round(cast(sum(value) AS DOUBLE) / sum(quantity), 6) AS weighted
    , round(cast(count(*) FILTER (WHERE origin = 'negotiated') AS DOUBLE) / count(*), 6) AS negotiated_share
FROM trades
WHERE month >= $from_month AND month <= $until_month
GROUP BY ALL
ORDER BY ALL
