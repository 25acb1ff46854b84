-- indicator: S9
-- title_zh: 跨境成交
-- title_en: Cross-border trades
-- definition_zh: 买卖双方分属不同法域的成交额与笔数；香港、澳门、台湾与境内分别计为法域，地区不明者不计。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: Turnover and number of trades whose buyer and vendor are in different jurisdictions; Hong Kong, Macao and Taiwan count apart from the mainland, unknown regions do not count. Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 币种的最小单位（分）；笔
-- unit_en: minor units of the currency; trades
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region buyer_region data_region model origin licence supply unit
-- cells: border
-- measures: turnover trades
-- disclosure: parties
SELECT
    substr(month, 1, $width) AS period
    , class -- by
    , border
    , currency
    , cast(sum(value) AS BIGINT) AS turnover
    , count(*) AS trades
FROM trades
WHERE month >= $from_month AND month <= $until_month
    AND border = 'cross'
GROUP BY ALL
ORDER BY ALL
