-- indicator: S6
-- title_zh: 成交笔数与客单价
-- title_en: Trades and their mean value
-- definition_zh: 期间内成交笔数，以及成交额除以笔数。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: The number of trades of the period, and turnover divided by it. Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 笔；币种的最小单位（分）
-- unit_en: trades; minor units of the currency
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region buyer_region data_region model origin licence supply unit border day
-- measures: trades mean median
-- disclosure: parties
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , currency
    , count(*) AS trades
    , round(cast(sum(value) AS DOUBLE) / count(*), 6) AS mean
    , round(cast(median(value) AS DOUBLE), 6) AS median
FROM trades
WHERE month >= $from_month AND month <= $until_month
GROUP BY ALL
ORDER BY ALL
