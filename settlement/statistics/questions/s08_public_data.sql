-- indicator: S8
-- title_zh: 公共数据成交额与免费使用
-- title_en: Public data: turnover and free uses
-- definition_zh: 期间内授权运营的公共数据产品的成交额（产业用途）与免费取得的次数（公共治理、公益）。参与方不足三家或一家占比超过 75% 的单元格不予披露。
-- definition_en: Turnover of products of public data under authorised operation (industry), and how often they were had for nothing (public governance and welfare). Cells with fewer than three parties, or one above 75 %, are withheld.
-- unit_zh: 币种的最小单位（分）；笔
-- unit_en: minor units of the currency; trades
-- source: trades
-- parameters: from_month=0000-01 until_month=9999-12 width=7
-- dimensions: class sector industry vendor_region buyer_region data_region model origin licence unit border
-- cells: supply
-- measures: turnover free_uses
-- disclosure: parties
SELECT
    substr(month, 1, $width) AS period
    , sector -- by
    , supply
    , currency
    , cast(sum(value) AS BIGINT) AS turnover
    , count(*) FILTER (WHERE value = 0) AS free_uses
FROM trades
WHERE month >= $from_month AND month <= $until_month
    AND supply = 'public'
GROUP BY ALL
ORDER BY ALL
